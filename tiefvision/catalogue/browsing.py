"""A look into what can be searched: rows by number, and pages of rows with filters.

No network and no index is loaded. Threads may share a browser.
"""

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tiefvision.catalogue.gallery import GalleryRow
from tiefvision.catalogue.living.collection import Collection, current_collection
from tiefvision.catalogue.living.freshness import FileState
from tiefvision.catalogue.living.rows import LiveRows
from tiefvision.catalogue.loading import describe_indexed, gallery_name
from tiefvision.catalogue.row_arrays import RowArrays
from tiefvision.catalogue.searcher import Fields, Test
from tiefvision.catalogue.stored_rows import StoredRows
from tiefvision.catalogue.where import FIELDS, Where, parse_where
from tiefvision.datasets.files import photo_file
from tiefvision.errors import BadUsage, MissingArtifact
from tiefvision.models.protocol import GALLERY, Models
from tiefvision.records import Box
from tiefvision.store.table import Table
from tiefvision.workspace.artifacts import CATALOGUE, Workspace

PAGE, MOST = 50, 500
"""Rows of a page, unless another number is asked for, and at most."""

FEW = 24
"""Values of a column at most that are offered to choose from."""


@dataclass(frozen=True)
class CatalogueRow:
    """A photograph that can be found.

    Attributes:
        number: number of its row, which no later row will have.
        file: its file, absolute.
        photo: its path as a search shows it.
        item: item that it shows.
        category: group of the garment, such as "upper"; "" if unknown.
        variant: variant of the item, such as its colour; "" if unknown.
        columns: further facts, such as title and price.
        box_in_image: box that is compared, in pixels of the photograph after EXIF
            rotation; None for the whole photograph.
        state: "gone" or "changed" if the file is not as it was; else "".
    """

    number: int
    file: Path
    photo: str
    item: str
    category: str
    variant: str
    columns: Mapping[str, str | float]
    box_in_image: Box | None
    state: FileState


@dataclass(frozen=True)
class CataloguePage:
    """Some of the rows that were asked for, in the order of their numbers.

    Attributes:
        rows: the rows.
        total: number of all rows that were asked for.
        offset: number of those before the first row of the page.
    """

    rows: tuple[CatalogueRow, ...]
    total: int
    offset: int


@dataclass(frozen=True)
class Facets:
    """What rows can be chosen by.

    Attributes:
        groups: number of rows of each group; "" is the unknown one.
        columns: values of each column, of which there are at most ``FEW``, the most
            frequent first; () where there are more.
    """

    groups: Mapping[str, int]
    columns: Mapping[str, tuple[str | float, ...]]


class Source(Protocol):
    """Rows of a catalogue that changes, or of the gallery of stage 9."""

    @property
    def arrays(self) -> RowArrays:
        """Items and groups of all rows."""

    @property
    def root(self) -> Path:
        """Folder of the catalogue."""

    def row(self, number: int) -> GalleryRow | None:
        """A row; None if there is none."""

    def numbers(self, offset: int, most: int) -> list[int]:
        """Numbers of rows in their order."""

    def state(self, row: GalleryRow) -> FileState:
        """What became of the file of a row."""

    def where(self, test: Test) -> NDArray[np.bool_]:
        """Whether each row passes a test, by row number."""

    def columns(self) -> frozenset[str]:
        """Names of the columns that the rows have."""

    def fields(self) -> Mapping[int, Fields]:
        """The values of all rows by number."""


class Browser:
    """Reads what the searches of a workspace find; ``close`` releases its files.

    Methods raise MissingArtifact where nothing was indexed, and StaleArtifact where an
    earlier release did it.

    Args:
        workspace: workspace of the catalogue.
        models: models of the searches, which decide what is searched.
    """

    def __init__(self, workspace: Workspace, models: Models) -> None:
        self._workspace, self._models = workspace, models
        self._turn = threading.Lock()
        self._table: Table | None = None
        self._live: tuple[tuple[str, ...], LiveRows] | None = None
        self._stored: tuple[str, StoredRows] | None = None
        self._facets: tuple[object, Facets] | None = None

    @property
    def is_living(self) -> bool:
        """Whether what is searched can be changed: a catalogue, no stored gallery."""
        return gallery_name(self._workspace, self._models) == CATALOGUE

    def row(self, number: int) -> CatalogueRow | None:
        """A row by its number; None if there is none."""
        with self._turn:
            source, _ = self._source()
            return _told(source, number)

    def row_of(self, file: Path) -> CatalogueRow | None:
        """The row of a file of a living catalogue; None if it is in none."""
        with self._turn:
            source, _ = self._source()
            if not isinstance(source, LiveRows):
                return None
            number = source.number_of(file)
            return None if number is None else _told(source, number)

    def page(
        self,
        group: str = "",
        where: str = "",
        offset: int = 0,
        limit: int = PAGE,
    ) -> CataloguePage:
        """A page of rows; without a filter only these rows are read.

        Args:
            group: only rows of this group; "" for all.
            where: only rows that meet a condition (``catalogue/where.py``); "" for all.
            offset: rows to leave out.
            limit: rows of the page.

        Raises:
            BadUsage: ``offset`` is negative, ``limit`` is below 1 or above ``MOST``, or
                the condition is none, or names a column that there is not.
        """
        if offset < 0 or not 1 <= limit <= MOST:
            raise BadUsage(f"A page has 1 to {MOST} rows and starts at 0 or behind it.")
        condition = parse_where(where) if where else None
        with self._turn:
            source, count = self._source(whole=bool(group or condition))
            if group or condition:
                every = _chosen(source, group, condition)
                count, numbers = len(every), every[offset : offset + limit].tolist()
            else:
                numbers = source.numbers(offset, limit)
            rows = (_told(source, number) for number in numbers)
            return CataloguePage(tuple(row for row in rows if row), count, offset)

    def facets(self) -> Facets:
        """What rows can be chosen by; all rows are read once, then what changed."""
        with self._turn:
            source, _ = self._source(whole=True)
            state = (source, source.seen if isinstance(source, LiveRows) else 0)
            if self._facets is None or self._facets[0] != state:
                self._facets = state, _facets_of(source.fields())
            return self._facets[1]

    def close(self) -> None:
        """Release the files; the browser can be used again."""
        with self._turn:
            self._close()

    def _close(self) -> None:
        if self._table is not None:
            self._table.close()
        self._table = self._live = self._stored = self._facets = None

    def _source(self, whole: bool = False) -> tuple[Source, int]:
        """What is searched now, and the number of its rows.

        Args:
            whole: whether arrays and fields of all rows are used.
        """
        if not self.is_living:
            return self._stored_source()
        if self._table is None or not self._table.is_current:
            self._close()
            describe_indexed(self._workspace, self._models)  # says what is missing
            self._table = Table(self._workspace.path(CATALOGUE))
        with self._table.read() as snapshot:
            current = current_collection(snapshot)
            if current is None:
                raise MissingArtifact(f"There is no catalogue in {self._table.path}.")
            live = self._live_rows(self._table, current)
            if whole and live.seen != current.changes:
                live.take(snapshot, current)
                live.settle(current.changes)
        return live, current.photos

    def _live_rows(self, table: Table, current: Collection) -> LiveRows:
        # A catalogue that was made anew may have the same key, but other spaces.
        made = current.key, *(space.name for space in current.spaces.values())
        if self._live is None or self._live[0] != made:
            self._live = made, LiveRows(table, current.key, whole=True)
        live = self._live[1]
        live.root = Path(current.root)
        return live

    def _stored_source(self) -> tuple[Source, int]:
        with self._workspace.open(GALLERY) as gallery:
            made = gallery.header.digest
            if self._stored is None or self._stored[0] != made:
                self._stored = made, StoredRows.of(gallery)
        return self._stored[1], len(self._stored[1].listed)


def _chosen(source: Source, group: str, condition: Where | None) -> NDArray[np.int64]:
    """Numbers of the rows of a group that meet a condition, ascending."""
    arrays = source.arrays
    chosen = arrays.of_groups(group) if group else arrays.alive
    if condition:
        condition.require_known(source.columns())
        passed = source.where(condition.test)
        chosen = chosen[: len(passed)] & passed
    return np.flatnonzero(chosen)


def _told(source: Source, number: int) -> CatalogueRow | None:
    row = source.row(number)
    if row is None:
        return None
    return CatalogueRow(
        number,
        photo_file(source.root, row.photo),
        row.photo,
        row.item,
        row.crop.category,
        row.variant,
        row.columns,
        row.crop.box_in_image,
        source.state(row),
    )


def _facets_of(rows: Mapping[int, Fields]) -> Facets:
    """Counts of groups, and the values of columns that have few."""
    groups = Counter(str(row["group"] or "") for row in rows.values())
    names = dict.fromkeys(chain.from_iterable(rows.values()))
    own = any(row["category"] != row["group"] for row in rows.values())
    left_out = {*FIELDS} - {"variant", *(["category"] if own else [])}
    columns = {
        name: _few(row.get(name) for row in rows.values())
        for name in names
        if name not in left_out
    }
    return Facets(dict(groups.most_common()), columns)


def _few(values: Iterable[str | float | None]) -> tuple[str | float, ...]:
    """The different values, the most frequent first; () if there are too many."""
    counts: Counter[str | float] = Counter()
    for value in values:
        if value is not None:
            counts[value] += 1
            if len(counts) > FEW:
                return ()
    return tuple(value for value, _ in counts.most_common())
