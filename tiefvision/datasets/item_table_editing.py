"""Changes items.csv: the row of one photograph, with everything else as it was.

The table stays the only place where products are told. It is written aside and renamed,
in UTF-8 with the delimiter that it had.
"""

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from tiefvision.datasets.entries import shown
from tiefvision.datasets.item_tables import (
    FILE,
    ITEM,
    PRICE,
    TAKEN,
    URL,
    column_name,
    column_names,
    is_address,
)
from tiefvision.datasets.matching_names import Names
from tiefvision.datasets.sheets import read_sheet
from tiefvision.datasets.tables import rows_of
from tiefvision.datasets.written_numbers import read_prices
from tiefvision.errors import BadDataset, BadUsage
from tiefvision.files import exists, replace_text

MOST_NAME, MOST_TEXT = 60, 1000
"""Characters of the name of a column, and of a cell."""

Cells = list[str]


def require_values(values: Mapping[str, str]) -> dict[str, str]:
    """The values by the names of their columns, if a table can hold them.

    Args:
        values: text of each cell by column; "" for an empty one.

    Raises:
        BadUsage: A column is one that no photograph may change, or a value is too long,
            has a character that cannot be shown, or is no price or address.
    """
    named = {column_name(name): text.strip() for name, text in values.items()}
    for name, text in named.items():
        if not f"{name}{text}".isprintable():
            raise BadUsage("A column or a value has a character that cannot be shown.")
        if not name or name in (FILE, *TAKEN) or len(name) > MOST_NAME:
            raise BadUsage(f"There cannot be a column {shown(name)} of products.")
        if len(text) > MOST_TEXT:
            raise BadUsage(f"The {name} has more than {MOST_TEXT:,} characters.")
    price, url = named.get(PRICE, ""), named.get(URL, "")
    if price:
        (read,) = read_prices([price])
        if not isinstance(read, float):
            raise BadUsage(f"The price {shown(price)} {read}.", "Write 49.90.")
    if url and not is_address(url):
        raise BadUsage(f"The url {shown(url)} is not a web address.")
    if named.get(ITEM, "given") == "":
        raise BadUsage("A photograph needs an item.", "Give its identifier.")
    return named


def edit_item_table(
    file: Path, photo: str, values: Mapping[str, str], items: Mapping[str, str]
) -> None:
    """Change what a table of products tells of one photograph.

    A photograph without a row of its own gets one. A table without a column ``file``,
    or a new one, gets a row for every photograph, since the items would otherwise be
    told by other rules than before.

    Args:
        file: the table; it need not exist.
        photo: path of the photograph in the folder of the catalogue.
        values: text of each cell by column; "" empties a cell.
        items: item of every photograph of the catalogue by its path.

    Raises:
        BadUsage: See ``require_values``.
        BadDataset: A line of the table cannot be read, so that it could not be kept.
        OSError: The table cannot be written.
    """
    values = require_values(values)
    header, rows, delimiter = _read(file) if exists(file) else ([], [], ",")
    names = column_names(header)
    if FILE not in names:
        header, names = [FILE, *header], [FILE, *names]
        if ITEM not in names:
            header, names = [*header, ITEM], [*names, ITEM]
        rows = [["", *row] for row in rows]
        rows += [_filled(names, {FILE: p, ITEM: item}) for p, item in items.items()]
    for name in values:
        if name not in names:
            header.append(name)
            names.append(name)
    row = _row_of(photo, rows, names.index(FILE), items)
    if row is None:
        row = _filled(names, {FILE: photo, ITEM: items[photo]})
        rows.append(row)
    row += [""] * (len(names) - len(row))
    for name, text in values.items():
        row[names.index(name)] = text
    replace_text(file, _text([header, *rows], delimiter))


def _read(file: Path) -> tuple[Cells, list[Cells], str]:
    sheet = read_sheet(file)
    records = []
    for line, cells in rows_of(sheet.text, lambda row: True, sheet.delimiter):
        if isinstance(cells, str):
            raise BadDataset(
                f"{file}, line {line}{cells} So the table cannot be changed here.",
                "Mend the line first.",
            )
        if any(map(str.strip, cells)):
            records.append(cells)
    return (records[0], records[1:], sheet.delimiter) if records else ([], [], ",")


def _row_of(
    photo: str, rows: list[Cells], place: int, items: Mapping[str, str]
) -> Cells | None:
    """The first row that names a photograph; None if there is none."""
    known = Names((path, path) for path in items)
    for row in rows:
        if place < len(row) and known.find_path(row[place].strip()) == [photo]:
            return row
    return None


def _filled(names: list[str], values: Mapping[str, str]) -> Cells:
    return [values.get(name, "") for name in names]


def _text(rows: list[Cells], delimiter: str) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return buffer.getvalue()
