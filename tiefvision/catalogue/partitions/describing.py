"""Ways to let a table hold descriptions: in this process, or by workers."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path

from tiefvision.catalogue.describing import Described, Describer, describe_files
from tiefvision.catalogue.living.ledger import description_name
from tiefvision.catalogue.partitions.partition import Partition, Photograph, cut
from tiefvision.catalogue.partitions.running import Worker, make_shards
from tiefvision.catalogue.partitions.shards import shards_of, take_in
from tiefvision.errors import UnreadablePhoto
from tiefvision.progress import Track
from tiefvision.ranking.needs import Need
from tiefvision.store.table import Table
from tiefvision.workspace.garments import garment_tensors
from tiefvision.workspace.records import crop_to_record

Describe = Callable[[str, Sequence[Photograph]], Iterator[str]]
"""Function from the key of a collection and photographs to a reason for each of them
why it is left out, or "" once the table holds its description."""

DOING = "indexing"
"""Label of the progress."""

DESCRIBED = 8
"""Photographs whose descriptions are written in one transaction. Each transaction waits
for the disk, and a killed process loses what it has not written."""


@dataclass(frozen=True, eq=False)
class DescribeHere:
    """Describes in this process; a `Describe`.

    Attributes:
        table: the catalogue's table; the caller holds the lock of its one writer.
        describer: makes the describer, once one is needed.
        track: shows progress.
    """

    table: Table
    describer: Callable[[], Describer]
    track: Track

    def __call__(self, key: str, photos: Sequence[Photograph]) -> Iterator[str]:
        """See `Describe`; an interrupted run keeps what is finished."""
        if not photos:
            return  # no network is loaded for nothing
        files = {photo.path: Path(photo.file) for photo in photos}
        found = describe_files(self.describer(), files, self.track, DOING)
        waiting: list[tuple[Photograph, Described]] = []
        reasons: list[str] = []
        try:
            for photo, (_, described) in zip(photos, found, strict=True):
                if isinstance(described, UnreadablePhoto):
                    reasons.append(str(described))
                elif not photo.is_as_it_was:
                    reasons.append(photo.changed)
                else:
                    reasons.append("")
                    waiting.append((photo, described))
                if len(waiting) == DESCRIBED:
                    self._keep(key, waiting)
                    waiting = []
                    yield from reasons
                    reasons = []
        finally:
            if waiting:
                self._keep(key, waiting)
        yield from reasons

    def _keep(
        self, key: str, described: Sequence[tuple[Photograph, Described]]
    ) -> None:
        with self.table.write() as changes:
            for photo, found in described:
                name = description_name(key, photo.content)
                for tensors, arrays in garment_tensors(name, found.views).items():
                    changes.put_tensors(tensors, arrays)
                changes.put_record(f"crop/{name}", crop_to_record(found.crop))


@dataclass(frozen=True, eq=False)
class DescribeByWorkers:
    """Lets workers describe, partition by partition; a `Describe`.

    The table takes shards in in the order of the photographs, whoever made them, so
    that the same rows come out.

    Attributes:
        table: the catalogue's table; the caller holds the lock of its one writer.
        needs: parts that rankers read.
        workers: makes at most so many workers.
        here: describes what is too little to start a worker for.
        track: shows progress.
    """

    table: Table
    needs: Collection[Need]
    workers: Callable[[int], AbstractContextManager[Sequence[Worker]]]
    here: Describe
    track: Track

    def __call__(self, key: str, photos: Sequence[Photograph]) -> Iterator[str]:
        """See `Describe`."""
        partitions = cut(key, self.needs, photos)
        if len(partitions) <= 1:
            return self.here(key, photos)
        return self.track(self._describe(partitions), DOING, len(photos))

    def _describe(self, partitions: Sequence[Partition]) -> Iterator[str]:
        folder = shards_of(self.table.path)
        with (
            self.workers(len(partitions)) as workers,
            closing(make_shards(workers, partitions, folder)) as shards,
        ):
            for partition, shard in zip(partitions, shards, strict=True):
                reasons = take_in(self.table, shard)
                shard.unlink()
                for photo in partition.photos:
                    yield reasons.get(photo.path, "")
