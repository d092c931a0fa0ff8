"""Merging: new rows become a graph, and small graphs a larger one.

A merge reads the table in short transactions, builds the graph, and switches to it in
one transaction; meanwhile rows come and go, and searches go on. One merge runs at a
time. A change that makes one due starts it in a process of its own.
"""

import logging
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from tiefvision.catalogue.living.collection import (
    Collection,
    Space,
    current_collection,
    read_collection,
)
from tiefvision.catalogue.living.segment_files import (
    Manifest,
    SegmentFile,
    delete_numbers,
    folder_of,
    new_rows,
    put_manifest,
    put_numbers,
    read_manifest,
    read_numbers,
    require_room,
    sweep,
    write_segment,
)
from tiefvision.catalogue.living.vectors import Numbers, numbers_of, vectors_of
from tiefvision.errors import StorageFull
from tiefvision.index.hnsw import HnswSettings, build_index
from tiefvision.index.merging import MOST_DEAD, TAIL, SegmentSize, plan_merge
from tiefvision.index.tuning import EXACT_UP_TO, SAMPLE, tune
from tiefvision.store.locking import release_lock, take_lock
from tiefvision.store.table import Snapshot, Table

logger = logging.getLogger(__name__)

OUTCOME = "merging"
"""Key of the record that ``note_merge`` writes."""

HELD_OUT = 10
"""At most one row in so many is held out of a graph, to judge it by."""


# A merge takes its lock a second after its process has started. A program that changes
# a catalogue all the time would start dozens meanwhile.
_started: dict[Path, "subprocess.Popen[bytes]"] = {}


def graph_pays(rows: int, dimension: int) -> bool:
    """Whether a graph answers sooner than comparing every row."""
    return rows * dimension > EXACT_UP_TO


def merge_is_due(table: Table) -> bool:
    """Whether a merge has something to do; it counts the rows that are new alone."""
    with table.read() as snapshot:
        collection = current_collection(snapshot)
        if collection is None:
            return False
        for space in collection.spaces.values():
            manifest = read_manifest(snapshot, collection.key, space.name)
            inside = sum(file.rows for file in manifest.files)
            if not inside and not graph_pays(collection.photos, space.dimension):
                continue
            new = new_rows(snapshot, collection.key, space.name, manifest)
            dead = inside - (collection.photos - new)
            if new >= TAIL or dead > MOST_DEAD * max(inside, TAIL):
                return True
    return False


def start_merging(table: Path) -> bool:
    """Start a merge in a process of its own, which outlives this one.

    Args:
        table: path of the catalogue's table.

    Returns:
        Whether it was started: not while another one runs, nor where the system does
        not let it; the next change tries again.
    """
    before = _started.get(table)
    if (before and before.poll() is None) or is_merging(table):
        return False
    command = [sys.executable, "-m", "tiefvision", "catalogue", "compact", "--if-due"]
    try:
        _started[table] = subprocess.Popen(
            [*command, "--workspace", str(table.parent)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        logger.warning("The merge cannot be started: %s", error)
        return False
    return True


def note_merge(table: Table, outcome: str) -> None:
    """Note what the last merge came to, since nobody watches one in the background."""
    with table.write() as changes:
        changes.put_record(OUTCOME, {"at": time.time(), "outcome": outcome})


def merge_all(table: Table, everything: bool = False) -> int:
    """Merge what is due in the current collection, and delete unused files.

    Args:
        table: the catalogue's table.
        everything: whether each space becomes a single graph, due or not.

    Returns:
        Number of graphs that were built.

    Raises:
        StorageFull: Another process merges, or the disk has too little room.
    """
    built = 0
    with _merging(table.path):
        _sweep(table)
        with table.read() as snapshot:
            collection = current_collection(snapshot)
        for space in collection.spaces.values() if collection else ():
            assert collection is not None
            while _merge(table, collection.key, space, everything):
                built += 1
                if everything:
                    break
        _sweep(table)
    return built


def is_merging(table: Path) -> bool:
    """Whether a process merges at this moment, by the path of the table."""
    try:
        with _merging(table):
            return False
    except StorageFull:
        return True


@contextmanager
def _merging(table: Path) -> Iterator[None]:
    try:
        lock = take_lock(table.with_suffix(".merging"))
    except StorageFull as error:
        raise StorageFull(
            f"Another process is merging the catalogue in {table.parent}.", error.fix
        ) from error
    try:
        yield
    finally:
        release_lock(lock)


def _sweep(table: Table) -> None:
    """Delete the files that no collection refers to."""
    kept: set[str] = set()
    with table.read() as snapshot:
        for _, record in snapshot.records("segments/"):
            kept |= {file["name"] for file in record["files"]}
    sweep(folder_of(table.path), kept)


def _plan(
    snapshot: Snapshot,
    collection: Collection,
    space: Space,
    manifest: Manifest,
    numbers: Numbers,
    everything: bool,
) -> tuple[int, ...] | None:
    """Positions of the graphs to merge with the new rows; None if nothing is due.

    Args:
        snapshot: state of the table.
        collection: collection in that state.
        space: space of the graphs.
        manifest: graphs of the space in that state.
        numbers: numbers of all its rows in that state, ascending.
        everything: whether all graphs are merged, due or not.
    """
    if not manifest.files and not graph_pays(collection.photos, space.dimension):
        return None
    if everything:
        return tuple(range(len(manifest.files)))
    new = int(np.count_nonzero(numbers > manifest.covered))
    sizes = [
        SegmentSize(file.rows, file.rows - _alive(snapshot, file, numbers))
        for file in manifest.files
    ]
    return plan_merge(sizes, new, TAIL)


def _alive(snapshot: Snapshot, file: SegmentFile, numbers: Numbers) -> int:
    return len(np.intersect1d(read_numbers(snapshot, file.name), numbers, True))


def _merge(table: Table, key: str, space: Space, everything: bool) -> bool:
    """Build one graph of a space, if that is due."""
    with table.read() as snapshot:
        collection = read_collection(snapshot, key)
        if collection is None:
            return False
        manifest = read_manifest(snapshot, key, space.name)
        numbers = numbers_of(snapshot, key, space.name)
        plan = _plan(snapshot, collection, space, manifest, numbers, everything)
        if plan is None:
            return False
        merged = [manifest.files[place] for place in plan]
        inside = [read_numbers(snapshot, file.name) for file in merged]
        kept = tuple(file for file in manifest.files if file not in merged)
        others = [read_numbers(snapshot, file.name) for file in kept]
    old = np.intersect1d(np.concatenate([*inside, numbers[:0]]), numbers)
    chosen = np.sort(np.concatenate([old, numbers[numbers > manifest.covered]]))
    chosen, held_out = _hold_out(chosen, others)
    last = int(held_out[0]) if len(held_out) else collection.next_row
    files = kept
    if len(chosen):
        target = collection.recall
        files = (*kept, _build(table, key, space, chosen, held_out, target))
    return _switch(table, key, space, manifest, Manifest(last - 1, files), chosen)


def _hold_out(numbers: Numbers, others: Sequence[Numbers]) -> tuple[Numbers, Numbers]:
    """Rows for a graph, and the newest ones, which stay beside it.

    A graph has to be judged by vectors that are not its rows. The newest rows are
    compared exactly anyway, so that nothing is lost if some go on being so.

    Args:
        numbers: numbers of the rows, ascending.
        others: numbers of the rows of graphs that stay; rows beside graphs are newer.
    """
    # Fewer than make a merge due, which would otherwise go on for ever.
    most = min(SAMPLE, TAIL // 2, len(numbers) // HELD_OUT)
    newest = max((int(rows[-1]) for rows in others if len(rows)), default=-1)
    count = min(most, int(np.count_nonzero(numbers > newest)))
    split = len(numbers) - count
    return numbers[:split], numbers[split:]


def _build(
    table: Table,
    key: str,
    space: Space,
    numbers: Numbers,
    held_out: Numbers,
    target: float,
) -> SegmentFile:
    """Build a graph, choose its search effort, and write it."""
    settings = HnswSettings()
    folder = folder_of(table.path)
    require_room(folder, len(numbers), space.dimension, settings.links)
    vectors = vectors_of(table, key, space.name, numbers, space.dimension)
    index, recall = build_index(vectors, settings), 1.0
    if len(held_out):
        asked = vectors_of(table, key, space.name, held_out, space.dimension)
        index, judged = tune(index, asked, vectors, target)
        recall = judged.recall
    return write_segment(folder, index, index.settings, recall)


def _switch(
    table: Table,
    key: str,
    space: Space,
    before: Manifest,
    after: Manifest,
    numbers: Numbers,
) -> bool:
    """Let readers use the new graphs, unless the space is gone meanwhile."""
    new = [file for file in after.files if file not in before.files]
    with table.write() as changes:
        collection = read_collection(changes, key)
        spaces = collection.spaces.values() if collection else ()
        if space.name not in {one.name for one in spaces}:
            return False
        for file in new:
            put_numbers(changes, file.name, numbers)
        put_manifest(changes, key, space.name, after)
        for file in before.files:
            if file not in after.files:
                delete_numbers(changes, file.name)
    return True
