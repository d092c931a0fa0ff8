"""A gallery as maps, one for each ranker: what lies together is alike to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tiefvision.errors import UnreadablePhoto
from tiefvision.photos.working import open_photo
from tiefvision.progress import Track, untracked
from tiefvision.records import Box
from tiefvision.report.markup import Markup, element, series_class
from tiefvision.report.thumbnails import PLACEHOLDER_GREY, data_uri

TILE = (60, 80)
"""Width and height in pixels of a photograph on a map; shown at half of it, and as
large as it is under the pointer."""

SHEET_COLUMNS = 15
"""Photographs beside each other in the picture that holds them all."""


@dataclass(frozen=True)
class MapTile:
    """A photograph on a map.

    Attributes:
        photo: Its file.
        box_in_image: What of it is shown; None for all of it.
        name: What it is, as the pointer shows it.
    """

    photo: Path
    box_in_image: Box | None
    name: str


@dataclass(frozen=True)
class GalleryMap:
    """Maps of the same photographs.

    Attributes:
        tiles: N photographs.
        cells: Ranker to the cell of each, (N, 2) as (column, row).
        side: Columns, and rows, of the grid.
    """

    tiles: tuple[MapTile, ...]
    cells: Mapping[str, NDArray[np.int64]]
    side: int


def draw_gallery_map(
    shown: GalleryMap, series: Mapping[str, int], track: Track = untracked
) -> Markup:
    """Maps side by side; a photograph under the pointer is marked in all of them.

    The photographs lie once in the page, in one picture that all maps cut from.

    Args:
        shown: What to show, with at least one photograph.
        series: Numbers of the rankers' colours.
        track: Shows progress over the photographs.
    """
    maps = [
        element(
            "div",
            {"class": f"card {series_class(series.get(ranker, 0))}"},
            element("h3", {"class": "swatch"}, ranker),
            _draw_map(shown, ranker, cells),
        )
        for ranker, cells in shown.cells.items()
    ]
    return element("div", {"class": "maps"}, _style_of_tiles(shown.tiles, track), *maps)


def tile_picture(path: Path, box_in_image: Box | None) -> Image.Image:
    """A box and what is around it, of the size of a tile; grey if it cannot be read.

    Args:
        path: Of the photograph.
        box_in_image: In pixels of the photograph as it is in the file; None for all.
    """
    try:
        photo = open_photo(path)
    except UnreadablePhoto:
        return Image.new("RGB", TILE, (PLACEHOLDER_GREY,) * 3)
    height, width = photo.pixels.shape[:2]
    whole = 0.0, 0.0, float(width), float(height)
    box = photo.box_in_pixels(box_in_image) if box_in_image else whole
    cut = _around(box, width, height)
    picture = Image.fromarray(photo.pixels)
    return picture.resize(TILE, Image.Resampling.LANCZOS, box=cut, reducing_gap=3.0)


def _around(box: Box, width: int, height: int) -> Box:
    """The smallest part of a photograph that has a tile's shape and holds a box.

    Where the photograph is too narrow or too low for that, the middle of the box.
    """
    left, top, right, bottom = box
    aspect = TILE[0] / TILE[1]
    wanted = max(right - left, (bottom - top) * aspect)
    across = min(wanted, width, height * aspect)
    down = across / aspect
    x = min(max(0.0, (left + right - across) / 2), width - across)
    y = min(max(0.0, (top + bottom - down) / 2), height - down)
    return x, y, x + across, y + down


def _style_of_tiles(tiles: Sequence[MapTile], track: Track) -> Markup:
    """The picture of all photographs as the ground of every tile, and where to mark."""
    columns = min(SHEET_COLUMNS, len(tiles))
    rows = -(-len(tiles) // columns)
    sheet = Image.new("RGB", (columns * TILE[0], rows * TILE[1]))
    places = []
    for number, tile in enumerate(track(tiles, "Drawing the map", len(tiles))):
        row, column = divmod(number, columns)
        picture = tile_picture(tile.photo, tile.box_in_image)
        sheet.paste(picture, (column * TILE[0], row * TILE[1]))
        place = f"{_percent(column, columns)} {_percent(row, rows)}"
        places.append(f".t{number}{{background-position:{place}}}")
    ground = (
        f".map i{{background-image:url({data_uri(sheet)});"
        f"background-size:{100 * columns}% {100 * rows}%}}"
    )
    marked = ",".join(
        f".maps:has(.t{number}:hover) .t{number}" for number in range(len(tiles))
    )
    marking = f"{marked}{{transform:scale(2);z-index:1;outline-width:2px}}"
    return element("style", {}, Markup("\n".join([ground, *places, marking])))


def _percent(number: int, count: int) -> str:
    """Where CSS puts a picture to show the part of this number, of so many."""
    return f"{100 * number / max(1, count - 1):.4g}%"


def _draw_map(shown: GalleryMap, ranker: str, cells: NDArray[np.int64]) -> Markup:
    tiles = [
        element(
            "i",
            {
                "class": f"t{number}",
                "title": tile.name,
                "style": f"grid-area:{row + 1}/{column + 1}",
            },
        )
        for number, (tile, (column, row)) in enumerate(
            zip(shown.tiles, cells.tolist(), strict=True)
        )
    ]
    return element(
        "div",
        {
            "class": "map",
            "role": "img",
            "aria-label": f"Map of the gallery by {ranker}",
            "style": f"--side:{shown.side}",
        },
        *tiles,
    )
