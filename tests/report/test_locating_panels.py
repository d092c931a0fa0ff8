import numpy as np
import pytest
from PIL import ImageColor

from tiefvision.locating.evidence import Evidence
from tiefvision.photos.working import WorkingPhoto
from tiefvision.records import Garment
from tiefvision.report.colours import group_colour
from tiefvision.report.locating_panels import (
    GROUND,
    HEAT_COLOURS,
    HEAT_OPACITY,
    MOST_VOTERS,
    PANEL_SIDE,
    draw_heat,
    draw_voters,
    shrink_photo,
)

BOX = (50.0, 100.0, 150.0, 300.0)


def grey(width=200, height=400):
    return WorkingPhoto(np.full((height, width, 3), 90, np.uint8), width, height)


def seen(voters=(), weights=()):
    boxes = np.array(voters, dtype=np.float64).reshape(-1, 4)
    return Evidence(np.zeros((48, 24), np.float32), boxes, np.array(weights))


@pytest.mark.parametrize(
    ("size", "expected"),
    [((1000, 500), (400, 200)), ((30, 60), (200, 400)), ((4000, 2), (400, 1))],
)
def test_every_photograph_gets_the_same_longer_side(size, expected):
    small = shrink_photo(grey(*size))
    assert small.pixels.shape == (expected[1], expected[0], 3)
    assert max(expected) == PANEL_SIDE and (small.width, small.height) == size


def test_the_heat_has_its_colours_at_both_ends():
    heat = np.zeros((48, 24), np.float32)
    heat[:, 12:] = 1.0
    picture = np.asarray(draw_heat(grey(), heat)).astype(float)
    for column, colour in ((2, HEAT_COLOURS[0]), (-3, HEAT_COLOURS[-1])):
        tint = np.array(ImageColor.getrgb(colour))
        expected = HEAT_OPACITY * tint + (1 - HEAT_OPACITY) * 90
        np.testing.assert_allclose(picture[200, column], expected, atol=1.5)


def test_windows_inside_the_photograph_leave_it_its_size():
    picture = np.asarray(draw_voters(grey(), (), seen([BOX], [1.0])))
    lines = np.argwhere(picture[..., 0] > 150)
    assert lines.min(axis=0).tolist() == [100, 50]
    assert lines.max(axis=0).tolist() == [299, 149]


def test_windows_beyond_the_edge_shrink_the_photograph_and_are_whole():
    window = (-200.0, 100.0, 200.0, 300.0)
    picture = np.asarray(draw_voters(grey(), (), seen([window], [1.0])))
    assert picture.shape == (400, 200, 3)
    # Half the size: the photograph fills the right half, from a quarter of the height.
    lines = np.argwhere(picture[..., 0] > 100)
    assert lines.min(axis=0).tolist() == [150, 0]
    assert lines.max(axis=0).tolist() == [249, 199]
    assert tuple(picture[120, 50]) == ImageColor.getrgb(GROUND)
    assert tuple(picture[120, 150]) == (54, 54, 54)


def test_the_more_weight_the_brighter():
    low, high = (20.0, 20.0, 60.0, 60.0), (120.0, 20.0, 160.0, 60.0)
    picture = np.asarray(draw_voters(grey(), (), seen([high, low], [1.0, 0.2])))
    assert picture[20, 140, 0] > picture[20, 40, 0] > picture[200, 100, 0]


def test_no_more_windows_than_can_be_told_apart():
    many = [(10.0, 10.0, 20.0, 20.0)] * MOST_VOTERS + [(100.0, 200.0, 150.0, 300.0)]
    picture = np.asarray(draw_voters(grey(), (), seen(many, [1.0] * len(many))))
    assert (picture[150:] == 54).all() and (picture[10, 10:20] > 200).all()


def test_the_surest_garment_is_marked():
    found = (Garment("dress", BOX, 0.9), Garment("coat", (0, 0, 20, 20), 0.5))
    picture = np.asarray(draw_voters(grey(), found, seen()))
    marked = np.argwhere(
        (picture == ImageColor.getrgb(group_colour("dress").on_dark)).all(axis=-1)
    )
    assert marked.min(axis=0).tolist() == [100, 50]
    assert marked.max(axis=0).tolist() == [299, 149]


@pytest.mark.parametrize("size", [(8000, 8), (8, 8000), (1, 1)])
def test_windows_of_a_photograph_like_a_thread_can_be_drawn(size):
    small = shrink_photo(grey(*size))
    side = 0.4 * max(size)
    window = (-0.1, -side / 2, side, side / 2 + 0.1)
    found = (Garment("belt", (0.0, 0.0, *map(float, size)), 0.9),)
    panel = draw_voters(small, found, seen([window], [1.0]))
    assert panel.size == small.pixels.shape[1::-1]
