import math

import numpy as np
import pytest

from tiefvision.ranking.colours.lab import srgb_to_lab
from tiefvision.ranking.words.gabor import (
    GaborRules,
    gabor_filters,
    gabor_jets,
    gabor_magnitudes,
    salient_points,
)

SMALL = GaborRules(scales=2, orientations=4, stride=4)


def wave(wavelength, angle=0.0, side=64):
    """A grey cosine wave along a direction, (side, side, 3) uint8.

    Args:
        wavelength: length of a period in pixels.
        angle: direction in radians.
        side: side of the image in pixels.
    """
    y, x = np.mgrid[:side, :side]
    along = x * math.cos(angle) + y * math.sin(angle)
    levels = np.round(128 + 60 * np.cos(2 * math.pi * along / wavelength))
    return np.repeat(levels.astype(np.uint8)[:, :, None], 3, axis=2)


def test_magnitudes_against_convolution_in_the_image():
    photo = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    magnitudes = gabor_magnitudes(photo, SMALL)
    assert magnitudes.shape == (8, 8, 8)
    lightness = np.pad(srgb_to_lab(photo)[:, :, 0].astype(float), 16, mode="reflect")
    y, x = np.mgrid[-32:32, -32:32]
    for scale, turn in ((0, 1), (1, 3)):
        pitch = 2 * math.pi / (4 * 2 ** (scale / 2))
        angle = math.pi * turn / 4
        # Equation 2 of Wiskott et al., divided by the peak of its spectrum.
        envelope = (pitch / 2 / math.pi) ** 2 / (2 * math.pi)
        envelope = envelope * np.exp(-(pitch**2) * (x**2 + y**2) / (8 * math.pi**2))
        phase = pitch * (x * math.cos(angle) + y * math.sin(angle))
        kernel = envelope * (np.exp(1j * phase) - math.exp(-2 * math.pi**2))
        for row, column in ((2, 3), (5, 6)):
            # The kernel of 64 pixels wraps around at the edges of the image.
            rows = (16 + 4 * row - np.arange(-32, 32)) % 64
            columns = (16 + 4 * column - np.arange(-32, 32)) % 64
            answer = (lightness[np.ix_(rows, columns)] * kernel).sum()
            found = magnitudes[row, column, 4 * scale + turn]
            assert found == pytest.approx(abs(answer), rel=0.02, abs=0.02)


@pytest.mark.parametrize("turn", [0, 2, 4])
def test_filter_of_a_waves_orientation_responds_most(turn):
    rules = GaborRules(scales=3, orientations=8)
    magnitudes = gabor_magnitudes(wave(4 * math.sqrt(2), math.pi * turn / 8), rules)
    inner = magnitudes[4:-4, 4:-4]
    assert (inner.argmax(axis=2) == 8 + turn).all()
    # Half of the amplitude: 60 levels around 128 are about 25 units of lightness.
    assert inner.max(axis=2) == pytest.approx(12.0, abs=1.0)


def test_filters_have_no_gain_at_zero_and_at_most_one():
    filters = gabor_filters((64, 64), 5, 8)
    assert filters.shape == (40, 64, 64)
    assert filters[:, 0, 0] == pytest.approx(0, abs=1e-6)
    assert 0.9 < filters.max() <= 1


def test_a_plain_crop_has_no_jets():
    plain = np.full((64, 64, 3), 200, dtype=np.uint8)
    jets = gabor_jets(plain)
    assert jets.shape == (0, 40)
    assert jets.dtype == np.float32


def test_jets_have_unit_length_at_any_contrast():
    strong = wave(8)
    weak = (128 + (strong.astype(int) - 128) // 3).astype(np.uint8)
    jets, others = gabor_jets(strong), gabor_jets(weak)
    assert jets.dtype == np.float32
    assert np.linalg.norm(jets, axis=1) == pytest.approx(1.0)
    assert (jets.mean(axis=0) @ others.mean(axis=0)) > 0.95


def test_salient_points_are_sorted_by_energy_without_weak_ones():
    energy = np.array([[0.5, 3.0, 2.0], [9.0, 1.0, 1.5]], dtype=np.float32)
    rules = GaborRules(least_energy=1.0, most=3)
    assert salient_points(energy, rules).tolist() == [[1, 0], [0, 1], [0, 2]]


def test_sizes_need_not_be_multiples_of_the_stride():
    photo = np.random.default_rng(1).integers(0, 256, (37, 50, 3), dtype=np.uint8)
    assert gabor_magnitudes(photo, SMALL).shape == (10, 13, 8)
