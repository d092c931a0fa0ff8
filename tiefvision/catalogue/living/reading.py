"""A reader of a collection: its rows and one ranker's index, kept up to date.

A reader holds no transaction between two searches. Before each search it reads what the
log says since, and the new rows; a segment is loaded once.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiefvision.catalogue.living.collection import (
    Collection,
    Space,
    current_collection,
)
from tiefvision.catalogue.living.rows import LiveRows
from tiefvision.catalogue.living.segment_files import (
    Manifest,
    folder_of,
    load_segment,
    read_manifest,
    read_numbers,
    with_effort,
)
from tiefvision.catalogue.living.vectors import (
    Numbers,
    closeups_of,
    vectors_behind,
    vectors_of,
)
from tiefvision.errors import StaleArtifact
from tiefvision.index.exact import ExactIndex
from tiefvision.index.segments import Segment, Segments
from tiefvision.store.table import Snapshot, Table

ATTEMPTS = 10
"""Merges that may overtake a reader before it gives up."""

_LEAST_DEAD = 256
"""Removed rows that are passed over before the new rows are read again."""

Record = Mapping[str, Any]


class LiveIndex:
    """Rows and index of one ranker in the current collection.

    Args:
        table: the catalogue's table.
        ranker: name of a ranker that the collection has embeddings of.
        key: key of the collection that the searching models describe.
        digest: digest of the ranker that searches; "" for one that learnt nothing.
    """

    def __init__(self, table: Table, ranker: str, key: str, digest: str = "") -> None:
        self._table, self._ranker, self._key = table, ranker, key
        self._digest = digest
        self._folder = folder_of(table.path)
        self._start_anew()
        self.refresh()

    def _start_anew(self) -> None:
        self.rows = LiveRows(self._table, self._key)
        self.segments = Segments([], self._vectors_of)
        self._loaded: dict[str, Segment] = {}
        self._manifest = Manifest()
        self._new = ExactIndex(np.empty((0, 0), dtype=np.float32))
        self._tail = Segment(np.empty(0, dtype=np.int64), self._new)
        self._space = Space("")

    @property
    def space(self) -> Space:
        """The space that is searched."""
        return self._space

    @property
    def key(self) -> str:
        """Key of the collection."""
        return self._key

    @property
    def state(self) -> object:
        """What was taken in; equal as long as searches answer alike."""
        return self._space.name, self.rows.seen, self._manifest

    def refresh(self) -> None:
        """Take in what changed since the last call.

        Raises:
            StaleArtifact: The catalogue was made anew, by other models, by a ranker
                that was trained again, or without this ranker; or its index is damaged.
        """
        if not self._table.is_current:
            raise self._replaced("was replaced")
        for _ in range(ATTEMPTS):
            with suppress(FileNotFoundError):  # a merge replaced a segment meanwhile
                return self._refresh()
        raise StaleArtifact(
            f"An index in {self._folder} is missing.",
            "Run: tiefvision catalogue compact",
        )

    def _refresh(self) -> None:
        """Raises FileNotFoundError where it has to be tried again."""
        with self._table.read() as snapshot:
            collection = self._require(current_collection(snapshot))
            space = collection.spaces[self._ranker]
            if (space.name, space.dimension) != (
                self._space.name,
                self._space.dimension,
            ):
                self._start_anew()
                self._space = space
            self._space, self._collection = space, collection
            manifest = read_manifest(snapshot, self._key, space.name)
            if (collection.changes, manifest) == (self.rows.seen, self._manifest):
                return
            numbers = {
                file.name: read_numbers(snapshot, file.name)
                for file in manifest.files
                if file.name not in self._loaded
            }
            removed = self.rows.take(snapshot, collection)
            self._take_tail(snapshot, manifest)
        # Loading takes long, so outside of the transaction.
        for file in manifest.files:
            if file.name in numbers:
                loaded = load_segment(self._folder, file, numbers[file.name])
                self._loaded[file.name] = loaded
        for file in set(manifest.files) - set(self._manifest.files):
            if file.name not in numbers:  # tuned anew
                part = self._loaded[file.name]
                part.index = with_effort(part.index, file)
        kept = {file.name for file in manifest.files}
        self._loaded = {n: part for n, part in self._loaded.items() if n in kept}
        self._manifest = manifest
        for name, part in self._loaded.items():
            if removed is None or name in numbers:
                part.alive = self.rows.arrays.alive[part.numbers]
            else:
                part.remove(removed)
        if removed is not None:
            self._tail.remove(removed)
        self.segments = Segments([*self._loaded.values(), self._tail], self._vectors_of)
        self.rows.settle(collection.changes)

    def _require(self, collection: Collection | None) -> Collection:
        if collection is None or collection.key != self._key:
            raise self._replaced("was made anew by other models")
        if self._ranker not in collection.spaces:
            raise self._replaced(f"has no index for {self._ranker} any more")
        if collection.spaces[self._ranker].digest != self._digest:
            raise self._replaced(f"was indexed by another {self._ranker}")
        return collection

    def _replaced(self, what: str) -> StaleArtifact:
        return StaleArtifact(
            f"{self._table.path.name} {what}.", "Run the same command again."
        )

    def _take_tail(self, snapshot: Snapshot, manifest: Manifest) -> None:
        """The new rows: those behind the graphs, added to what is loaded of them."""
        fresh = self.rows.seen < 0 or manifest.covered != self._manifest.covered
        # Removed rows take memory and time as long as they are kept.
        fresh = fresh or self._tail.dead > max(_LEAST_DEAD, len(self._tail.numbers) / 2)
        last = manifest.covered
        if not fresh and len(self._tail.numbers):
            last = int(self._tail.numbers[-1])
        numbers, vectors = vectors_behind(
            snapshot, self._key, self._space.name, last, self._space.dimension
        )
        if fresh:
            self._new = ExactIndex(vectors)
            self._tail = Segment(numbers, self._new)
            return
        if len(numbers):
            self._new.append(vectors)
            alive = self._tail.alive
            numbers = np.concatenate([self._tail.numbers, numbers])
            self._tail = Segment(numbers, self._new)
            self._tail.alive[: len(alive)] = alive

    @property
    def closeups(self) -> int:
        """Number of close-ups of each photograph."""
        return self._collection.closeups

    def closeups_of(self, numbers: Numbers) -> NDArray[np.float32]:
        """Embeddings of the close-ups of rows, (n, close-ups, D) float32."""
        shape = self.closeups, self._space.dimension
        return closeups_of(self._table, self._key, self._space.name, numbers, shape)

    def _vectors_of(self, numbers: Numbers) -> NDArray[np.float32]:
        return vectors_of(
            self._table, self._key, self._space.name, numbers, self._space.dimension
        )
