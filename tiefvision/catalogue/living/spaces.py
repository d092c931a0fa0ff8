"""Spaces of a collection: the embeddings of each ranker, made from stored descriptions.

A ranker that was trained again, or is new, gets a space of its own, which is filled
while searches use the old one.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tiefvision.catalogue import gallery
from tiefvision.catalogue.living.collection import (
    Collection,
    Space,
    put_collection,
)
from tiefvision.catalogue.living.ledger import (
    description_name,
    is_described,
    row_key,
)
from tiefvision.catalogue.living.segment_files import delete_manifest
from tiefvision.catalogue.living.vectors import closeups_prefix, put_vectors
from tiefvision.catalogue.reduction import (
    MOST_LEARNT_FROM,
    Reduction,
    learn_reduction,
)
from tiefvision.progress import Track
from tiefvision.ranking.embedding_checks import BadEmbedding
from tiefvision.ranking.garments import Embed
from tiefvision.ranking.registry import COSINE, ranker_kind
from tiefvision.ranking.views import BLOCK, embed_views
from tiefvision.records import View
from tiefvision.store.table import Table
from tiefvision.workspace.garments import garments_reader

GROWTH = 4
"""Components are learnt anew when there are as many times more rows than then."""

DELETED = 4096
"""Keys deleted in one transaction."""


def read_space_reduction(table: Table, space: Space) -> Reduction | None:
    """The reduction of a space; None if its embeddings are whole."""
    if not space.reduced:
        return None
    with table.read() as snapshot:
        return Reduction.from_tensors(
            {
                name: snapshot.tensor(f"reduction/{space.name}", name)
                for name in ("mean", "projection")
            }
        )


@dataclass(frozen=True, eq=False)
class SpaceWriter:
    """Makes and fills the spaces of a collection; the caller holds the writer's lock.

    Attributes:
        table: the catalogue's table.
        rankers: rankers by name.
        digests: digest of each ranker that learnt something, by name.
        track: shows progress.
    """

    table: Table
    rankers: Mapping[str, Embed]
    digests: Mapping[str, str]
    track: Track

    def embed(
        self, collection: Collection, names: Sequence[str]
    ) -> list[dict[str, NDArray[np.float32]]]:
        """Embeddings of described photographs.

        Args:
            collection: collection.
            names: names of n descriptions, as ``description_name`` gives them.

        Returns:
            For each photograph, by the name of the space, its embedding and those of
            its close-ups, (1 + close-ups, D).
        """
        views = [View(name) for name in names]
        found: list[dict[str, NDArray[np.float32]]] = [{} for _ in names]
        for ranker, space in collection.spaces.items():
            for one, rows in zip(
                found, self._embed(collection, space, ranker, views), strict=True
            ):
                one[space.name] = rows
        return found

    def _embed(
        self, collection: Collection, space: Space, ranker: str, views: Sequence[View]
    ) -> NDArray[np.float32]:
        """Embeddings of n photographs and of their close-ups, (n, 1 + close-ups, D)."""
        embed, read = self.rankers[ranker], garments_reader(self.table)
        reduction = read_space_reduction(self.table, space)
        whole = embed_views(views, read, embed)
        if reduction is not None:
            whole = reduction.apply(whole)
        closeups = [
            embed_views([replace(view, closeup=number) for view in views], read, embed)
            for number in range(1, collection.closeups_in(space) + 1)
        ]
        return np.stack([whole, *closeups], axis=1)

    def settle(self, collection: Collection) -> Collection:
        """Make a space for each ranker, and anew for one that changed; drop others.

        Spaces of another ranker, or of far fewer rows, are replaced. The old space is
        searched until the new one is full.
        """
        for ranker in self.rankers:
            space = collection.spaces.get(ranker)
            wanted = self._wants_reduction(ranker, collection, space)
            same = space and space.digest == self.digests.get(ranker, "")
            if not same or wanted:
                collection = self._replace(collection, ranker, wanted)
        kept = {
            ranker: space
            for ranker, space in collection.spaces.items()
            if ranker in self.rankers
        }
        dropped = [
            space for name, space in collection.spaces.items() if name not in kept
        ]
        if dropped:
            collection = self._put(replace(collection, spaces=kept))
            for space in dropped:
                delete_space(self.table, collection.key, space.name)
        return collection

    def grow(self, collection: Collection) -> Collection:
        """Reduce what became too long, or learn anew what was learnt from too few."""
        for ranker, space in collection.spaces.items():
            if self._wants_reduction(ranker, collection, space):
                return self._replace(collection, ranker, True)
        return collection

    def _wants_reduction(
        self, ranker: str, collection: Collection, space: Space | None
    ) -> bool:
        """Whether principal components have to be learnt, or learnt anew."""
        if ranker != COSINE or collection.photos < gallery.REDUCED_FROM:
            return False
        learnt = space.learnt_from if space else 0
        return collection.photos >= GROWTH * learnt and learnt < MOST_LEARNT_FROM

    def _replace(self, collection: Collection, ranker: str, reduce: bool) -> Collection:
        old = collection.spaces.get(ranker)
        name = f"{ranker}-{uuid.uuid4().hex[:8]}"
        space = Space(name, self.digests.get(ranker, ""))
        names = self._names(collection, ranker)
        if reduce and len(names) >= gallery.REDUCED_FROM:
            space = self._learn(space, ranker, names)
        space = self._fill(collection, space, ranker, names)
        collection = self._put(collection.with_space(ranker, space))
        if old:
            delete_space(self.table, collection.key, old.name)
        return collection

    def _names(self, collection: Collection, ranker: str) -> dict[int, str]:
        """Name of the description of each row, by row number.

        Without rows whose description lacks a part that the ranker reads, since their
        file went or changed; the ranker does not find them.
        """
        needs = ranker_kind(ranker).needs
        with self.table.read() as snapshot:
            names = {
                int(number, 16): description_name(collection.key, row["content"])
                for number, row in snapshot.records(f"row/{collection.key}/")
            }
            return {
                number: name
                for number, name in names.items()
                if is_described(snapshot, name, needs)
            }

    def _learn(self, space: Space, ranker: str, names: Mapping[int, str]) -> Space:
        views = [View(name) for name in names.values()]
        reduction = learn_reduction(
            views, garments_reader(self.table), self.rankers[ranker]
        )
        with self.table.write() as changes:
            changes.put_tensors(f"reduction/{space.name}", reduction.to_tensors())
        return replace(space, learnt_from=len(views))

    def _fill(
        self,
        collection: Collection,
        space: Space,
        ranker: str,
        names: Mapping[int, str],
    ) -> Space:
        """Write the embeddings of all rows."""
        key, numbers = collection.key, list(names)
        starts = range(0, len(numbers), BLOCK)
        for start in self.track(starts, f"embedding by {ranker}", len(starts)):
            block = numbers[start : start + BLOCK]
            views = [View(names[number]) for number in block]
            try:
                every = self._embed(collection, space, ranker, views)
            except BadEmbedding as error:
                raise self._naming(error, key, names) from error
            space = replace(space, dimension=every.shape[2])
            with self.table.write() as changes:
                for number, vectors in zip(block, every, strict=True):
                    put_vectors(changes, key, space.name, number, vectors)
        return space

    def _naming(
        self, error: BadEmbedding, key: str, names: Mapping[int, str]
    ) -> BadEmbedding:
        """The error with the file of the photograph in place of its description."""
        with self.table.read() as snapshot:
            files = {
                name: snapshot.record(row_key(key, number))["file"]
                for number, name in names.items()
                if name == error.path
            }
        return error.naming(files)

    def _put(self, collection: Collection) -> Collection:
        with self.table.write() as changes:
            put_collection(changes, collection)
        return collection


def with_dimensions(
    collection: Collection, vectors: Mapping[str, NDArray[np.float32]]
) -> Collection:
    """The collection, whose spaces know the length of their embeddings."""
    for ranker, space in collection.spaces.items():
        if not space.dimension:
            known = replace(space, dimension=vectors[space.name].shape[1])
            collection = collection.with_space(ranker, known)
    return collection


def delete_space(table: Table, key: str, space: str) -> None:
    """Delete all embeddings of a space, in several transactions."""
    with table.write() as changes:
        changes.delete(f"reduction/{space}")
        delete_manifest(changes, key, space)
    delete_all(table, [f"vector/{key}/{space}/", closeups_prefix(key, space)])


def delete_all(table: Table, prefixes: Iterable[str]) -> None:
    """Delete all keys with any of some prefixes, in several transactions."""
    for prefix in prefixes:
        deleted = DELETED
        while deleted == DELETED:
            with table.write() as changes:
                deleted = changes.delete_all(prefix, DELETED)
