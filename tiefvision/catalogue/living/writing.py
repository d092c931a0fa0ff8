"""Changing a catalogue: photographs are described, embedded and committed in batches.

A batch counts from the moment its transaction ends. A killed run keeps its batches, and
its descriptions: they are kept by content, so that the next run computes none twice.
"""

from collections.abc import (
    Collection,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import compress

from tiefvision.catalogue.living.collection import (
    Collection as Rows,
)
from tiefvision.catalogue.living.comparing import Wanted
from tiefvision.catalogue.living.ledger import (
    Facts,
    KnownPhoto,
    NewPhoto,
    change_rows,
    description_name,
    is_described,
)
from tiefvision.catalogue.living.spaces import SpaceWriter, with_dimensions
from tiefvision.catalogue.partitions.describing import Describe
from tiefvision.catalogue.partitions.partition import Photograph
from tiefvision.ranking.embedding_checks import BadEmbedding
from tiefvision.ranking.needs import Need
from tiefvision.records import Crop
from tiefvision.store.table import Table
from tiefvision.workspace.records import record_to_crop

BATCH = 32
"""Photographs of one transaction: some seconds of encoding."""

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

    def _described(self, key: str, wanted: Sequence[Wanted]) -> Described:
        """The photographs in their order, each once the table holds its description.

        The order decides the numbers of the rows, so a run that goes on with the work
        of another gives the same ones. Of equal photographs the first is described; if
        it cannot be, each is told.
        """
        missing: dict[str, Wanted] = {}
        asked: set[str] = set()
        for one in wanted:
            known = one.content in asked or self._is_described(key, one.content)
            if not one.content or not known:
                missing[one.file] = one
                asked.add(one.content)
        described = self._describe(key, [*missing.values()])
        again = []
        for one in wanted:
            if one.file in missing:
                if next(described):
                    yield one
            elif self._is_described(key, one.content):
                yield one
            else:
                again.append(one)
        yield from compress(again, self._describe(key, again))

    def _describe(self, key: str, missing: Sequence[Wanted]) -> Iterator[bool]:
        """For each photograph whether the table holds its description now."""
        photos: dict[str, Photograph] = {}
        for one in missing:
            name = self.names.get(one.file, one.file)
            # Two datasets may have photographs of one name.
            path = one.file if name in photos else name
            photos[path] = Photograph(path, one.file, one.content, one.stamp)
        for reason in self.describe(key, [*photos.values()]):
            if reason:
                self.skipped.append(reason)
            yield not reason

    def _is_described(self, key: str, content: str) -> bool:
        with self.table.read() as snapshot:
            return is_described(snapshot, description_name(key, content), self.needs)

    def _commit(self, collection: Rows, batch: Sequence[Wanted]) -> Rows:
        names = [description_name(collection.key, one.content) for one in batch]
        try:
            vectors = self.spaces.embed(collection, names)
        except BadEmbedding as error:  # which knows the names of descriptions alone
            files = [one.file for one in batch]
            raise error.naming(dict(zip(names, files, strict=True))) from error
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
