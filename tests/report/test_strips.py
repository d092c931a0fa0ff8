import numpy as np
from PIL import Image, ImageColor

from tiefvision.report.colours import group_colour
from tiefvision.report.strips import CELL, FRAME, GROUND, draw_strip


def painted(path, left, right):
    """A photograph whose halves have colours of their own."""
    pixels = np.empty((320, 240, 3), np.uint8)
    pixels[:, :120], pixels[:, 120:] = left, right
    Image.fromarray(pixels).save(path)
    return path


def test_what_searched_comes_first_then_the_hits_in_order(tmp_path):
    red, blue, green = (200, 30, 30), (30, 30, 200), (30, 200, 30)
    query = painted(tmp_path / "q.png", red, blue)
    hits = [("1", painted(tmp_path / "1.png", green, green)), ("2", query)]
    strip = draw_strip(query, (120.0, 0.0, 240.0, 320.0), "skirt", hits)
    assert strip.size == (3 * CELL[0], CELL[1]) and strip.mode == "RGB"
    pixels = np.asarray(strip).astype(int)
    row = CELL[1] // 2
    # Only the right half of the query searched.
    assert tuple(pixels[row, CELL[0] // 2]) == blue
    assert (pixels[row, : CELL[0]] == red).all(axis=-1).sum() == 0
    assert tuple(pixels[row, CELL[0] + CELL[0] // 2]) == green
    assert tuple(pixels[row, 2 * CELL[0] + 20]) == red
    frame = ImageColor.getrgb(group_colour("lower").on_dark)
    assert (pixels[row, :FRAME] == frame).all()
    assert tuple(pixels[0, 0]) == frame


def test_the_rank_stands_in_the_corner(tmp_path):
    grey = painted(tmp_path / "a.png", (120,) * 3, (120,) * 3)
    first, tenth = (
        np.asarray(draw_strip(grey, None, "", [(rank, grey)]))[:, CELL[0] :]
        for rank in ("1", "10")
    )
    ground = ImageColor.getrgb(GROUND)
    for picture in (first, tenth):
        assert tuple(picture[1, 1]) == ground
        assert (picture[:24, :40].max(axis=(0, 1)) > 200).all()
    assert (first != tenth).any()


def test_a_file_that_is_gone_is_grey(tmp_path):
    gone = tmp_path / "gone.jpg"
    strip = np.asarray(draw_strip(gone, (0, 0, 9, 9), "", [("1", gone)]))
    assert strip.shape == (CELL[1], 2 * CELL[0], 3)
    assert (strip[CELL[1] // 2, CELL[0] + 40] == 158).all()
