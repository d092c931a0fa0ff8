"""Files of segments: graphs of NMSLIB beside the table, which tells which ones count.

A file is written aside, checked onto the disk and renamed; it counts from the
transaction on that names it, with its SHA-256, and never changes. A reader that comes
too late for a file, after a merge has replaced it, reads the table again.
"""

import shutil
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from tiefvision.catalogue.living.vectors import Numbers, count_behind
from tiefvision.errors import StaleArtifact, StorageFull, TiefVisionError
from tiefvision.index.hnsw import HnswIndex, HnswSettings, load_index
from tiefvision.index.reranking import Searchable
from tiefvision.index.segments import Segment
from tiefvision.store.table import Changes, Snapshot
from tiefvision.workspace.provenance import file_hash

SUFFIX = ".hnsw"


@dataclass(frozen=True)
class SegmentFile:
    """A graph that is part of an index.

    Attributes:
        name: file name.
        rows: number of rows.
        sha256: SHA-256 of the file.
        settings: parameters of the graph.
        recall: share of the ten nearest neighbours that it found when it was built.
    """

    name: str
    rows: int
    sha256: str
    settings: Mapping[str, int] = field(hash=False)
    recall: float = 1.0


@dataclass(frozen=True)
class Manifest:
    """The graphs of a space.

    Attributes:
        covered: number of the last row that lies in a graph or was removed before one
            was built; all rows behind it are new. -1 if there is no graph.
        files: the graphs.
    """

    covered: int = -1
    files: tuple[SegmentFile, ...] = field(default_factory=tuple)


def read_manifest(snapshot: Snapshot, key: str, space: str) -> Manifest:
    """The graphs of a space; none if nothing was ever merged."""
    record = snapshot.record(_manifest_key(key, space))
    if record is None:
        return Manifest()
    files = tuple(SegmentFile(**file) for file in record["files"])
    return Manifest(record["covered"], files)


def new_rows(snapshot: Snapshot, key: str, space: str, manifest: Manifest) -> int:
    """Number of rows that are in no graph."""
    return count_behind(snapshot, key, space, manifest.covered)


def put_manifest(changes: Changes, key: str, space: str, manifest: Manifest) -> None:
    """Let readers use these graphs from now on."""
    changes.put_record(_manifest_key(key, space), asdict(manifest))


def delete_manifest(changes: Changes, key: str, space: str) -> None:
    """Forget the graphs of a space."""
    for file in read_manifest(changes, key, space).files:
        changes.delete(_numbers_key(file.name))
    changes.delete(_manifest_key(key, space))


def put_numbers(changes: Changes, name: str, numbers: Numbers) -> None:
    """Write which rows lie in a graph, in its order."""
    changes.put_content(_numbers_key(name), numbers.astype("<i8").tobytes())


def delete_numbers(changes: Changes, name: str) -> None:
    """Forget which rows lie in a graph."""
    changes.delete(_numbers_key(name))


def read_numbers(snapshot: Snapshot, name: str) -> Numbers:
    """Numbers of the rows in a graph, (N,) int64, ascending; empty if it is gone."""
    return np.frombuffer(snapshot.content(_numbers_key(name)) or b"", dtype="<i8")


def folder_of(table: Path) -> Path:
    """Folder of the segments of a table."""
    return table.with_suffix(".segments")


def write_segment(
    folder: Path, index: HnswIndex, settings: HnswSettings, recall: float
) -> SegmentFile:
    """Write a graph into a file of its own, which nothing refers to yet.

    Raises:
        StorageFull: There is too little room on the disk.
    """
    name = f"{uuid.uuid4().hex[:16]}{SUFFIX}"
    aside = folder / f"{name}.partial"
    try:
        index.save(aside)
        digest = file_hash(aside)
        aside.replace(folder / name)
    finally:
        aside.unlink(missing_ok=True)
    return SegmentFile(name, index.rows, digest, asdict(settings), recall)


def require_room(folder: Path, rows: int, dimension: int, links: int) -> None:
    """Refuse to build a graph for which the disk has no room.

    Raises:
        StorageFull: There is too little; the message says how much is needed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # Two lists of links at most, in 32 bits, and a margin of a tenth.
    needed = int(1.1 * rows * (4 * dimension + 8 * links + 16)) + (1 << 20)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise StorageFull(
            f"A merge of {rows:,} rows needs {needed / 2**20:,.0f} MiB in {folder}, "
            f"and {free / 2**20:,.0f} MiB are free; nothing is lost.",
            "Free space on its disk, and run: tiefvision catalogue compact",
        )


def load_segment(folder: Path, file: SegmentFile, numbers: Numbers) -> Segment:
    """Load a graph.

    Raises:
        FileNotFoundError: A merge has replaced it meanwhile.
        StaleArtifact: The file is damaged.
    """
    path = folder / file.name
    if file_hash(path) != file.sha256 or len(numbers) != file.rows:
        raise StaleArtifact(
            f"The index {path} is damaged.", "Run: tiefvision catalogue compact"
        )
    settings = HnswSettings(**file.settings)
    try:
        return Segment(numbers, load_index(path, file.rows, settings))
    except TiefVisionError as error:
        if not path.exists():  # since its hash was taken
            raise FileNotFoundError(str(path)) from error
        raise


def with_effort(index: Searchable, file: SegmentFile) -> Searchable:
    """A loaded graph with the search effort that its file has now."""
    assert isinstance(index, HnswIndex), "segments in files are graphs"
    return index.with_search_effort(file.settings["search_effort"])


def sweep(folder: Path, kept: Iterable[str]) -> None:
    """Delete the files that nothing refers to, such as those of a killed merge."""
    names = set(kept)
    for path in folder.glob(f"*{SUFFIX}*"):
        if path.name not in names:
            path.unlink(missing_ok=True)


def bytes_of(folder: Path) -> int:
    """Bytes of all files of segments, also of those that a merge writes just now."""
    total = 0
    for path in folder.glob("*"):
        with suppress(FileNotFoundError):  # a merge has replaced it meanwhile
            total += path.stat().st_size
    return total


def _manifest_key(key: str, space: str) -> str:
    return f"segments/{key}/{space}"


def _numbers_key(name: str) -> str:
    return f"numbers/{name}"
