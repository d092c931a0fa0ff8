"""A gallery as maps, one for each ranker: what lies together is alike to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tiefvision.errors import UnreadablePhoto
from tiefvision.photos.working import open_photo
from tiefvision.progress import Track, untracked
from tiefvision.records import Box
from tiefvision.report.colours import ranker_classes
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
        photo: file of the photograph.
        box_in_image: part that is shown, in pixels of the photograph as it is in the
            file; None for all of it.
        name: name of the item, which the pointer shows.
    """

    photo: Path
    box_in_image: Box | None
    name: str


@dataclass(frozen=True)
class GalleryMap:
    """Maps of the same photographs.

    Attributes:
        tiles: N photographs.
        cells: per ranker, the cell of each photograph, (N, 2) as (column, row), from 0.
        side: columns, and rows, of the grid.
    """

    tiles: tuple[MapTile, ...]
    cells: Mapping[str, NDArray[np.int64]]
    side: int


@dataclass(frozen=True)
class TileView:
    """A photograph on every map.

    Attributes:
        place: where the sheet holds it, as CSS "background-position".
        name: what the pointer shows.
    """

    place: str
    name: str


@dataclass(frozen=True)
class MapView:
    """The map of one ranker.

    Attributes:
        ranker: name of the ranker.
        state: CSS class of the ranker's colour.
        cells: cell of each photograph as "row/column", counted from 1.
    """

    ranker: str
    state: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class GalleryView:
    """Maps as the page shows them.

    Attributes:
        sheet: one picture of all photographs, as a data URI.
        sheet_size: size of the sheet over that of a tile, as CSS "background-size".
        tiles: the photographs.
        maps: one map a ranker.
        side: columns, and rows, of the grid.
    """

    sheet: str
    sheet_size: str
    tiles: tuple[TileView, ...]
    maps: tuple[MapView, ...]
    side: int


def view_gallery(shown: GalleryMap, track: Track = untracked) -> GalleryView:
    """Maps side by side; all cut their photographs from one sheet.

    Args:
        shown: maps of at least one photograph.
        track: shows progress over the photographs.
    """
    columns = min(SHEET_COLUMNS, len(shown.tiles))
    rows = -(-len(shown.tiles) // columns)
    sheet = Image.new("RGB", (columns * TILE[0], rows * TILE[1]))
    tiles = []
    for number, tile in enumerate(
        track(shown.tiles, "Drawing the map", len(shown.tiles))
    ):
        row, column = divmod(number, columns)
        picture = tile_picture(tile.photo, tile.box_in_image)
        sheet.paste(picture, (column * TILE[0], row * TILE[1]))
        place = f"{_percent(column, columns)} {_percent(row, rows)}"
        tiles.append(TileView(place, tile.name))
    states = ranker_classes(shown.cells)
    maps = tuple(
        MapView(
            ranker,
            states[ranker],
            tuple(f"{row + 1}/{column + 1}" for column, row in cells.tolist()),
        )
        for ranker, cells in shown.cells.items()
    )
    size = f"{100 * columns}% {100 * rows}%"
    return GalleryView(data_uri(sheet), size, tuple(tiles), maps, shown.side)


def tile_picture(path: Path, box_in_image: Box | None) -> Image.Image:
    """A box and what is around it, of the size of a tile; grey if it cannot be read.

    Args:
        path: file of the photograph.
        box_in_image: in pixels of the photograph as it is in the file; None for all.
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


def _percent(number: int, count: int) -> str:
    """CSS "background-position" that shows part ``number`` of ``count``, from 0."""
    return f"{100 * number / max(1, count - 1):.4g}%"
