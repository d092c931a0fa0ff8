import numpy as np
import pytest

from tiefvision.ranking.colours.lab import srgb_to_lab


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        # From the calculator of brucelindbloom.com for sRGB under D65.
        ((255, 255, 255), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 255, 0), (87.73, -86.18, 83.18)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
        ((128, 128, 128), (53.59, 0, 0)),
    ],
)
def test_reference_values(colour, expected):
    lab = srgb_to_lab(np.array(colour, dtype=np.uint8))
    assert lab == pytest.approx(expected, abs=0.01)


def test_dark_greys_lie_on_the_linear_part_of_both_curves():
    # Level 5 has the linear intensity 5 / 255 / 12.92; L is 116 * 7.787 times that.
    lab = srgb_to_lab(np.array([5, 5, 5], dtype=np.uint8))
    assert lab == pytest.approx([903.3 * 5 / 255 / 12.92, 0, 0], abs=1e-3)


def test_photographs_are_converted_pixel_by_pixel():
    photo = np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    lab = srgb_to_lab(photo)
    assert lab.shape == (4, 5, 3)
    assert lab.dtype == np.float32
    for row, column in np.ndindex(4, 5):
        assert lab[row, column] == pytest.approx(
            srgb_to_lab(photo[row, column]), abs=1e-4
        )
