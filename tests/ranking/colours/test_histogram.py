import numpy as np
import pytest

from tiefvision.ranking.colours.histogram import (
    BINS,
    colour_histogram,
    lab_bins,
    lab_histogram,
)
from tiefvision.ranking.colours.lab import srgb_to_lab
from tiefvision.ranking.registry import LAB_BINS


def test_rgb_shares_against_a_count():
    photo = np.random.default_rng(0).integers(0, 256, (6, 5, 3), dtype=np.uint8)
    expected = np.zeros((2, 2, 2))
    for red, green, blue in photo.reshape(-1, 3):
        expected[red // 128, green // 128, blue // 128] += 1 / 30
    assert colour_histogram(photo, bins=2) ** 2 == pytest.approx(expected.ravel())


def test_rgb_histograms_have_unit_length_at_any_size():
    photo = np.random.default_rng(1).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    histogram = colour_histogram(photo)
    assert histogram.shape == (BINS**3,)
    assert histogram.dtype == np.float32
    assert np.linalg.norm(histogram) == pytest.approx(1.0)
    doubled = photo.repeat(2, axis=0).repeat(3, axis=1)
    assert colour_histogram(doubled) == pytest.approx(histogram)


def test_cosine_of_rgb_histograms_worked_by_hand():
    white = np.full((2, 2, 3), 255, dtype=np.uint8)
    half_black = white.copy()
    half_black[0] = 0
    cosine = colour_histogram(white) @ colour_histogram(half_black)
    assert cosine == pytest.approx(np.sqrt(1 / 2))


def test_black_and_white_are_the_first_and_the_last_rgb_bin():
    ends = np.array([[[0, 0, 0], [255, 255, 255]]], dtype=np.uint8)
    assert np.flatnonzero(colour_histogram(ends)).tolist() == [0, BINS**3 - 1]


def naive_lab_histogram(photo, step):
    """The soft LAB histogram by loops over pixels and corners of the cube of bins."""
    middles = [tuple(middle) for middle in lab_bins(step).tolist()]
    shares = np.zeros(len(middles))
    for colour in photo.reshape(-1, 3):
        place = srgb_to_lab(table_colour(colour)) / step
        before = np.floor(place)
        found = {}
        for corner in np.ndindex(2, 2, 2):
            weight = np.prod(np.where(corner, place - before, 1 - place + before))
            middle = tuple(((before + corner) * step).tolist())
            if middle in middles:
                found[middles.index(middle)] = weight
        for number, weight in found.items():
            shares[number] += weight / sum(found.values())
    return np.sqrt(shares / shares.sum())


def table_colour(colour):
    """The colour that represents the 4 x 4 x 4 colours of its cell in the table."""
    return np.round((colour >> 2) * (255 / 63)).astype(np.uint8)


def test_lab_shares_against_a_loop():
    photo = np.random.default_rng(2).integers(0, 256, (9, 8, 3), dtype=np.uint8)
    photo[0, 0] = (0, 0, 255)  # at the edge of sRGB: some corners are no bins
    expected = naive_lab_histogram(photo, step=20.0)
    assert lab_histogram(photo, step=20.0) == pytest.approx(expected, abs=1e-4)


def test_hard_lab_shares_belong_to_the_nearest_bin():
    photo = np.random.default_rng(3).integers(0, 256, (9, 8, 3), dtype=np.uint8)
    middles = lab_bins(20.0)
    expected = np.zeros(len(middles))
    for colour in photo.reshape(-1, 3):
        apart = np.abs(middles - srgb_to_lab(table_colour(colour))).max(axis=1)
        expected[apart.argmin()] += 1 / 72
    found = lab_histogram(photo, step=20.0, soft=False)
    assert found**2 == pytest.approx(expected, abs=1e-6)


def test_lab_histogram_of_grey_worked_by_hand():
    # Level 125 represents level 127; its L is between 50 and 60.
    grey = np.full((3, 3, 3), 127, dtype=np.uint8)
    lightness = srgb_to_lab(table_colour(grey[0, 0]))[0]
    shares = lab_histogram(grey, step=10.0) ** 2
    middles = lab_bins(10.0)
    assert middles[shares > 1e-4].tolist() == [[50, 0, 0], [60, 0, 0]]
    expected = [(60 - lightness) / 10, (lightness - 50) / 10]
    assert shares[shares > 1e-4] == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("soft", [True, False])
def test_lab_histograms_have_unit_length(soft):
    photo = np.random.default_rng(4).integers(0, 256, (30, 20, 3), dtype=np.uint8)
    histogram = lab_histogram(photo, soft=soft)
    assert histogram.shape == (len(lab_bins()),)
    assert histogram.dtype == np.float32
    assert np.linalg.norm(histogram) == pytest.approx(1.0)


def test_only_bins_that_srgb_reaches_are_kept():
    middles = lab_bins()
    assert 2000 <= len(middles) <= 3000
    assert len(np.unique(middles, axis=0)) == len(middles)
    assert middles.min(axis=0) == pytest.approx([0, -250 / 3, -325 / 3])
    assert middles.max(axis=0) == pytest.approx([100, 100, 275 / 3])
    photo = np.random.default_rng(5).integers(0, 256, (600, 600, 3), dtype=np.uint8)
    filled = lab_histogram(photo, soft=False) > 0
    assert filled.mean() > 0.9


def test_soft_histograms_of_similar_shades_are_similar():
    dark, light = (np.full((2, 2, 3), level, dtype=np.uint8) for level in (100, 108))
    soft = lab_histogram(dark) @ lab_histogram(light)
    hard = lab_histogram(dark, soft=False) @ lab_histogram(light, soft=False)
    assert soft > 0.5
    assert hard in (0.0, 1.0)


def test_the_registry_knows_the_number_of_bins():
    assert len(lab_bins()) == LAB_BINS
