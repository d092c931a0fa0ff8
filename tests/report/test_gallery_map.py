import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from tiefvision.report.gallery_map import (
    SHEET_COLUMNS,
    TILE,
    GalleryMap,
    MapTile,
    tile_picture,
    view_gallery,
)
from tiefvision.report.markup import render_page

COLOURS = [(200, 30, 30), (30, 200, 30), (30, 30, 200), (200, 200, 30)]


@pytest.fixture
def files(tmp_path):
    """Photographs of one colour each."""
    paths = [tmp_path / f"{number}.png" for number in range(len(COLOURS))]
    for path, colour in zip(paths, COLOURS, strict=True):
        Image.new("RGB", (90, 120), colour).save(path)
    return paths


def drawn(files, count):
    tiles = tuple(
        MapTile(files[number % 4], None, f"item <{number}>") for number in range(count)
    )
    cells = np.stack(np.divmod(np.arange(count), 8), axis=1)
    shown = GalleryMap(tiles, {"cosine": cells, "deeprank": cells[::-1]}, 8)
    view = view_gallery(shown)
    return render_page("gallery_map", gallery=view)


def sheet_of(html):
    content = re.search(r"base64,([^)]+)\)", html).group(1)
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(content))))


@pytest.mark.parametrize("count", [1, 4, SHEET_COLUMNS + 3])
def test_every_tile_cuts_its_own_photograph_from_the_sheet(files, count):
    html = drawn(files, count)
    sheet = sheet_of(html)
    columns, rows = sheet.shape[1] // TILE[0], sheet.shape[0] // TILE[1]
    assert f"background-size:{100 * columns}% {100 * rows}%" in html
    for number in range(count):
        place = re.search(rf"\.t{number}{{background-position:(.*?)% (.*?)%}}", html)
        # As CSS reads it: so far along what is left beside the tile.
        left = float(place.group(1)) / 100 * (sheet.shape[1] - TILE[0])
        top = float(place.group(2)) / 100 * (sheet.shape[0] - TILE[1])
        middle = sheet[round(top) + TILE[1] // 2, round(left) + TILE[0] // 2]
        np.testing.assert_allclose(middle, COLOURS[number % 4], atol=12)


def test_photographs_lie_once_in_the_page_and_stand_in_their_cells(files, parse):
    html = drawn(files, 10)
    assert html.count("base64,") == 1
    page = parse(html)
    assert page.tags.count("i") == 20
    assert ("title", "item <9>") in page.attributes
    (first, last) = re.findall(r'class="t9"[^>]*grid-area:(\d+/\d+)', html)
    assert (first, last) == ("2/2", "1/1")  # as (row, column), from 1


def test_a_tile_holds_the_box_and_what_is_around_it(tmp_path):
    """White but for a red column in the middle that is the box."""
    pixels = np.full((200, 300, 3), 255, dtype=np.uint8)
    pixels[40:160, 130:170] = (200, 0, 0)
    Image.fromarray(pixels).save(tmp_path / "column.png")
    found = np.asarray(tile_picture(tmp_path / "column.png", (130, 40, 170, 160)))
    assert found.shape == (TILE[1], TILE[0], 3)
    red = found[..., 1] < 128
    # 120 pixels of height fill 80: the column is 40 * 80 / 120 wide, in the middle.
    assert red[:, TILE[0] // 2].all()
    assert red[40].sum() == pytest.approx(40 * 80 / 120, abs=1.5)
    np.testing.assert_allclose(np.flatnonzero(red[40]).mean(), 29.5, atol=0.6)


@pytest.mark.parametrize("size", [(400, 20), (20, 400), (16, 16)])
def test_a_tile_of_a_photograph_of_any_shape(tmp_path, size):
    Image.new("RGB", size, (0, 99, 0)).save(tmp_path / "odd.png")
    for box in (None, (0.0, 0.0, float(size[0]), float(size[1]))):
        found = np.asarray(tile_picture(tmp_path / "odd.png", box))
        assert (found == (0, 99, 0)).all()


def test_a_photograph_that_is_gone_is_grey(tmp_path):
    found = np.asarray(tile_picture(tmp_path / "gone.png", None))
    assert found.shape == (TILE[1], TILE[0], 3) and np.unique(found).size == 1
