from dataclasses import replace

import numpy as np
import pytest

from tiefvision.datasets.synth.colours import Palette
from tiefvision.datasets.synth.materials import (
    PATTERNS,
    PERIOD_HEADS,
    Material,
    draw_material,
    plain,
    recoloured,
    texture,
)

BLACK_ON_WHITE = Palette((1.0, 1.0, 1.0), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0))


def cloth(material: Material, pixel: float = 0.01, side: int = 200) -> np.ndarray:
    """A square of the cloth, `side` pixels wide: (3, side, side)."""
    steps = np.arange(side, dtype=np.float32) * np.float32(pixel)
    u, v = np.meshgrid(steps, steps)
    return texture(material, u, v, pixel)


def test_plain_cloth_is_one_colour():
    square = cloth(plain((0.1, 0.5, 0.9)))
    assert square.shape == (3, 200, 200)
    assert square.reshape(3, -1).std(axis=1).max() == pytest.approx(0.0, abs=1e-6)
    assert square[:, 0, 0] == pytest.approx([0.1, 0.5, 0.9])


def test_stripes_repeat_after_their_period_and_cover_their_share():
    stripes = Material("stripes", BLACK_ON_WHITE, period=0.2, share=0.4, motif=1)
    grey = cloth(stripes)[0]
    assert grey.mean() == pytest.approx(0.6, abs=0.02)
    assert grey[:, :100] == pytest.approx(grey[:, 20:120], abs=0.01)
    assert np.abs(grey[:, :100] - grey[:, 10:110]).mean() > 0.5
    assert grey.std(axis=0).max() == pytest.approx(0.0, abs=1e-5), "they are upright"


def test_turned_stripes_lie_across():
    stripes = Material("stripes", BLACK_ON_WHITE, 0.2, np.pi / 2, motif=1)
    assert cloth(stripes)[0].std(axis=1).max() == pytest.approx(0.0, abs=1e-3)


def test_checks_have_three_tones():
    checks = Material("checks", BLACK_ON_WHITE, period=0.4, share=0.5, motif=1)
    grey = cloth(checks)[0]
    for tone in (0.0, 0.5, 1.0):
        assert (np.abs(grey - tone) < 0.01).mean() > 0.15


def test_dots_lie_on_a_lattice_and_on_its_centres():
    dots = Material("dots", BLACK_ON_WHITE, period=0.4)
    grey = cloth(dots)[0]
    assert grey[0, 0] == grey[20, 20] == grey[40, 40] == 0.0
    assert grey[0, 20] == grey[20, 0] == 1.0


def test_a_print_fits_its_own_repeats():
    printed = Material("print", BLACK_ON_WHITE, period=1.0, motif=7)
    # Steps of 1 / 128 are exact in binary: no motif edge rounds the other way.
    square = cloth(printed, 1 / 128, 256)
    assert np.array_equal(square[:, :, :128], square[:, :, 128:])
    assert 0.05 < 1 - square.mean() < 0.8


def test_other_motifs_give_other_prints():
    printed = Material("print", BLACK_ON_WHITE, period=1.0, motif=7)
    assert np.abs(cloth(printed) - cloth(replace(printed, motif=8))).mean() > 0.05


@pytest.mark.parametrize("pattern", [name for name in PATTERNS if name != "plain"])
def test_far_away_a_pattern_melts_into_its_mean(pattern):
    material = Material(pattern, BLACK_ON_WHITE, period=0.4, share=0.4, motif=5)
    near, far = cloth(material, 0.01)[0], cloth(material, 0.5)[0]
    assert far.std() < 0.1 < near.std()
    assert far.mean() == pytest.approx(near.mean(), abs=0.08)


def test_drawn_materials_obey_their_limits():
    rng = np.random.default_rng(0)
    for _ in range(60):
        drawn = draw_material(rng, BLACK_ON_WHITE, excluded="plain")
        low, high = PERIOD_HEADS[drawn.pattern]
        assert drawn.pattern != "plain"
        assert low <= drawn.period <= high


def test_recolouring_keeps_the_pattern():
    stripes = Material("stripes", BLACK_ON_WHITE, period=0.3)
    other = Palette((0.2, 0.2, 0.8), (1.0, 1.0, 1.0), (1.0, 0.0, 0.0))
    assert recoloured(recoloured(stripes, other), BLACK_ON_WHITE) == stripes
