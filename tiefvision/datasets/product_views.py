"""Reads products photographed in several views, listed in a table.

    images.csv      columns file, product, view and, if known, colour; other columns
                    are ignored
    images/FILE

The photographs of Magento's sample shop "Luma" (OSL-3.0 and AFL-3.0) are laid out like
this: https://github.com/magento/magento2-sample-data. Its colour variants of a product
are often one photograph recoloured, so a hit is the product in any colour.
"""

import csv
import io
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from tiefvision.datasets.files import IMAGES, path_fault
from tiefvision.errors import BadDataset
from tiefvision.files import read_file

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


def read_product_views(root: Path) -> list[ProductPhoto]:
    """Lists the photographs of images.csv, in its order; opens none.

    Args:
        root: The folder that holds images.csv and images/.

    Raises:
        BadDataset: The table is missing or invalid, or lists no main view.
    """
    table = root / TABLE
    try:
        text = read_file(table).decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
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
    """The photograph of a row; the header is row 1."""
    place = f"{root / TABLE}, row {number}"
    for column in _COLUMNS:
        if not row.get(column):
            raise BadDataset(
                f"{place}: {column} is missing.",
                f"Columns needed: {', '.join(_COLUMNS)}.",
            )
    file, product, view = (str(row[column]) for column in _COLUMNS)
    if fault := path_fault(file):
        raise BadDataset(f"{place}: the file {file!r} {fault}.")
    return ProductPhoto(root / IMAGES / file, product, view, row.get("colour") or "")
