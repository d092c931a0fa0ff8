"""How good an index is, and the search effort that a recall needs, by measurement.

The queries of a measurement must not be rows of the graph. A row finds its neighbours
by its own links: at an effort of 40 the recall of rows was 0.98 where that of new
vectors was 0.96 (docs/experiments/0014-index.md). Rows that were held out when the
graph was built lose nothing by it if they are searched exactly, beside the graph.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from tiefvision.index.hnsw import MOST_EFFORT
from tiefvision.index.neighbours import (
    Neighbours,
    recall_of_neighbours,
    search_exactly,
)
from tiefvision.index.reranking import Searchable

MARGIN = 0.3
"""Share of the allowed misses at which an effort is chosen, so that other queries than
those of the sample, and rows that come later, do not fall below the target."""

TARGET = 0.99
"""Recall that an index is tuned for: of a hundred nearest rows, one is missed."""

NEAREST = 10
"""Number of nearest rows of which the recall is told."""

SAMPLE = 500
"""Queries of a measurement. A recall of 0.99 is then known to 0.002, where the misses
of a query are independent; twice that, where one query misses several."""

TIMED = 50
"""Queries of a measurement that are timed one by one."""


EXACT_UP_TO = 2_000_000
"""Numbers in a table, rows times dimensions, up to which exact search is the better
index. A query of 8,000 rows of 256 then takes about a millisecond, a hundredth of what
its photograph takes; many queries at once take as long as in a graph tuned to a recall
of 0.99; and nothing is built or missed (docs/experiments/0014-index.md)."""


def exact_is_better(rows: int, dimensions: int) -> bool:
    """Whether so many rows are better searched exactly than in a graph."""
    return rows * dimensions <= EXACT_UP_TO


class Tunable(Protocol):
    """An index with a search effort: ``hnsw.HnswIndex`` or ``folding.FoldedIndex``."""

    @property
    def rows(self) -> int:
        """Number of embeddings in the index."""

    def search(
        self, queries: NDArray[np.float32], k: int, effort: int | None = None
    ) -> Neighbours:
        """Find at most k rows for each query, (Q, D) float32 of unit length."""

    def with_search_effort(self, effort: int) -> Self:
        """The same index with another search effort."""


Index = TypeVar("Index", bound=Tunable)


@dataclass(frozen=True)
class Judged:
    """How good an index is.

    Attributes:
        recall: mean share of the ten nearest rows that it finds, in [0, 1].
        milliseconds: median time of a search for one query, in milliseconds.
        queries: number of queries of the measurement.
    """

    recall: float
    milliseconds: float
    queries: int


def sample_rows(count: int, seed: int, most: int = SAMPLE) -> NDArray[np.int64]:
    """Numbers of rows to hold out for a measurement, ascending, (min(most, count),)."""
    chosen = np.random.default_rng(seed).permutation(count)[:most]
    return np.sort(chosen).astype(np.int64)


def judge(index: Searchable, queries: NDArray[np.float32], exact: Neighbours) -> Judged:
    """Measure an index against exact search.

    Args:
        index: the index.
        queries: embeddings that are no rows of the index, (Q, D) float32.
        exact: the ``NEAREST`` rows of each query, found by exact search.
    """
    found = index.search(queries, NEAREST)
    times = []
    for number in range(min(TIMED, len(queries))):
        begun = time.perf_counter()
        index.search(queries[number : number + 1], NEAREST)
        times.append(time.perf_counter() - begun)
    milliseconds = 1000 * median(times) if times else 0.0
    return Judged(recall_of_neighbours(found, exact), milliseconds, len(queries))


def least_effort(
    recall_at: Callable[[int], float], target: float, most: int = MOST_EFFORT
) -> int:
    """The least search effort, from ``NEAREST`` on, whose recall reaches a target.

    Recall is taken to grow with the effort: this doubles it until the recall is
    reached, and halves the interval then.

    Args:
        recall_at: the recall at an effort, in [0, 1].
        target: recall to reach, in [0, 1].
        most: largest effort that is tried.

    Returns:
        The effort; ``most`` if that does not reach the target either.
    """
    missing, effort = NEAREST - 1, min(NEAREST, most)
    while effort < most and recall_at(effort) < target:
        missing, effort = effort, min(2 * effort, most)
    while effort - missing > 1:
        middle = (missing + effort) // 2
        if recall_at(middle) < target:
            missing = middle
        else:
            effort = middle
    return effort


def tune(
    index: Index,
    queries: NDArray[np.float32],
    embeddings: NDArray[np.float32],
    target: float = TARGET,
) -> tuple[Index, Judged]:
    """Choose the search effort of an index for a recall, and tell what it reaches.

    Args:
        index: index of the rows; what is returned is used in its place.
        queries: embeddings that are no rows of the index, (Q, D) float32.
        embeddings: the rows of the index, (N, D) float32.
        target: share of the ten nearest rows that is to be found, in [0, 1].

    Returns:
        The index with its search effort, and how good it is with it.
    """
    exact = search_exactly(queries, embeddings, NEAREST)

    def recall_at(effort: int) -> float:
        return recall_of_neighbours(index.search(queries, NEAREST, effort), exact)

    most, aim = max(1, index.rows), 1.0 - MARGIN * (1.0 - target)
    tuned = index.with_search_effort(least_effort(recall_at, aim, most))
    return tuned, judge(tuned, queries, exact)
