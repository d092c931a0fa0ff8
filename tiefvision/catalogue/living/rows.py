"""The rows of a collection in memory, kept up to date by what the log says."""

import os
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiefvision.catalogue.gallery import GalleryRow
from tiefvision.catalogue.latest import Latest
from tiefvision.catalogue.living.collection import Collection
from tiefvision.catalogue.living.freshness import FileState, state_of
from tiefvision.catalogue.living.ledger import (
    known_photo,
    logged_since,
    record_to_row,
    row_key,
)
from tiefvision.catalogue.living.vectors import Numbers
from tiefvision.catalogue.row_arrays import RowArrays
from tiefvision.catalogue.searcher import MOST_TESTS, Fields, Test
from tiefvision.catalogue.where import fields_of_row
from tiefvision.store.table import Snapshot, Table

Record = Mapping[str, Any]


class LiveRows:
    """Rows of a collection. Single rows are read from the table, whatever is in memory.

    Args:
        table: the catalogue's table.
        key: key of the collection.
        whole: whether the values of all rows are taken in as well, which are otherwise
            read when a condition first asks for them.

    Attributes:
        arrays: items and groups of all rows that were taken in.
        seen: number of the last transaction that was taken in; -1 for none.
        root: folder of the catalogue, absolute.
    """

    def __init__(self, table: Table, key: str, whole: bool = False) -> None:
        self._table, self._key = table, key
        self.arrays, self.seen, self.root = RowArrays(), -1, Path()
        self._fields: dict[int, Fields] | None = {} if whole else None
        self._passed: Latest[Test, NDArray[np.bool_]] = Latest(MOST_TESTS)
        self._columns: frozenset[str] | None = None

    def take(self, snapshot: Snapshot, collection: Collection) -> Numbers | None:
        """Take in what changed since ``seen``, which ``settle`` moves on.

        Returns:
            Numbers of the rows that were removed; None if all were read anew.
        """
        self.root = Path(collection.root)
        logged = None
        if self.seen >= 0:
            logged = logged_since(snapshot, collection, self.seen)
        if logged is None:
            self.arrays = RowArrays()
            self._fields = None if self._fields is None else {}
            self.arrays.make_room(collection.next_row)
            for name, record in snapshot.records(f"row/{self._key}/"):
                self._add(int(name, 16), record)
            return None
        self.arrays.make_room(collection.next_row)
        for added, removed in logged:
            for number in removed:
                self.arrays.remove(number)
                if self._fields is not None:
                    self._fields.pop(number, None)
            for number in added:
                record = snapshot.record(row_key(self._key, number))
                if record is not None:  # a later transaction may have removed it
                    self._add(number, record)
        gone = [number for _, removed in logged for number in removed]
        return np.array(sorted(gone), dtype=np.int64)

    def settle(self, changes: int) -> None:
        """Note that everything up to a transaction was taken in."""
        if self.seen != changes:
            self._passed.clear()
            self._columns = None
        self.seen = changes

    def row(self, number: int) -> GalleryRow | None:
        """A row as a search shows it; None if it was removed meanwhile."""
        with self._table.read() as snapshot:
            record = snapshot.record(row_key(self._key, number))
        return None if record is None else self._to_row(record)

    def number_of(self, file: Path) -> int | None:
        """Number of the row of a file, given absolute; None if it is in none."""
        with self._table.read() as snapshot:
            photo = known_photo(snapshot, self._key, str(file))
        return photo.row if photo else None

    def numbers(self, offset: int, most: int) -> list[int]:
        """Numbers of rows in their order; reads no row.

        Args:
            offset: rows to leave out.
            most: most numbers.
        """
        with self._table.read() as snapshot:
            names = snapshot.keys(f"row/{self._key}/")
            return [int(name, 16) for name in islice(names, offset, offset + most)]

    def state(self, row: GalleryRow) -> FileState:
        """What became of the file of a row; "gone" also if it is in no row now."""
        file = os.path.join(self.root, row.photo)  # noqa: PTH118 - as shown_path
        with self._table.read() as snapshot:
            photo = known_photo(snapshot, self._key, file)
        return state_of(photo) if photo else "gone"

    def where(self, test: Test) -> NDArray[np.bool_]:
        """Whether each row that was taken in passes a test, bool by row number."""
        return self._passed.get(test, lambda: self._scan(test))

    def columns(self) -> frozenset[str]:
        """Names of the columns that the rows have."""
        if self._columns is None:
            every = self.fields().values()
            self._columns = frozenset(name for fields in every for name in fields)
        return self._columns

    def fields(self) -> Mapping[int, Fields]:
        """The values of all rows by number; kept up to date from the first call on."""
        if self._fields is None:
            self._fields = dict(self._read_fields())
        return self._fields

    def _read_fields(self) -> Iterator[tuple[int, Fields]]:
        with self._table.read() as snapshot:
            for name, record in snapshot.records(f"row/{self._key}/"):
                yield int(name, 16), fields_of_row(self._to_row(record))

    def _scan(self, test: Test) -> NDArray[np.bool_]:
        found = np.zeros(len(self.arrays.items), dtype=np.bool_)
        for number, fields in self.fields().items():
            if number < len(found):  # else it is newer than the arrays
                found[number] = test(fields)
        return found & self.arrays.alive

    def _add(self, number: int, record: Record) -> None:
        told = record["item"], record["category"], record["variant"]
        self.arrays.add(number, *told)
        if self._fields is not None:
            self._fields[number] = fields_of_row(self._to_row(record))

    def _to_row(self, record: Record) -> GalleryRow:
        return record_to_row(record, shown_path(record["file"], self.root))


def shown_path(file: str, root: Path) -> str:
    """Path of a photograph as a search shows it: from the catalogue's folder if inside.

    Args:
        file: absolute path.
        root: folder of the catalogue, absolute.
    """
    inside = os.path.join(root, "")  # noqa: PTH118 - ten times as fast as Path
    return file.removeprefix(inside)
