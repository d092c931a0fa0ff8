"""Pairs of rows in a gallery that are more similar than a limit, found with NMSLIB."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiefvision.index.hnsw import HnswIndex, build_index
from tiefvision.index.neighbours import Neighbours, search_exactly

Rows = NDArray[np.int64]
"""Numbers of gallery rows."""

BLOCK = 256
"""Rows compared exactly with the whole gallery at a time."""

NEIGHBOURS = 10
"""Neighbours searched for each row at first. If all of them are within the row's limit
the search is repeated with twice as many, until one is beyond it."""


@dataclass(frozen=True, order=True)
class ClosePair:
    """Two rows of a gallery whose similarity reaches the limits of both.

    Attributes:
        first: the smaller row number.
        second: the larger row number.
        similarity: cosine in [-1, 1].
    """

    first: int
    second: int
    similarity: float


def close_pairs(
    embeddings: NDArray[np.float32], limits: NDArray[np.float32]
) -> list[ClosePair]:
    """Find all pairs of rows whose cosine reaches the limits of both rows.

    The time grows with N log N. Groups of many equal rows fill each other's links in
    the graph, so that a search may not reach other rows. Such a row does not find
    itself either, and is then compared exactly with the whole gallery.

    Args:
        embeddings: rows of unit length, (N, D) float32.
        limits: for each row, the lowest cosine of a pair with this row, (N,) float32.

    Returns:
        The pairs, sorted by row numbers.
    """
    found: dict[tuple[int, int], float] = {}
    lost = np.ones(len(embeddings), dtype=np.bool_)
    for rows, neighbours in _search(build_index(embeddings), embeddings, limits):
        lost[rows[(neighbours.rows == rows[:, None]).any(axis=1)]] = False
        found |= _pairs(rows, neighbours, limits)
    (left,) = np.nonzero(lost)
    for start in range(0, len(left), BLOCK):
        rows = left[start : start + BLOCK]
        exact = search_exactly(embeddings[rows], embeddings, len(embeddings))
        found |= _pairs(rows, exact, limits)
    return [ClosePair(*rows, found[rows]) for rows in sorted(found)]


def _search(
    index: HnswIndex, embeddings: NDArray[np.float32], limits: NDArray[np.float32]
) -> Iterator[tuple[Rows, Neighbours]]:
    """Yield rows with their neighbours, for more neighbours each time.

    A row is searched again until one of its neighbours is beyond the row's limit.
    """
    asking, k = np.arange(len(embeddings)), NEIGHBOURS
    while len(asking):
        found = index.search(embeddings[asking], k)
        yield asking, found
        if k >= len(embeddings) or not found.rows.shape[1]:
            return
        asking = asking[found.similarities[:, -1] >= limits[asking]]
        k *= 2


def _pairs(
    rows: Rows, found: Neighbours, limits: NDArray[np.float32]
) -> dict[tuple[int, int], float]:
    """Similarities of the found pairs that reach both limits, keyed (smaller, larger).

    Args:
        rows: row numbers that were searched for, (n,).
        found: neighbours of these rows, (n, k).
        limits: limits of all rows of the gallery, (N,).
    """
    least = np.maximum(limits[rows][:, None], limits[found.rows])
    kept = (found.similarities >= least) & (found.rows != rows[:, None])
    one = np.broadcast_to(rows[:, None], found.rows.shape)[kept]
    other = found.rows[kept]
    ends = np.minimum(one, other).tolist(), np.maximum(one, other).tolist()
    similarities = found.similarities[kept].tolist()
    return dict(zip(zip(*ends, strict=True), similarities, strict=True))
