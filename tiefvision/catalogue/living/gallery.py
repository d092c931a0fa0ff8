"""A living catalogue as one ranker searches it."""

from collections.abc import Collection
from contextlib import suppress
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tiefvision.catalogue.gallery import GalleryRow
from tiefvision.catalogue.living.freshness import FileState
from tiefvision.catalogue.living.ledger import description_name, row_key
from tiefvision.catalogue.living.reading import ATTEMPTS, LiveIndex
from tiefvision.catalogue.living.spaces import read_space_reduction
from tiefvision.catalogue.reduced import densities_in, find_closest
from tiefvision.catalogue.reduction import Reduction
from tiefvision.catalogue.row_arrays import RowArrays
from tiefvision.catalogue.searcher import Test
from tiefvision.errors import StaleArtifact
from tiefvision.index.closeups import CloseupsOf
from tiefvision.index.neighbours import Neighbours
from tiefvision.ranking.garments import Embed
from tiefvision.ranking.views import embed_views
from tiefvision.records import View
from tiefvision.store.table import Snapshot, Table
from tiefvision.workspace.garments import garments_reader

MOST_DENSITIES = 100_000
"""Densities that are kept; about 10 MB."""


class LiveGallery:
    """Rows of a collection by one ranker; implements ``searcher.Gallery``.

    Args:
        table: the catalogue's table.
        ranker: name of the ranker.
        embed: the ranker.
        key: key of the collection that the searching models describe.
        digest: digest of the ranker; "" for one that learnt nothing.
    """

    def __init__(
        self, table: Table, ranker: str, embed: Embed, key: str, digest: str = ""
    ) -> None:
        self._table, self._embed = table, embed
        self._index = LiveIndex(table, ranker, key, digest)
        self._reduction: tuple[str, Reduction | None] = ("", None)
        self._dense: tuple[object, dict[int, float]] = (None, {})
        self.refresh()

    @property
    def rows(self) -> RowArrays:
        """Items and groups of all rows, as of the last ``refresh``."""
        return self._index.rows.arrays

    def refresh(self) -> None:
        """Take in what changed since the last call."""
        for _ in range(ATTEMPTS):
            self._index.refresh()
            # Another process may replace the space and delete its reduction.
            with suppress(KeyError):
                return self._take_reduction()
        raise StaleArtifact(
            f"{self._table.path.name} changes too fast.", "Run the same command again."
        )

    def find(
        self, query: NDArray[np.float32], count: int, allowed: NDArray[np.bool_] | None
    ) -> Neighbours:
        """The closest rows, (1, <= count)."""
        segments, (_, reduction) = self._index.segments, self._reduction
        whole_of = partial(self._whole_of, query.shape[1])
        closeups_of = self._closeups_of(query.shape[1])
        return find_closest(
            segments, query, count, allowed, reduction, whole_of, closeups_of
        )

    def whole_similarities(
        self, query: NDArray[np.float32], numbers: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Cosines of a query, (1, D), to n rows without their close-ups, (n,)."""
        if self._reduction[1] is None:
            rows = self._index.segments.vectors_of(numbers)
        else:
            rows = self._whole_of(query.shape[1], numbers)
        found: NDArray[np.float32] = rows @ query[0]
        return np.clip(found, -1.0, 1.0)

    def densities(self, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        """Densities of rows among all that are there now, (n,) float32.

        Each takes a search of its own. Boxes that are redrawn find the same rows again
        and again, so those of rows found before are kept until something changes.
        """
        state = self._index.state
        if state != self._dense[0] or len(self._dense[1]) > MOST_DENSITIES:
            self._dense = state, {}
        known, segments = self._dense[1], self._index.segments
        if missing := [n for n in numbers.tolist() if n not in known]:
            rows = np.array(missing, dtype=np.int64)
            found = densities_in(segments, rows, segments.vectors_of, self.rows.items)
            known.update(zip(missing, found.tolist(), strict=True))
        return np.array([known[n] for n in numbers.tolist()], dtype=np.float32)

    def likeness(
        self, numbers: NDArray[np.int64], others: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Cosines of the embeddings in the index of k rows and of n, (k, n)."""
        vectors_of = self._index.segments.vectors_of
        return vectors_of(numbers) @ vectors_of(others).T

    def row(self, number: int) -> GalleryRow | None:
        """A row; None if it was removed since the last ``refresh``."""
        return self._index.rows.row(number)

    def state(self, row: GalleryRow) -> FileState:
        """What became of the file of a row since it was described; "" if nothing."""
        return self._index.rows.state(row)

    def where(self, test: Test) -> NDArray[np.bool_]:
        """Whether each row passes a test, by row number."""
        return self._index.rows.where(test)

    def columns(self) -> Collection[str]:
        """Names of the columns that the rows have."""
        return self._index.rows.columns()

    def _take_reduction(self) -> None:
        space = self._index.space
        if self._reduction[0] != space.name:
            self._reduction = space.name, read_space_reduction(self._table, space)

    def _closeups_of(self, dimension: int) -> CloseupsOf | None:
        """A reader of close-ups; None if the catalogue has none.

        Where embeddings are reduced, those of the close-ups are made from their maps,
        as they are as long as those of photographs.
        """
        closeups = range(1, self._index.closeups + 1)
        if not closeups:
            return None
        if self._reduction[1] is None:
            return self._index.closeups_of

        def embed(numbers: NDArray[np.int64]) -> NDArray[np.float32]:
            parts = [self._whole_of(dimension, numbers, one) for one in closeups]
            return np.stack(parts, axis=1)

        return embed

    def _whole_of(
        self, dimension: int, numbers: NDArray[np.int64], closeup: int = 0
    ) -> NDArray[np.float32]:
        """Whole embeddings of rows; zeros for those that were removed meanwhile.

        Args:
            dimension: length of a whole embedding.
            numbers: numbers of rows.
            closeup: number of a close-up; 0 for the whole crop.
        """
        found = np.zeros((len(numbers), dimension), dtype=np.float32)
        with self._table.read() as snapshot:  # so that no row goes in between
            names = [self._description_of(snapshot, int(n)) for n in numbers]
            there = [place for place, name in enumerate(names) if name]
            if there:
                views = [View(names[place], closeup=closeup) for place in there]
                reader = garments_reader(snapshot)
                found[there] = embed_views(views, reader, self._embed)
        return found

    def _description_of(self, snapshot: Snapshot, number: int) -> str:
        record = snapshot.record(row_key(self._index.key, number))
        return description_name(self._index.key, record["content"]) if record else ""
