"""Products: the item of each photograph of a catalogue, and what the shop tells of it.

The shop's table says it (`tiefvision.datasets.item_tables`). Without one, or without
files in it, a folder is a product if every photograph lies in one, else each photograph
is its own.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

from tiefvision.datasets.item_tables import (
    CATEGORY,
    FILE,
    ITEM,
    VARIANT,
    ItemRow,
    ItemTable,
    Value,
    find_item_table,
    read_item_table,
)
from tiefvision.datasets.line_faults import LineFaults, listed
from tiefvision.datasets.matching_names import Names
from tiefvision.groups import known_group


@dataclass(frozen=True)
class Listed:
    """What a catalogue tells of one photograph.

    Attributes:
        item: item that the photograph shows.
        columns: further columns of the table by name, numbers where they are some; an
            empty cell has none. "category" is the shop's own word.
        variant: variant of the item, such as its colour; "" if unknown.
        group: group of the garment, such as "upper", where the category tells it
            (``groups.known_group``); "" if it does not.
    """

    item: str
    columns: Mapping[str, Value] = field(default_factory=dict)
    variant: str = ""
    group: str = ""


@dataclass(frozen=True)
class Products:
    """The photographs of a catalogue as products.

    Attributes:
        photos: what is told of each photograph, by its path.
        columns: names of the table's columns without file, item and variant, in order.
        table: the table that was read; None without one.
        problems: sentences about what the table tells and was not used.
    """

    photos: Mapping[str, Listed]
    columns: tuple[str, ...] = ()
    table: Path | None = None
    problems: tuple[str, ...] = ()


def read_products(
    root: Path,
    own_items: Mapping[str, str],
    *,
    folders: bool,
    file: Path | None = None,
) -> Products:
    """Tell the products of a catalogue by its table, or else by its folders.

    Args:
        root: folder of the catalogue, in which items.csv or products.csv may lie.
        own_items: item of each photograph by its path, as it is without a table: the
            ``item_id`` of a dataset, or the name of the file.
        folders: whether a folder may be a product: true for a plain folder, false for a
            dataset, which tells its items itself.
        file: table to read instead of the one in the folder.

    Raises:
        BadDataset: The table cannot be read, or has neither a column ``file`` nor one
            ``item``. Nothing less stops the good rows.
    """
    path = file or find_item_table(root)
    if path is None:
        items = folder_items(own_items) if folders else {}
        return Products({p: Listed(items.get(p, own)) for p, own in own_items.items()})
    files = cache(lambda: Names((photo, photo) for photo in own_items))
    table = read_item_table(path, lambda name: bool(files().find_path(name)))
    return tell_products(table, own_items, folders=folders)


def folder_items(paths: Iterable[str]) -> dict[str, str]:
    """The folder of each photograph as its item, if every one lies in a folder.

    Args:
        paths: paths of the photographs, with slashes.

    Returns:
        The path of the deepest folder of each; {} if a photograph lies in none, or all
        of them in one, which is a folder of products and not a product.

    >>> folder_items(["red/a.jpg", "red/b.jpg", "blue/a.jpg"])
    {'red/a.jpg': 'red', 'red/b.jpg': 'red', 'blue/a.jpg': 'blue'}
    >>> folder_items(["red/a.jpg", "b.jpg"])
    {}
    """
    items = {path: path.rpartition("/")[0] for path in paths}
    return items if all(items.values()) and len(set(items.values())) > 1 else {}


def tell_products(
    table: ItemTable, own_items: Mapping[str, str], *, folders: bool
) -> Products:
    """Tell the products of a catalogue by its table.

    A row with a file holds for that photograph, a row without one for all photographs
    of its item: those whose row, ``item_id`` or file name says so, or those below the
    folder of that path or name. The first of two rows for the same counts. Where a
    photograph has both, its own row counts and that of its item fills the gaps.

    Args:
        table: the table.
        own_items: as for ``read_products``.
        folders: as for ``read_products``.
    """
    by_folder = folder_items(own_items) if folders and FILE not in table.columns else {}
    told = _Told(table, {**own_items, **by_folder})
    for row in table.rows:
        if row.file:
            told.add_file(row)
    if shared := [row for row in table.rows if not row.file]:
        told.add_items(shared)
    return told.products()


class _Told:
    """Finds the photographs of each row, and puts together what is told of them."""

    def __init__(self, table: ItemTable, items: dict[str, str]) -> None:
        self._table, self._items = table, items
        self._files = Names((path, path) for path in items)
        self._own: dict[str, ItemRow] = {}
        self._shared: dict[str, ItemRow] = {}
        self._faults = LineFaults(table.path)

    @cached_property
    def _by_name(self) -> Names[str]:
        """The photographs by the last part of their path."""
        return Names((_last(path), path) for path in self._items)

    def add_file(self, row: ItemRow) -> None:
        """Add a row that names a photograph."""
        found = self._files.find_path(row.file)
        if not found:
            meant = self._by_name.find(_last(row.file.replace("\\", "/")))
            hint = f" Is it {meant[0]!r}?" if len(meant) == 1 else ""
            fault = f": there is no photograph {row.file!r}.{hint}"
            self._faults.add(
                row.line, fault, "rows name photographs that are not there"
            )
        elif len(found) > 1:
            fault = f": {row.file!r} can be {listed([repr(path) for path in found])}."
            self._faults.add(row.line, fault, "rows name several photographs")
        elif first := self._own.get(found[0]):
            fault = f": {row.file!r} has a row already, line {first.line}."
            self._faults.add(row.line, fault, "rows are the second of a photograph")
        else:
            self._own[found[0]] = row
            self._items[found[0]] = row.item or self._items[found[0]]

    def add_items(self, rows: Sequence[ItemRow]) -> None:
        """Add the rows that hold for all photographs of an item."""
        by_item = _gathered((item, path) for path, item in self._items.items())
        by_folder = _gathered(
            (folder, path)
            for path in self._items
            if not self._tells_item(path)
            for folder in _folders_of(path)
        )
        places = (
            Names(by_item.items()),
            Names(by_folder.items()),
            Names((_last(folder), paths) for folder, paths in by_folder.items()),
        )
        found = {}
        for row in rows:
            several = next(filter(None, (names.find(row.item) for names in places)), [])
            if len(several) == 1:
                found[row.line] = several[0]
                continue
            many = (
                f"{len(several)} folders have the name {row.item!r}: give their paths."
            )
            none = f"there is no photograph of the item {row.item!r}."
            fault = f": {many if several else none}"
            self._faults.add(row.line, fault, "items have no photograph of their own")
        # A folder within a folder counts more than the one around it.
        for row in sorted(rows, key=lambda row: len(found.get(row.line, ()))):
            self._share(row, found.get(row.line, ()))

    def _share(self, row: ItemRow, paths: Sequence[str]) -> None:
        """Give the photographs of an item its row, those that have none yet."""
        free = [path for path in paths if path not in self._shared]
        if paths and not free:
            first = self._shared[paths[0]]
            fault = f": the item {row.item!r} has a row already, line {first.line}."
            self._faults.add(row.line, fault, "rows are the second of an item")
        for path in free:
            self._shared[path] = row
            if not self._tells_item(path):
                self._items[path] = row.item

    def _tells_item(self, path: str) -> bool:
        """Whether the row of a photograph tells its item."""
        return path in self._own and bool(self._own[path].item)

    def products(self) -> Products:
        """The photographs with what was told of them."""
        photos = {
            path: _listed(item, self._shared.get(path), self._own.get(path))
            for path, item in self._items.items()
        }
        without = [p for p in photos if p not in self._own and p not in self._shared]
        told = f"photographs have no row in {self._table.path}"
        missing = [f"{len(without)} {told}: {listed(without)}."] if without else []
        columns = tuple(
            name for name in self._table.columns if name not in (FILE, ITEM, VARIANT)
        )
        problems = (*self._table.problems, *self._faults.told(), *missing)
        return Products(photos, columns, self._table.path, problems)


def _folders_of(path: str) -> Iterator[str]:
    """The folders around a photograph, the deepest first."""
    while path := path.rpartition("/")[0]:
        yield path


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _gathered(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    gathered = defaultdict(list)
    for name, path in pairs:
        gathered[name].append(path)
    return gathered


def _listed(item: str, *rows: ItemRow | None) -> Listed:
    """What rows tell of a photograph of an item; a later row counts more."""
    columns = {n: value for row in rows if row for n, value in row.columns.items()}
    variant = str(columns.pop(VARIANT, ""))
    return Listed(item, columns, variant, known_group(str(columns.get(CATEGORY, ""))))
