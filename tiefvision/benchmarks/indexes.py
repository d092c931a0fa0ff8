"""Indexes side by side, on the same vectors and in the same run.

Each index is built once. Its least search effort that reaches a recall is found by
measuring it, so that all are timed at the same recall; then they search in turns, and
the best of several rounds counts, the one least disturbed by other load.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiefvision.benchmarks.index_contenders import CONTENDERS, EXACT
from tiefvision.benchmarks.index_contest import Built, Contestant, Entry, Found
from tiefvision.benchmarks.index_vectors import DECAY, clustered_vectors
from tiefvision.index.hnsw import HnswSettings
from tiefvision.index.neighbours import (
    Neighbours,
    recall_of_neighbours,
    search_exactly,
)
from tiefvision.index.tuning import NEAREST, least_effort

OURS = "nmslib"
"""What the names of our own graphs begin with."""

MEGA = 1e6

BUILDING = ("index", "build s", "CPU s", "file MB", "peak MB")
SEARCHING = ("index", "effort", "recall@10", "queries/s", "of best peer", "per CPU s")


@dataclass(frozen=True)
class Task:
    """What is measured.

    Attributes:
        rows: number of vectors.
        dimensions: length of a vector.
        queries: number of queries.
        seed: seed of the vectors.
        decay: power by which the spread of the vectors falls.
        recalls: recalls at which the indexes are timed.
        rounds: number of times that each one searches.
        settings: parameters of all graphs.
    """

    rows: int = 100_000
    dimensions: int = 256
    queries: int = 2000
    seed: int = 0
    decay: float = DECAY
    recalls: tuple[float, ...] = (0.99, 0.999)
    rounds: int = 5
    settings: HnswSettings = field(default_factory=HnswSettings)


@dataclass(frozen=True)
class IndexRow:
    """What was measured of an index at a recall.

    Attributes:
        index: name of the index.
        threads: number of threads.
        target: recall at which it was to be timed.
        effort: least search effort that reaches it; None for exact search.
        recall: recall reached, of the ten nearest.
        seconds: best time of a search for all queries.
        queries: number of queries.
        cpu: least CPU time of such a search, of all threads, in seconds.
        built: what building took.
    """

    index: str
    threads: int
    target: float
    effort: int | None
    recall: float
    seconds: float
    queries: int
    cpu: float
    built: Built

    @property
    def rate(self) -> float:
        """Queries a second."""
        return self.queries / self.seconds

    def to_dict(self) -> dict[str, Any]:
        """The attributes and the rate as a dictionary for JSON."""
        return {**asdict(self), "queries_a_second": self.rate}


def entries(packages: Path | None = None) -> list[Entry]:
    """The indexes that are compared.

    Args:
        packages: folder with another NMSLIB, which takes part as well.
    """
    own = [Entry(name, name) for name in CONTENDERS]
    if packages is None:
        return own
    other = [
        Entry(f"{name}, source", name, packages.resolve())
        for name in CONTENDERS
        if name.startswith(OURS)
    ]
    return [*own[: len(other)], *other, *own[len(other) :]]


def compare_indexes(
    task: Task, compared: Sequence[Entry], threads: int, note: Callable[[str], None]
) -> list[IndexRow]:
    """Build and time indexes.

    Args:
        task: what is measured.
        compared: the indexes.
        threads: number of threads.
        note: tells what is going on, a sentence each.

    Returns:
        For each recall of the task a row for each index whose library is there.
    """
    vectors, queries = clustered_vectors(
        task.rows, task.dimensions, task.queries, task.seed, task.decay
    )
    exact = search_exactly(queries, vectors, NEAREST)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        files = folder / "vectors.npy", folder / "queries.npy"
        np.save(files[0], vectors)
        np.save(files[1], queries)
        built: dict[Contestant, Built] = {}
        for entry in compared:
            contestant = Contestant(entry, *files, task.settings, threads)
            stack.enter_context(closing(contestant))
            try:
                built[contestant] = contestant.build()
            except ImportError:
                note(f"{entry.name} is left out: pip install 'tiefvision[bench]'")
                continue
            note(f"{entry.name} is built, {built[contestant].seconds:.1f} s")
        rows: list[IndexRow] = []
        for target in task.recalls:
            note(f"searching at recall {target:g}")
            rows += _timed(task, built, threads, target, (queries, vectors, exact))
        return rows


def _timed(
    task: Task,
    built: Mapping[Contestant, Built],
    threads: int,
    target: float,
    truth: tuple[NDArray[np.float32], NDArray[np.float32], Neighbours],
) -> list[IndexRow]:
    """A row for each index, timed in turns at a recall."""
    efforts = {one: _effort(one, target, truth) for one in built}
    found: dict[Contestant, list[Found]] = {one: [] for one in built}
    for _ in range(task.rounds):
        for one, effort in efforts.items():
            found[one].append(one.search(NEAREST, effort))
    return [
        IndexRow(
            one.entry.name,
            threads,
            target,
            None if one.entry.kind == EXACT else efforts[one],
            _recall(searches[0], truth),
            min(search.seconds for search in searches),
            task.queries,
            min(search.cpu for search in searches),
            built[one],
        )
        for one, searches in found.items()
    ]


def _effort(
    one: Contestant,
    target: float,
    truth: tuple[NDArray[np.float32], NDArray[np.float32], Neighbours],
) -> int:
    """The least search effort of an index that reaches a recall."""
    if one.entry.kind == EXACT:
        return NEAREST
    recall_at = cache(lambda effort: _recall(one.search(NEAREST, effort), truth))
    return least_effort(recall_at, target, max(NEAREST, len(truth[1])))


def _recall(
    found: Found, truth: tuple[NDArray[np.float32], NDArray[np.float32], Neighbours]
) -> float:
    queries, vectors, exact = truth
    similarities = np.matmul(vectors[found.rows], queries[:, :, None])[:, :, 0]
    return recall_of_neighbours(Neighbours(found.rows, similarities), exact)


def building_table(rows: Sequence[IndexRow]) -> list[tuple[str, ...]]:
    """What building took, a line for each index, in the columns of ``BUILDING``."""
    built = {row.index: row.built for row in rows}
    return [
        (
            name,
            f"{one.seconds:.1f}",
            f"{one.cpu:.1f}",
            f"{one.size / MEGA:.0f}",
            f"{one.peak / MEGA:.0f}",
        )
        for name, one in built.items()
    ]


def searching_table(rows: Sequence[IndexRow]) -> list[tuple[str, ...]]:
    """Searches at one recall, a line for each index, in the columns of ``SEARCHING``.

    The rate of an index is compared with that of the fastest library that is not ours.
    """
    peers = [row.rate for row in rows if _is_peer(row)]
    best = max(peers, default=None)
    return [
        (
            row.index,
            "" if row.effort is None else str(row.effort),
            f"{row.recall:.4f}",
            f"{row.rate:,.0f}",
            "" if best is None else f"{row.rate / best:.2f} x",
            f"{row.queries / row.cpu:,.0f}" if row.cpu else "",
        )
        for row in rows
    ]


def _is_peer(row: IndexRow) -> bool:
    return row.index != EXACT and not row.index.startswith(OURS)


def by_recall(rows: Sequence[IndexRow]) -> Iterator[tuple[float, list[IndexRow]]]:
    """The recalls of some rows, and the rows of each, in their order."""
    for target in dict.fromkeys(row.target for row in rows):
        yield target, [row for row in rows if row.target == target]
