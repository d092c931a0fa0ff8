"""Searching a catalogue while it changes: latency, recall, memory and disk.

Rows are vectors alone, without photographs, so that what is measured is the catalogue
and not the encoding. A process of its own changes the catalogue at a given rate, each
change in a transaction of its own; merges run in processes that it starts. This process
searches, as a server would.
"""

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tiefvision.benchmarks.index_vectors import clustered_vectors
from tiefvision.benchmarks.memory import resident_memory
from tiefvision.catalogue.living.collection import (
    Collection,
    Space,
    current_collection,
    make_current,
    put_collection,
)
from tiefvision.catalogue.living.ledger import Facts, NewPhoto, change_rows
from tiefvision.catalogue.living.merging import merge_all, merge_is_due
from tiefvision.catalogue.living.reading import LiveIndex
from tiefvision.catalogue.living.segment_files import folder_of
from tiefvision.catalogue.living.upkeep import merge_behind
from tiefvision.catalogue.living.vectors import vectors_behind
from tiefvision.index.neighbours import recall_of_neighbours, search_exactly
from tiefvision.records import Crop
from tiefvision.store.table import Table

KEY, RANKER, SPACE = "bench", "vectors", "vectors-0"
"""Names in the table of the benchmark."""

BATCH = 1000
"""Rows of a transaction while the catalogue is filled."""

K = 10
"""Nearest rows of a search, of which the recall is told."""

JUDGED = 20
"""One search in so many is compared with exact search."""

HOUR = 3600.0


@dataclass(frozen=True)
class Task:
    """What is measured.

    Attributes:
        rows: number of rows at the beginning, and about then on.
        dimensions: length of a vector.
        changes_an_hour: rate of changes; 0 for as fast as they go.
        seconds: time of measuring at that rate.
        changes: number of changes after which measuring ends; 0 for no such end.
        pause: seconds between two searches.
        seed: seed of vectors and changes.
    """

    rows: int = 100_000
    dimensions: int = 256
    changes_an_hour: float = 100_000
    seconds: float = 120.0
    changes: int = 0
    pause: float = 0.02
    seed: int = 0


@dataclass(frozen=True)
class Phase:
    """Searches over some time.

    Attributes:
        name: name of the phase.
        searches: number of searches.
        median: median time of a search in milliseconds.
        p95: time within which 95 of 100 searches end, in milliseconds.
        slowest: longest search in milliseconds.
        recall: mean share of the ten nearest rows that were found.
        least_recall: lowest mean recall of ``JUDGED`` searches after each other.
        changes: number of changes meanwhile.
        seconds: duration in seconds.
        memory: memory of the searching process at the end, in MiB.
        table: size of the table in MiB.
        graphs: size of all graphs on the disk in MiB.
    """

    name: str
    searches: int
    median: float
    p95: float
    slowest: float
    recall: float
    least_recall: float
    changes: int
    seconds: float
    memory: float
    table: float
    graphs: float


def measure_changes(task: Task, folder: Path) -> Iterator[Phase]:
    """Fill a catalogue, search it in quiet, then while it changes.

    Args:
        task: what is measured.
        folder: empty folder for the catalogue.

    Yields:
        The phases "quiet", "changing" and "afterwards".
    """
    path = folder / "catalogue.lmdb"
    vectors, queries = clustered_vectors(task.rows, task.dimensions, 2000, task.seed)
    with Table(path, create=True) as table:
        _fill(table, vectors)
        merge_all(table)
        reader = LiveIndex(table, RANKER, KEY)
        yield _search("quiet", reader, table, queries, task, min(task.seconds, 30.0))
        process = multiprocessing.get_context("spawn").Process(
            target=_change, args=(path, task), daemon=True
        )
        process.start()
        _wait_for_change(table)
        yield _search("changing", reader, table, queries, task, task.seconds, process)
        process.terminate()
        process.join()
        _wait_for_merges(table)
        yield _search("afterwards", reader, table, queries, task, 10.0)


def _fill(table: Table, vectors: NDArray[np.float32]) -> None:
    space = Space(SPACE, dimension=vectors.shape[1])
    collection = Collection(KEY, "/", {}, {}, {}, {RANKER: space})
    with table.write() as changes:
        put_collection(changes, collection)
        make_current(changes, collection)
    for start in range(0, len(vectors), BATCH):
        block = vectors[start : start + BATCH]
        photos = [_photo(start + place, vector) for place, vector in enumerate(block)]
        with table.write() as changes:
            collection = change_rows(changes, collection, photos)


def _photo(number: int, vector: NDArray[np.float32]) -> NewPhoto:
    facts = Facts(f"item-{number}")
    file, content = f"/shop/{number}.jpg", f"{number:064x}"
    return NewPhoto(file, content, (1, 1, 1), facts, Crop(None), {SPACE: vector[None]})


def _change(path: Path, task: Task) -> None:
    """Change a catalogue until the process is stopped; every change is a transaction.

    A quarter of the changes removes a photograph, a quarter adds one, and half of them
    give one another vector.
    """
    random = np.random.default_rng(task.seed + 1)
    fresh, _ = clustered_vectors(20_000, task.dimensions, 1, task.seed + 2)
    there = list(range(task.rows))
    following, done, began = task.rows, 0, time.monotonic()
    with Table(path) as table:
        while not task.changes or done < task.changes:
            vector, kind = fresh[done % len(fresh)], done % 4
            place = int(random.integers(len(there)))
            added, removed = [], []
            if kind == 0:
                added, following = [_photo(following, vector)], following + 1
                there.append(following - 1)
            elif kind == 1:
                removed = [f"/shop/{there[place]}.jpg"]
                there[place] = there[-1]
                there.pop()
            else:
                added = [_photo(there[place], vector)]
            with table.write() as changes:
                collection = current_collection(changes)
                assert collection is not None
                change_rows(changes, collection, added, removed)
            done += 1
            merge_behind(table)
            if task.changes_an_hour:
                due = began + done * HOUR / task.changes_an_hour
                time.sleep(max(0.0, due - time.monotonic()))


def _wait_for_change(table: Table) -> None:
    begun = _changes(table)
    while _changes(table) == begun:
        time.sleep(0.05)


def _changes(table: Table) -> int:
    with table.read() as snapshot:
        collection = current_collection(snapshot)
    return collection.changes if collection else 0


def _wait_for_merges(table: Table) -> None:
    """Wait until nothing is due; a merge that runs has the lock."""
    for _ in range(600):
        if not merge_is_due(table):
            return
        time.sleep(0.5)


def _search(
    name: str,
    reader: LiveIndex,
    table: Table,
    queries: NDArray[np.float32],
    task: Task,
    seconds: float,
    writer: multiprocessing.process.BaseProcess | None = None,
) -> Phase:
    times: list[float] = []
    recalls: list[float] = []
    first, began = _changes(table), time.monotonic()
    while time.monotonic() - began < seconds or (writer and task.changes):
        if writer and task.changes and not writer.is_alive():
            break
        query = queries[len(times) % len(queries)][None]
        start = time.perf_counter()
        reader.refresh()
        found = reader.segments.search(query, K, None)
        for number in found.rows[0].tolist():
            reader.rows.row(number)
        times.append(1000 * (time.perf_counter() - start))
        if len(times) % JUDGED == 0:
            recalls.append(_recall(reader, table, query, task.dimensions))
        time.sleep(task.pause)
    groups = [np.mean(part) for part in _groups(recalls)]
    return Phase(
        name,
        len(times),
        float(np.median(times)),
        float(np.percentile(times, 95)),
        max(times),
        float(np.mean(recalls)) if recalls else 1.0,
        float(min(groups, default=1.0)),
        _changes(table) - first,
        time.monotonic() - began,
        resident_memory() / 2**20,
        table.size / 2**20,
        sum(path.stat().st_size for path in folder_of(table.path).glob("*")) / 2**20,
    )


def _groups(values: Sequence[float]) -> Iterator[Sequence[float]]:
    for start in range(0, len(values), JUDGED):
        yield values[start : start + JUDGED]


def _recall(
    reader: LiveIndex, table: Table, query: NDArray[np.float32], dimensions: int
) -> float:
    """Recall of a search against every row that is there at the same moment."""
    reader.refresh()
    found = reader.segments.search(query, K, None)
    with table.read() as snapshot:
        numbers, vectors = vectors_behind(snapshot, KEY, SPACE, -1, dimensions)
    exact = search_exactly(query, vectors, K)
    known = type(exact)(numbers[exact.rows], exact.similarities)
    return recall_of_neighbours(found, known)
