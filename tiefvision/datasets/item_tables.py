"""Reads items.csv, a shop's table of what it sells.

    file,item,title,price,category,url,season
    dresses/vd01-front.jpg,vd01,Wrap dress,"49,90 €",Dresses,https://shop/vd01,summer

Only ``file`` or ``item`` must be there; a row without a file holds for all photographs
of its item. Further columns are kept under their names in lower case.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tiefvision.datasets.entries import shown
from tiefvision.datasets.files import IMAGES
from tiefvision.datasets.line_faults import LineFaults
from tiefvision.datasets.sheets import read_sheet
from tiefvision.datasets.tables import Row, rows_of
from tiefvision.datasets.written_numbers import read_numbers, read_prices
from tiefvision.errors import BadDataset
from tiefvision.files import exists

NAMES = ("items.csv", "products.csv")
"""Names of the table; the first that there is counts."""

FILE, ITEM, CATEGORY, VARIANT = "file", "item", "category", "variant"
PRICE, URL = "price", "url"

FILE_NAMES = ("photo", "image", "filename", "path")
"""Other names that a shop gives the column of the photographs."""

TEXTS = ("title", CATEGORY, URL, VARIANT)
"""Columns that stay text although all their values may be numbers."""

TAKEN = ("photo", "group")
"""Names that a row of the catalogue has anyway, which no column may have."""

Value = str | float


@dataclass(frozen=True)
class ItemRow:
    """One row of the table.

    Attributes:
        line: number of its first line.
        file: photograph as the table names it; "" for a row of all photographs of an
            item.
        item: item; "" if the row does not tell it.
        columns: values of the other columns by name; an empty cell has none.
    """

    line: int
    file: str
    item: str
    columns: dict[str, Value]


@dataclass(frozen=True)
class ItemTable:
    """The table, as far as it can be used.

    Attributes:
        path: the file.
        columns: names of its columns, in their order.
        rows: rows that name a file or an item.
        problems: sentence for each row or value that was left out.
    """

    path: Path
    columns: tuple[str, ...]
    rows: tuple[ItemRow, ...]
    problems: tuple[str, ...] = ()


def find_item_table(root: Path) -> Path | None:
    """The table in a folder or in its ``images``; None if there is none."""
    places = [folder / name for folder in (root, root / IMAGES) for name in NAMES]
    return next((file for file in places if exists(file)), None)


def column_name(text: str) -> str:
    """The name of a column as it is stored, compared and shown.

    >>> column_name(" Sale  Price ")
    'sale price'
    """
    return " ".join(unicodedata.normalize("NFC", text).split()).lower()


def read_item_table(
    file: Path, is_file: Callable[[str], bool] = lambda name: False
) -> ItemTable:
    """Read the table; what is wrong with one row or value costs no other.

    Args:
        file: the table.
        is_file: whether a text names a photograph, by which a quote that is never
            closed is told from a cell of several lines.

    Raises:
        BadDataset: The file cannot be read, or has no column ``file`` or ``item``.
    """
    sheet = read_sheet(file)
    header: tuple[str, ...] = ()

    def swallows(row: list[str]) -> bool:
        lines = (line for cell in row for line in cell.splitlines()[1:])
        parts = (part for line in lines for part in line.split(sheet.delimiter))
        return any(is_file(part.strip(' "')) for part in parts)

    def is_record(row: list[str]) -> bool:
        return (not header or len(row) <= len(header)) and not swallows(row)

    records = rows_of(sheet.text, is_record, sheet.delimiter)
    filled = (record for record in records if any(map(str.strip, record[1])))
    first = next(filled, (1, []))
    header, complaints = _header(file, first)
    told = [sheet.warning, *complaints] if sheet.warning else complaints
    reader = _Reader(file, header, sheet.delimiter != ",")
    for line, cells in records:
        open_quote = not isinstance(cells, str) and swallows(cells)
        reader.add(line, ": a quote is not closed." if open_quote else cells)
    reader.read_values()
    problems = (*told, *reader.faults.told())
    columns = tuple(name for name in header if name)
    return ItemTable(file, columns, tuple(reader.rows), problems)


def column_names(cells: Sequence[str]) -> list[str]:
    """The name of each column, as a condition writes it.

    Without a column ``file`` the first one of ``FILE_NAMES`` is that of the
    photographs.

    >>> column_names(["Photo", "Title"]), column_names(["file", "image"])
    (['file', 'title'], ['file', 'image'])
    """
    names = [column_name(cell) for cell in cells]
    other = next((name for name in FILE_NAMES if name in names), FILE)
    if FILE not in names and other != FILE:
        names[names.index(other)] = FILE
    return names


def _header(file: Path, first: Row) -> tuple[tuple[str, ...], list[str]]:
    """Name of each column, "" for one that is left out, and complaints about them."""
    line, cells = first
    where = f"{file}, line {line}"
    names = [] if isinstance(cells, str) else column_names(cells)
    if not {FILE, ITEM} & set(names):
        found = ", ".join(filter(None, names)) or "nothing"
        raise BadDataset(
            f"{where}: the header is {found[:200]}, without {FILE} and {ITEM}.",
            f"Name the column of the photographs {FILE}, or that of the items {ITEM}.",
        )
    complaints = [
        f"{where}: the column {name} is there {count} times; the first is used."
        for name, count in Counter(filter(None, names)).items()
        if count > 1
    ]
    complaints += [
        f"{where}: the column {name} was left out, because every row has a field of "
        "this name. Give it another one."
        for name in TAKEN
        if name in names
    ]
    kept = [
        "" if name in names[:number] or name in TAKEN else name
        for number, name in enumerate(names)
    ]
    return tuple(kept), complaints


class _Reader:
    """Gathers rows and complaints, then reads the values of each column together."""

    def __init__(self, file: Path, header: Sequence[str], decimal_comma: bool) -> None:
        self.rows: list[ItemRow] = []
        self._header, self._decimal_comma = header, decimal_comma
        self.faults = LineFaults(file)

    def add(self, line: int, cells: list[str] | str) -> None:
        if isinstance(cells, str):
            self.faults.add(line, cells, "rows could not be read")
            return
        texts = [cell.strip() for cell in cells]
        if not any(texts):
            return
        if any(texts[len(self._header) :]):
            count = f"{len(texts)} cells, but the header has {len(self._header)}"
            fault = f": the row was left out: it has {count}. Is a quote missing?"
            self.faults.add(line, fault, "rows are too long and were left out")
            return
        if missing := [name for name in self._header[len(texts) :] if name]:
            end = f": the row ends before the column {missing[0]}"
            fault = f"{end}; what it has is used."
            self.faults.add(line, fault, "rows are too short")
        pairs = zip(self._header, texts, strict=False)
        columns: dict[str, Value] = {
            name: text for name, text in pairs if name and text
        }
        file, item = (str(columns.pop(name, "")) for name in (FILE, ITEM))
        if file or item:
            self.rows.append(ItemRow(line, file, item, columns))
        else:
            fault = f": the row names no {FILE} and no {ITEM}."
            self.faults.add(line, fault, f"rows name no {FILE} and no {ITEM}")

    def read_values(self) -> None:
        """Turn prices and columns of numbers into numbers, and check addresses."""
        for name in filter(None, self._header):
            holders = [row for row in self.rows if name in row.columns]
            texts = [str(row.columns[name]) for row in holders]
            if name == PRICE:
                self._read_prices(holders, texts)
            elif name == URL:
                self._check_addresses(holders)
            elif name not in TEXTS:
                numbers = read_numbers(texts, self._decimal_comma)
                for row, number in zip(
                    holders, numbers or (), strict=numbers is not None
                ):
                    row.columns[name] = number

    def _read_prices(self, holders: Sequence[ItemRow], texts: Sequence[str]) -> None:
        for row, price in zip(holders, read_prices(texts), strict=True):
            if isinstance(price, float):
                row.columns[PRICE] = price
            else:
                fault = f": the price {shown(row.columns.pop(PRICE))} {price}."
                self.faults.add(row.line, fault, "prices are no numbers")

    def _check_addresses(self, holders: Sequence[ItemRow]) -> None:
        for row in holders:
            if not is_address(str(row.columns[URL])):
                fault = (
                    f": the {URL} {shown(row.columns.pop(URL))} is not a web address."
                )
                self.faults.add(row.line, fault, "addresses are none of the web")


def is_address(text: str) -> bool:
    """Whether a link may lead there: to the web, or to a path; never to a script."""
    if re.search(r"[\s\0-\x1f\x7f]", text):
        return False
    scheme = re.match(r"([^/?#]*):", text)
    return not scheme or scheme[1].lower() in ("http", "https")
