"""Changing a catalogue: photographs are described, embedded and committed in batches.

A batch counts from the moment its transaction ends. A killed run keeps its batches, and
its descriptions: they are kept by content, so that the next run computes none twice.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tiefvision.catalogue.describing import Described, Describer, describe_files
from tiefvision.catalogue.living.collection import (
    Collection as Rows,
)
from tiefvision.catalogue.living.comparing import Wanted, hash_of, stamp_of
from tiefvision.catalogue.living.ledger import (
    Facts,
    KnownPhoto,
    NewPhoto,
    change_rows,
    description_name,
    is_described,
)
from tiefvision.catalogue.living.spaces import SpaceWriter, with_dimensions
from tiefvision.errors import UnreadablePhoto
from tiefvision.progress import Track
from tiefvision.ranking.needs import Need
from tiefvision.records import Crop
from tiefvision.store.table import Table
from tiefvision.workspace.garments import garment_tensors
from tiefvision.workspace.records import crop_to_record, record_to_crop

BATCH = 32
"""Photographs of one transaction: some seconds of encoding."""

DESCRIBED = 8
"""Photographs whose descriptions are written in one transaction. Each transaction waits
for the disk, and a killed process loses what it has not written."""


@dataclass(frozen=True, eq=False)
class RowWriter:
    """Adds photographs to a collection; the caller holds the writer's lock.

    Attributes:
        table: the catalogue's table.
        spaces: writer of embeddings.
        describer: makes the describer, once one is needed.
        needs: parts that rankers read.
        names: path of a photograph as its annotations write it, by its file.
        track: shows progress.
        skipped: a sentence for each photograph that could not be read.
        added: files that were added or changed.
    """

    table: Table
    spaces: SpaceWriter
    describer: Callable[[], Describer]
    needs: Collection[Need]
    names: Mapping[str, str]
    track: Track
    skipped: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)

    def add(self, collection: Rows, wanted: Sequence[Wanted]) -> Rows:
        """Add photographs, batch by batch; each takes the place of its old row.

        Args:
            collection: collection as it is now.
            wanted: photographs to add.

        Returns:
            The collection after the change.
        """
        batch: list[Wanted] = []
        for one in self._described(collection.key, wanted):
            batch.append(one)
            if len(batch) == BATCH:
                collection = self._commit(collection, batch)
                batch = []
        return self._commit(collection, batch) if batch else collection

    def complete(self, key: str, photos: Iterable[KnownPhoto]) -> None:
        """Describe again the photographs that lack a part which a ranker reads.

        Args:
            key: key of the collection.
            photos: photographs whose files are as they were.
        """
        files = {photo.content: photo for photo in photos}
        lacking = [
            Wanted(photo.file, content, photo.stamp, photo.facts)
            for content, photo in files.items()
            if not self._is_described(key, content)
        ]
        for _ in self._describe(key, lacking):
            pass

    def _described(self, key: str, wanted: Iterable[Wanted]) -> Iterator[Wanted]:
        """Yield each photograph once its description is in the table.

        Of equal photographs the first is described; if it cannot be, each is told.
        """
        missing, equal = [], []
        asked: set[str] = set()
        for one in wanted:
            if one.content and self._is_described(key, one.content):
                yield one
            elif one.content in asked:
                equal.append(one)
            else:
                missing.append(one)
                asked |= {one.content} - {""}
        if missing:
            yield from self._describe(key, missing)
        if equal:
            yield from self._described(key, equal)

    def _describe(self, key: str, missing: Sequence[Wanted]) -> Iterator[Wanted]:
        paths: dict[str, Wanted] = {}
        for one in missing:
            name = self.names.get(one.file, one.file)
            # Two datasets may have photographs of one name.
            paths[one.file if name in paths else name] = one
        files = {path: Path(one.file) for path, one in paths.items()}
        found = describe_files(self.describer(), files, self.track, "indexing")
        waiting: list[tuple[Wanted, Described]] = []
        try:
            for path, described in found:
                if isinstance(described, UnreadablePhoto):
                    self.skipped.append(str(described))
                elif not _is_as_it_was(paths[path]):
                    self.skipped.append(f"{path} has changed meanwhile: run again.")
                else:
                    waiting.append((paths[path], described))
                if len(waiting) == DESCRIBED:
                    self._keep(key, waiting)
                    yield from (one for one, _ in waiting)
                    waiting = []
        finally:  # an interrupted run keeps what is finished
            if waiting:
                self._keep(key, waiting)
        yield from (one for one, _ in waiting)

    def _keep(self, key: str, described: Sequence[tuple[Wanted, Described]]) -> None:
        """Write descriptions, which the next run finds by content."""
        with self.table.write() as changes:
            for one, found in described:
                name = description_name(key, one.content)
                for tensors, arrays in garment_tensors(name, found.views).items():
                    changes.put_tensors(tensors, arrays)
                changes.put_record(f"crop/{name}", crop_to_record(found.crop))

    def _is_described(self, key: str, content: str) -> bool:
        with self.table.read() as snapshot:
            return is_described(snapshot, description_name(key, content), self.needs)

    def _commit(self, collection: Rows, batch: Sequence[Wanted]) -> Rows:
        names = [description_name(collection.key, one.content) for one in batch]
        vectors = self.spaces.embed(collection, names)
        with self.table.read() as snapshot:
            crops = [
                _as_told(record_to_crop(snapshot.record(f"crop/{name}")), one.facts)
                for name, one in zip(names, batch, strict=True)
            ]
        photos = [
            NewPhoto(one.file, one.content, one.stamp, one.facts, crop, vector)
            for one, crop, vector in zip(batch, crops, vectors, strict=True)
        ]
        collection = with_dimensions(collection, vectors[0])
        with self.table.write() as changes:
            collection = change_rows(changes, collection, photos)
        self.added.extend(one.file for one in batch)
        return self.spaces.grow(collection)


def _is_as_it_was(photo: Wanted) -> bool:
    """Whether what was described is the content that was hashed before."""
    if not photo.content:  # it could be read only now
        return False
    return stamp_of(photo.file) == photo.stamp or hash_of(photo.file) == photo.content


def _as_told(crop: Crop, facts: Facts) -> Crop:
    """The crop with the group that the catalogue tells, rather than the locator."""
    return replace(crop, category=facts.group) if facts.group else crop
