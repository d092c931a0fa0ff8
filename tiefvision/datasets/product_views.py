"""Reads products photographed in several views, listed in a table.

    images.csv      columns file, product, view and, if known, colour; other columns
                    are ignored
    images/FILE

The photographs of Magento's sample shop "Luma" (OSL-3.0 and AFL-3.0) are laid out like
this: https://github.com/magento/magento2-sample-data. Its colour variants of a product
are often one photograph recoloured, so a hit is the product in any colour.
"""

import zlib
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from tiefvision.datasets.files import IMAGES, path_fault
from tiefvision.datasets.tables import read_rows
from tiefvision.errors import BadDataset

TABLE = "images.csv"

MAIN_VIEW = "main"
"""View in which a shop lists a product."""

QUERY_VIEWS = ("back", "alt1")
"""Views that search for the main one: from behind, and a detail."""

Half = Literal["choosing", "reporting"]
"""Halves of the products: settings are chosen on one, figures are reported of the
other."""

HALVES: tuple[Half, ...] = get_args(Half)


def half_of(product: str) -> Half:
    """The half that a product belongs to, which depends on its name alone."""
    return HALVES[zlib.crc32(product.encode()) % 2]


_COLUMNS = ("file", "product", "view")


@dataclass(frozen=True)
class ProductPhoto:
    """One photograph of a product.

    Attributes:
        path: The file.
        product: Name that all photographs of the product share.
        view: View, such as "main", "back" or "alt1".
        colour: Colour of the variant, "" if unknown.
    """

    path: Path
    product: str
    view: str
    colour: str = ""


def read_product_views(root: Path) -> tuple[list[ProductPhoto], list[str]]:
    """Lists the photographs of images.csv, in its order; opens none.

    Args:
        root: The folder that holds images.csv and images/.

    Returns:
        The photographs, and a sentence for each line that names none.

    Raises:
        BadDataset: The table is missing or cannot be read, lacks a column, or lists no
            main view.
    """
    table = root / TABLE
    if not table.is_file():
        raise BadDataset(
            f"{root} does not hold products by view: there is no {table}.",
            f"Name the folder that holds {TABLE} and {IMAGES}/.",
        )
    photos: dict[str, ProductPhoto] = {}
    rows = read_rows(table, lambda row: not _fault(header, row, photos))
    _, header = next(rows, (1, []))
    missing = [column for column in _COLUMNS if column not in header]
    if isinstance(header, str) or missing:
        raise BadDataset(
            f"{table}, line 1: the header lacks {', '.join(missing or _COLUMNS)}.",
            f"Columns needed: {', '.join(_COLUMNS)}.",
        )
    skipped = []
    for line, row in rows:
        if not row:
            continue
        fault = row if isinstance(row, str) else _fault(header, row, photos)
        if fault:
            skipped.append(f"{table}, line {line}{fault}")
        else:
            cells = dict(zip(header, row, strict=False))
            file, product, view = (cells[column] for column in _COLUMNS)
            photos[file] = ProductPhoto(
                root / IMAGES / file, product, view, cells.get("colour", "")
            )
    if not any(photo.view == MAIN_VIEW for photo in photos.values()):
        message = f"{table} lists no photograph whose view is {MAIN_VIEW}."
        raise BadDataset(message, reasons=skipped)
    return [*photos.values()], skipped


def _fault(header: Sequence[str], row: Sequence[str], known: Container[str]) -> str:
    """Why the cells of a line name no further photograph; "" if they do."""
    cells = dict(zip(header, row, strict=False))
    for column in _COLUMNS:
        if not cells.get(column):
            return f": {column} is missing."
    again = "is there again" if cells["file"] in known else ""
    fault = path_fault(cells["file"]) or again
    return f": the file {cells['file']!r} {fault}." if fault else ""
