import numpy as np
import pytest

from tiefvision.ranking.histogram import BINS, colour_histogram


def test_shares_against_counting():
    photo = np.random.default_rng(0).integers(0, 256, (6, 5, 3), dtype=np.uint8)
    expected = np.zeros((2, 2, 2))
    for red, green, blue in photo.reshape(-1, 3):
        expected[red // 128, green // 128, blue // 128] += 1 / 30
    assert colour_histogram(photo, bins=2) ** 2 == pytest.approx(expected.ravel())


def test_it_has_unit_length_whatever_the_size():
    photo = np.random.default_rng(1).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    histogram = colour_histogram(photo)
    assert histogram.shape == (BINS**3,)
    assert histogram.dtype == np.float32
    assert np.linalg.norm(histogram) == pytest.approx(1.0)
    doubled = photo.repeat(2, axis=0).repeat(3, axis=1)
    assert colour_histogram(doubled) == pytest.approx(histogram)


def test_the_cosine_of_halves_is_worked_by_hand():
    white = np.full((2, 2, 3), 255, dtype=np.uint8)
    half_black = white.copy()
    half_black[0] = 0
    cosine = colour_histogram(white) @ colour_histogram(half_black)
    assert cosine == pytest.approx(np.sqrt(1 / 2))


def test_the_ends_of_the_range_are_the_first_and_the_last_bin():
    ends = np.array([[[0, 0, 0], [255, 255, 255]]], dtype=np.uint8)
    assert np.flatnonzero(colour_histogram(ends)).tolist() == [0, BINS**3 - 1]
