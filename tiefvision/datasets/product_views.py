"""Products photographed from several sides: a table of files with product and view.

    images.csv      a header, then file,product,view and, if known, colour; further
                    columns are passed over
    images/FILE

Such as the photographs of Magento's sample shop, "Luma" (OSL-3.0 and AFL-3.0),
https://github.com/magento/magento2-sample-data. Colour variants of a product are often
one photograph recoloured: a hit is the product, whatever the colour.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

from tiefvision.datasets.files import IMAGES, path_fault
from tiefvision.errors import BadDataset

TABLE = "images.csv"

MAIN_VIEW = "main"
"""The photograph by which a shop shows a product."""

QUERY_VIEWS = ("back", "alt1")
"""From behind, and a detail: the views that search for the main one."""

_COLUMNS = ("file", "product", "view")


@dataclass(frozen=True)
class ProductPhoto:
    """One photograph of a product.

    Attributes:
        path: The file.
        product: What all its photographs share.
        view: Such as "main", "back" or "alt1".
        colour: Of the variant, "" if the table does not tell.
    """

    path: Path
    product: str
    view: str
    colour: str = ""


def read_product_views(root: Path) -> list[ProductPhoto]:
    """The photographs that a table lists, in its order; none is opened.

    Raises:
        BadDataset: The table is missing or broken, or lists no main view.
    """
    table = root / TABLE
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadDataset(
            f"{root} does not hold products by view: {table} cannot be read ({error}).",
            f"Name the folder that holds {TABLE} and {IMAGES}/.",
        ) from error
    photos = [_photo(root, number, row) for number, row in enumerate(rows, start=2)]
    if not any(photo.view == MAIN_VIEW for photo in photos):
        raise BadDataset(f"{table} lists no photograph whose view is {MAIN_VIEW}.")
    return photos


def _photo(root: Path, number: int, row: dict[str, str | None]) -> ProductPhoto:
    """A row of the table, whose lines count from 1, the header."""
    place = f"{root / TABLE}, row {number}"
    for column in _COLUMNS:
        if not row.get(column):
            raise BadDataset(
                f"{place}: no {column}.", f"Columns needed: {', '.join(_COLUMNS)}."
            )
    file, product, view = (str(row[column]) for column in _COLUMNS)
    if fault := path_fault(file):
        raise BadDataset(f"{place}: the file {file!r} {fault}.")
    return ProductPhoto(root / IMAGES / file, product, view, row.get("colour") or "")
