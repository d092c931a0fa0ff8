import numpy as np
import pytest

from tiefvision.datasets.synth.materials import plain
from tiefvision.datasets.synth.painting import (
    Light,
    Panel,
    Seam,
    blurred,
    paint_panels,
    smooth_noise,
)
from tiefvision.datasets.synth.views import View

VIEW = View(np.array([[10.0, 0, 50], [0, 10.0, 0], [0, 0, 1]]))
GROUND = np.full((3, 80, 100), 0.5, dtype=np.float32)
FLAT = Light(contrast=0.0)


def square(left, top, right, bottom, colour=(1.0, 0.0, 0.0), **fields) -> Panel:
    """A panel that covers a rectangle of pixels."""
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    spine = np.array([[0.0, 0.0], [0.0, 8.0]])
    outline = (corners - [50, 0]) / 10.0
    return Panel(outline, plain(colour), spine, **{"lift": 0.0, **fields})


def painted(*panels, light=FLAT):
    return paint_panels(GROUND, panels, VIEW, light, np.random.default_rng(0))


def bounds(mask):
    rows, columns = np.nonzero(mask >= 0.5)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def test_the_mask_is_where_the_garment_is():
    result = painted(square(20, 10, 60, 50, role="garment"))
    assert bounds(result.whole) == pytest.approx((20, 10, 60, 50), abs=1)
    assert np.array_equal(result.whole, result.visible)
    assert result.picture[:, 30, 40] == pytest.approx([1.0, 0.0, 0.0], abs=0.01)


def test_the_ground_is_left_alone():
    before = GROUND.copy()
    result = painted(square(20, 10, 60, 50, role="garment"))
    assert np.array_equal(GROUND, before)
    assert result.picture[:, 70, 90] == pytest.approx([0.5] * 3)


def test_what_lies_in_front_hides_and_what_lies_behind_does_not():
    garment = square(20, 10, 60, 50, role="garment")
    bag = square(40, 0, 80, 80, (0.0, 0.0, 1.0), role="occluder")
    in_front, behind = painted(garment, bag), painted(bag, garment)
    assert bounds(in_front.visible) == pytest.approx((20, 10, 40, 50), abs=1)
    assert bounds(in_front.whole) == pytest.approx((20, 10, 60, 50), abs=1)
    assert bounds(behind.visible) == pytest.approx((20, 10, 60, 50), abs=1)


def test_panels_outside_the_photograph_are_skipped():
    result = painted(square(200, 10, 260, 50, role="garment"))
    assert result.whole.max() == 0.0
    assert np.array_equal(result.picture, GROUND)


def test_a_panel_cut_by_the_frame_is_painted_up_to_it():
    result = painted(square(-30, 10, 30, 120, role="garment"))
    assert bounds(result.visible) == pytest.approx((0, 10, 30, 80), abs=1)


def test_the_side_towards_the_light_is_brighter():
    panel = square(20, 10, 60, 60, (0.5, 0.5, 0.5), folds=0.0)
    light = Light(towards=(-1.0, 0.0))
    row = painted(panel, light=light).picture[0, 35]
    assert row[21] > row[40] + 0.02 > row[58] + 0.04


def test_a_lifted_panel_darkens_the_ground_beside_it():
    flat = painted(square(20, 10, 60, 60)).picture
    lifted = painted(square(20, 10, 60, 60, lift=0.5)).picture
    assert lifted[0, 35, 61] < flat[0, 35, 61] == pytest.approx(0.5, abs=1e-6)


def test_a_seam_darkens_its_line_only():
    seam = Seam(np.array([[-1.0, 1.0], [-1.0, 5.0]]), width=0.2, tone=0.4)
    row = painted(square(20, 10, 60, 60, seams=(seam,), folds=0.0)).picture[0, 35]
    assert row[40] == pytest.approx(0.4, abs=0.05)
    assert row[30] == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("radius", [1.0, 3.9, 4.1, 9.0])
def test_blurring_keeps_the_shape_and_the_mean(radius):
    plane = np.zeros((81, 63), dtype=np.float32)
    plane[30:50, 20:40] = 1.0
    soft = blurred(plane, radius)
    assert soft.shape == plane.shape
    assert soft.mean() == pytest.approx(plane.mean(), rel=0.05)
    assert 0.0 < soft[29, 30] < 1.0


def test_noise_is_smooth_and_centred():
    noise = smooth_noise(np.random.default_rng(0), (200, 300), (20, 30))
    assert noise.shape == (200, 300)
    assert abs(noise.mean()) < 0.15
    assert noise.std() == pytest.approx(0.7, abs=0.15)
    neighbours = np.corrcoef(noise[:, 1:].ravel(), noise[:, :-1].ravel())
    assert neighbours[0, 1] > 0.95
