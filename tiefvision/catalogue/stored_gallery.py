"""The gallery that stage 9 writes: an artifact whose rows and index never change."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tiefvision.catalogue.gallery import GalleryRow
from tiefvision.catalogue.latest import Latest
from tiefvision.catalogue.living.freshness import FileState
from tiefvision.catalogue.reduced import find_closest
from tiefvision.catalogue.reduction import Reduction
from tiefvision.catalogue.row_arrays import RowArrays
from tiefvision.catalogue.searcher import MOST_TESTS, Test
from tiefvision.catalogue.where import fields_of_row
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
        listed: rows, in the order of the index.
        index: index of the rows' embeddings.
        embed: ranker of these embeddings.
        garments_of: reader of the rows' crops.
        reduction: reduction of the embeddings in the index; None if they are whole.
        prefix: path from the folder of the gallery to that of the photographs, with a
            slash behind it; "" if both are the same.
        kept_densities: densities of the rows, (N,) float32; None if nobody needs them.
    """

    listed: Sequence[GalleryRow]
    index: Searchable
    embed: Embed
    garments_of: GarmentsOf
    reduction: Reduction | None = None
    prefix: str = ""
    kept_densities: NDArray[np.float32] | None = None
    _passed: Latest[Test, NDArray[np.bool_]] = field(
        default_factory=lambda: Latest(MOST_TESTS), repr=False
    )

    @cached_property
    def rows(self) -> RowArrays:
        """Items and groups of all rows."""
        arrays = RowArrays()
        arrays.make_room(len(self.listed))
        for number, row in enumerate(self.listed):
            arrays.add(number, row.item, row.crop.category, row.variant)
        return arrays

    def refresh(self) -> None:
        """Nothing ever changes."""

    def find(
        self, query: NDArray[np.float32], count: int, allowed: NDArray[np.bool_] | None
    ) -> Neighbours:
        """The closest rows, (1, <= count)."""
        return find_closest(
            self._segments, query, count, allowed, self.reduction, self._whole_of
        )

    def densities(self, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        """Densities of rows, (n,) float32."""
        assert self.kept_densities is not None, "a calibrated ranker has densities"
        return self.kept_densities[numbers]

    def likeness(
        self, numbers: NDArray[np.int64], others: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Cosines of the embeddings in the index of k rows and of n, (k, n)."""
        return self._indexed_of(numbers) @ self._indexed_of(others).T

    def row(self, number: int) -> GalleryRow:
        """A row."""
        row = self.listed[number]
        return replace(row, photo=f"{self.prefix}{row.photo}")

    def state(self, row: GalleryRow) -> FileState:
        """Nothing is known of the files."""
        return ""

    def where(self, test: Test) -> NDArray[np.bool_]:
        """Whether each row passes a test, by row number."""

        def scan() -> NDArray[np.bool_]:
            return np.array([test(fields_of_row(row)) for row in self.listed], np.bool_)

        return self._passed.get(test, scan)

    def columns(self) -> Collection[str]:
        """Names of the columns that the rows have."""
        return {name for row in self.listed for name in row.columns}

    @cached_property
    def _segments(self) -> Segments:
        numbers = np.arange(len(self.listed), dtype=np.int64)
        return Segments([Segment(numbers, self.index)], self._indexed_of)

    def _indexed_of(self, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        whole = self._whole_of(numbers)
        return whole if self.reduction is None else self.reduction.apply(whole)

    def _whole_of(self, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        views = [View(self.listed[number].photo) for number in numbers]
        return embed_views(views, self.garments_of, self.embed)
