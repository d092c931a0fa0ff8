import numpy as np
import pytest

from tiefvision.datasets.synth.colours import (
    PALETTES_LCH,
    darker,
    draw_palette,
    dyed,
    oklch_to_rgb,
)


@pytest.mark.parametrize(
    ("lch", "rgb"),
    [
        ((0.0, 0.0, 0.0), (0, 0, 0)),
        ((0.62796, 0.25768, 29.234), (255, 0, 0)),
        ((0.86644, 0.29483, 142.495), (0, 255, 0)),
        ((0.45201, 0.31321, 264.052), (0, 0, 255)),
    ],
)
def test_the_corners_of_srgb_are_where_css_has_them(lch, rgb):
    assert tuple(round(255 * part) for part in oklch_to_rgb(lch)) == rgb


def test_colours_out_of_range_are_clipped():
    assert all(0.0 <= part <= 1.0 for part in oklch_to_rgb((0.9, 0.4, 150.0)))


def test_dye_lots_of_a_palette_differ_but_little():
    lots = [dyed(0, np.random.default_rng(seed)).base for seed in range(20)]
    spread = np.ptp(np.array(lots), axis=0)
    assert (spread > 0).all()
    assert (spread < 0.15).all()


def test_a_palette_can_be_excluded():
    rng = np.random.default_rng(0)
    excluded = np.array(oklch_to_rgb(PALETTES_LCH[0][0]))
    for _ in range(40):
        drawn = np.array(draw_palette(rng, excluded=0).base)
        assert np.abs(drawn - excluded).max() > 0.1


def test_darker_keeps_the_hue():
    assert darker((1.0, 0.5, 0.2), 0.5) == (0.5, 0.25, 0.1)
