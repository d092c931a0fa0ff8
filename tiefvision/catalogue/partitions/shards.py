"""Shards: the descriptions of a partition, in an artifact of its own.

A shard is filled aside and renamed, like every artifact. Keys: crop/, map/, colours/
and pixels/NAME, as in a catalogue, where NAME is the SHA-256 of the photograph; and
skipped/PATH, the reason why a photograph cannot be read. What a killed run left behind,
finished or not, is taken in by the next one.
"""

from collections.abc import Iterator
from pathlib import Path

from tiefvision.catalogue.describing import Describer, write_described
from tiefvision.catalogue.living.ledger import PARTS, description_name
from tiefvision.catalogue.partitions.partition import Partition
from tiefvision.errors import StaleArtifact, StorageFull
from tiefvision.files import PARTIAL_SUFFIX
from tiefvision.progress import untracked
from tiefvision.store.artifact import Artifact, ArtifactWriter
from tiefvision.store.header import Header
from tiefvision.store.locking import release_lock, take_lock
from tiefvision.store.table import Changes, Table

STAGE = "partition"
"""Stage in the header of a shard."""

SUFFIX = ".lmdb"


def shards_of(table: Path) -> Path:
    """Folder of the shards for a table."""
    return table.with_suffix(".partitions")


def shard_path(folder: Path, partition: Partition) -> Path:
    """Path of a partition's shard."""
    return folder / f"{partition.name}{SUFFIX}"


def make_shard(
    describer: Describer, partition: Partition, folder: Path, max_gib: float
) -> Path:
    """Describe a partition, unless its shard is finished; go on with a partial one.

    Args:
        describer: describer of each photograph.
        partition: the partition.
        folder: folder of the shards.
        max_gib: size limit of the shard in GiB.

    Returns:
        Path of the shard.

    Raises:
        StorageFull: Another process makes this shard, or there is no room.
    """
    path = shard_path(folder, partition)
    if path.is_file():
        return path
    header = Header(STAGE, 1, partition.to_record(), {})
    with ArtifactWriter(path, header, max_gib) as writer:
        files = {photo.path: Path(photo.file) for photo in partition.photos}
        names = {photo.path: photo.name for photo in partition.photos}
        write_described(writer, describer, files, untracked, STAGE, names)
        writer.finish()
    return path


def take_in(table: Table, shard: Path) -> dict[str, str]:
    """Write the descriptions of a shard into a table, in one transaction.

    A photograph whose file changed since its content was read is left out: it may be
    the new content that was described.

    Args:
        table: the catalogue's table; the caller holds the lock of its one writer.
        shard: path of a shard, finished or not.

    Returns:
        Why a photograph is left out, by path, for those.

    Raises:
        StaleArtifact: It is no shard, or is damaged.
    """
    with Artifact(shard) as made:
        partition = _partition_of(made)
        left_out = {
            photo.path: made.record(f"skipped/{photo.path}")
            for photo in partition.photos
            if made.has(f"skipped/{photo.path}")
        }
        for photo in partition.photos:
            if photo.path not in left_out and not photo.is_as_it_was:
                left_out[photo.path] = photo.changed
        with table.write() as changes:
            for photo in partition.photos:
                if photo.path not in left_out:
                    name = description_name(partition.key, photo.content)
                    _copy(made, photo.content, changes, name)
        return left_out


def _copy(made: Artifact, content: str, changes: Changes, name: str) -> None:
    """Copy a description, unless the shard ends before it."""
    if not made.has(f"crop/{content}"):
        return
    changes.put_record(f"crop/{name}", made.record(f"crop/{content}"))
    for kind in PARTS.values():
        if made.has(f"{kind}/{content}"):
            changes.put_tensors(f"{kind}/{name}", made.tensors(f"{kind}/{content}"))


def take_leftovers(table: Table, key: str) -> None:
    """Take in what earlier runs described for a collection, and delete those shards.

    Args:
        table: the catalogue's table; the caller holds the lock of its one writer.
        key: key of the collection.
    """
    for shard in _unused(shards_of(table.path)):
        try:
            with Artifact(shard) as made:
                others = _partition_of(made).key != key
            if others:
                continue
            take_in(table, shard)
        except StaleArtifact:  # a run was killed before anything was in it
            pass
        shard.unlink(missing_ok=True)


def sweep_shards(table: Path) -> None:
    """Delete the shards that nobody makes, such as those for other models."""
    folder = shards_of(table)
    for shard in _unused(folder):
        shard.unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _partition_of(made: Artifact) -> Partition:
    if made.header.stage != STAGE:
        raise StaleArtifact(f"{made.path} is no shard of a catalogue.")
    return Partition.from_record(dict(made.header.config))


def _unused(folder: Path) -> Iterator[Path]:
    """Shards, finished or not, that no process is writing; each while it is locked."""
    for shard in sorted(folder.glob("*")):
        if shard.suffix not in (SUFFIX, PARTIAL_SUFFIX) or shard.name.startswith("."):
            continue
        try:
            lock = take_lock(folder / f"{shard.name.removesuffix(PARTIAL_SUFFIX)}")
        except StorageFull:
            continue
        try:
            yield shard
        finally:
            release_lock(lock)
