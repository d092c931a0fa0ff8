"""The rows of the gallery that stage 9 writes, which never change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tiefvision.catalogue.gallery import GalleryRow, read_rows
from tiefvision.catalogue.latest import Latest
from tiefvision.catalogue.living.freshness import FileState
from tiefvision.catalogue.row_arrays import RowArrays
from tiefvision.catalogue.searcher import MOST_TESTS, Fields, Test
from tiefvision.catalogue.where import fields_of_row
from tiefvision.store.artifact import Artifact


@dataclass(frozen=True, eq=False)
class StoredRows:
    """Rows in the order of an index.

    Attributes:
        listed: rows, with the paths of photographs below ``prefix``.
        prefix: path from the folder of the gallery to that of the photographs, with a
            slash behind it; "" if both are the same.
        root: folder of the gallery.
    """

    listed: Sequence[GalleryRow]
    prefix: str = ""
    root: Path = Path()
    _passed: Latest[Test, NDArray[np.bool_]] = field(
        default_factory=lambda: Latest(MOST_TESTS), repr=False
    )

    @classmethod
    def of(cls, gallery: Artifact) -> "StoredRows":
        """The rows of a gallery. Raises StaleArtifact."""
        details = gallery.header.details
        root = Path(details["root"])
        below = Path(details["images"]).relative_to(root).as_posix()
        return cls(read_rows(gallery), "" if below == "." else f"{below}/", root)

    @cached_property
    def arrays(self) -> RowArrays:
        """Items and groups of all rows."""
        arrays = RowArrays()
        arrays.make_room(len(self.listed))
        for number, row in enumerate(self.listed):
            arrays.add(number, row.item, row.crop.category, row.variant)
        return arrays

    def row(self, number: int) -> GalleryRow | None:
        """A row; None for a number that has none."""
        if not 0 <= number < len(self.listed):
            return None
        row = self.listed[number]
        return replace(row, photo=f"{self.prefix}{row.photo}")

    def numbers(self, offset: int, most: int) -> list[int]:
        """Numbers of at most so many rows, without the first ``offset``."""
        return [*range(len(self.listed))][offset : offset + most]

    def state(self, row: GalleryRow) -> FileState:
        """Nothing is known of the files."""
        return ""

    def where(self, test: Test) -> NDArray[np.bool_]:
        """Whether each row passes a test, by row number."""

        def scan() -> NDArray[np.bool_]:
            every = self.fields().values()
            return np.array([test(fields) for fields in every], np.bool_)

        return self._passed.get(test, scan)

    def columns(self) -> frozenset[str]:
        """Names of the columns that the rows have."""
        return frozenset(name for row in self.listed for name in row.columns)

    def fields(self) -> Mapping[int, Fields]:
        """The values of all rows by number."""
        return {n: fields_of_row(row) for n, row in enumerate(self.listed)}
