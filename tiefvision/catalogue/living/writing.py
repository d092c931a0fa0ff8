"""Changing a catalogue: photographs are described, embedded and committed in batches.

A batch counts from the moment its transaction ends. A killed run keeps its batches, and
its descriptions: they are kept by content, so that the next run computes none twice.
"""

from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from tiefvision.catalogue.living.collection import (
    Collection as Rows,
)
from tiefvision.catalogue.living.comparing import Wanted
from tiefvision.catalogue.living.ledger import (
    Facts,
    NewPhoto,
    change_rows,
    description_name,
)
from tiefvision.catalogue.living.spaces import SpaceWriter, with_dimensions
from tiefvision.catalogue.partitions.describing import Describe
from tiefvision.catalogue.partitions.partition import Photograph
from tiefvision.ranking.needs import Need
from tiefvision.records import Crop
from tiefvision.store.table import Table
from tiefvision.workspace.records import record_to_crop

BATCH = 32
"""Photographs of one transaction: some seconds of encoding."""

PARTS: Mapping[Need, str] = {"maps": "map", "colours": "colours", "pixels": "pixels"}
"""Kind of key that holds what a ranker needs."""


Described = Generator[Wanted, None, None]
"""Photographs, each once its description is in the table."""


@dataclass(frozen=True, eq=False)
class RowWriter:
    """Adds photographs to a collection; the caller holds the writer's lock.

    Attributes:
        table: the catalogue's table.
        spaces: writer of embeddings.
        describe: lets the table hold descriptions.
        needs: parts that rankers read.
        names: path of a photograph as its annotations write it, by its file.
        skipped: a sentence for each photograph that could not be read.
        added: files that were added or changed.
    """

    table: Table
    spaces: SpaceWriter
    describe: Describe
    needs: Collection[Need]
    names: Mapping[str, str]
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
        with closing(self._described(collection.key, wanted)) as described:
            for one in described:
                batch.append(one)
                if len(batch) == BATCH:
                    collection = self._commit(collection, batch)
                    batch = []
        return self._commit(collection, batch) if batch else collection

    def complete(self, key: str, files: Mapping[str, str]) -> None:
        """Describe again the photographs that lack a part which a ranker reads.

        Args:
            key: key of the collection.
            files: for each content of the collection, a file that shows it.
        """
        lacking = [
            Wanted(file, content, (0, 0, 0), Facts(""))
            for content, file in files.items()
            if not self._is_described(key, content)
        ]
        for _ in self._describe(key, lacking):
            pass

    def _described(self, key: str, wanted: Sequence[Wanted]) -> Described:
        """The photographs in their order, without those that cannot be read.

        The order decides the numbers of the rows, so a run that goes on with the work
        of another gives the same ones.
        """
        missing = {
            one.file: one
            for one in wanted
            if not one.content or not self._is_described(key, one.content)
        }
        described = self._describe(key, [*missing.values()])
        for one in wanted:
            if one.file not in missing or next(described):
                yield one

    def _describe(self, key: str, missing: Sequence[Wanted]) -> Iterator[bool]:
        """For each photograph whether the table holds its description now."""
        photos = [
            Photograph(self.names.get(one.file, one.file), one.file, one.content)
            for one in missing
        ]
        for photo, reason in zip(photos, self.describe(key, photos), strict=True):
            if reason:
                self.skipped.append(reason)
            yield not reason and photo.content != ""

    def _is_described(self, key: str, content: str) -> bool:
        name = description_name(key, content)
        kinds = ["crop", *(PARTS[need] for need in self.needs)]
        with self.table.read() as snapshot:
            return all(snapshot.has(f"{kind}/{name}") for kind in kinds)

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


def _as_told(crop: Crop, facts: Facts) -> Crop:
    """The crop with the group that the catalogue tells, rather than the locator."""
    return replace(crop, category=facts.group) if facts.group else crop
