"""The gallery that stage 9 writes: an artifact whose rows and index never change."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tiefvision.catalogue.gallery import GalleryRow
from tiefvision.catalogue.living.freshness import FileState
from tiefvision.catalogue.reduced import find_closest
from tiefvision.catalogue.reduction import Reduction
from tiefvision.catalogue.row_arrays import RowArrays
from tiefvision.catalogue.searcher import Test
from tiefvision.catalogue.stored_rows import StoredRows
from tiefvision.index.neighbours import Neighbours
from tiefvision.index.reranking import Searchable
from tiefvision.index.segments import Segment, Segments
from tiefvision.ranking.garments import Embed, GarmentsOf
from tiefvision.ranking.views import embed_views
from tiefvision.records import View


@dataclass(frozen=True, eq=False)
class StoredGallery:
    """Rows in the order of an index; implements ``searcher.Gallery``.

    Attributes:
        stored: rows, in the order of the index.
        index: index of the rows' embeddings.
        embed: ranker of these embeddings.
        garments_of: reader of the rows' crops.
        reduction: reduction of the embeddings in the index; None if they are whole.
        kept_densities: densities of the rows, (N,) float32; None if nobody needs them.
        closeups: number of close-ups of each row.
    """

    stored: StoredRows
    index: Searchable
    embed: Embed
    garments_of: GarmentsOf
    reduction: Reduction | None = None
    kept_densities: NDArray[np.float32] | None = None
    closeups: int = 0

    @property
    def rows(self) -> RowArrays:
        """Items and groups of all rows."""
        return self.stored.arrays

    def refresh(self) -> None:
        """Nothing ever changes."""

    def find(
        self, query: NDArray[np.float32], count: int, allowed: NDArray[np.bool_] | None
    ) -> Neighbours:
        """The closest rows, (1, <= count)."""
        closeups_of = self._closeups_of if self.closeups else None
        return find_closest(
            self._segments,
            query,
            count,
            allowed,
            self.reduction,
            self._whole_of,
            closeups_of,
        )

    def whole_similarities(
        self, query: NDArray[np.float32], numbers: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Cosines of a query, (1, D), to n rows without their close-ups, (n,)."""
        found: NDArray[np.float32] = self._whole_of(numbers) @ query[0]
        return np.clip(found, -1.0, 1.0)

    def densities(self, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        """Densities of rows, (n,) float32."""
        assert self.kept_densities is not None, "a calibrated ranker has densities"
        return self.kept_densities[numbers]

    def likeness(
        self, numbers: NDArray[np.int64], others: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Cosines of the embeddings in the index of k rows and of n, (k, n)."""
        return self._indexed_of(numbers) @ self._indexed_of(others).T

    def row(self, number: int) -> GalleryRow | None:
        """A row."""
        return self.stored.row(number)

    def state(self, row: GalleryRow) -> FileState:
        """Nothing is known of the files."""
        return self.stored.state(row)

    def where(self, test: Test) -> NDArray[np.bool_]:
        """Whether each row passes a test, by row number."""
        return self.stored.where(test)

    def columns(self) -> Collection[str]:
        """Names of the columns that the rows have."""
        return self.stored.columns()

    @cached_property
    def _segments(self) -> Segments:
        numbers = np.arange(len(self.stored.listed), dtype=np.int64)
        return Segments([Segment(numbers, self.index)], self._indexed_of)

    def _indexed_of(self, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        whole = self._whole_of(numbers)
        return whole if self.reduction is None else self.reduction.apply(whole)

    def _closeups_of(self, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        every = range(1, self.closeups + 1)
        return np.stack([self._whole_of(numbers, one) for one in every], axis=1)

    def _whole_of(
        self, numbers: NDArray[np.int64], closeup: int = 0
    ) -> NDArray[np.float32]:
        photos = [self.stored.listed[number].photo for number in numbers]
        views = [View(photo, closeup=closeup) for photo in photos]
        return embed_views(views, self.garments_of, self.embed)
