from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tiefvision.distilling.views import (
    PADDING,
    SourcePhoto,
    ViewRules,
    draw_region,
    draw_view,
)

PLAIN = ViewRules(
    side=32, jitter=0, cut_out=0, rotated=0, padded=0, blurred=0, compressed=0
)


def gradient(width=120, height=90):
    columns = np.linspace(0, 255, width, dtype=np.uint8)
    pixels = np.repeat(np.broadcast_to(columns, (height, width))[..., None], 3, 2)
    return Image.fromarray(pixels.copy())


def masked(width=100, height=150):
    """A red figure on blue."""
    image = Image.new("RGB", (width, height), (0, 0, 255))
    mask = Image.new("L", (width, height), 0)
    box = (30, 20, 70, 140)
    image.paste((255, 0, 0), box)
    mask.paste(255, box)
    return SourcePhoto(image, mask)


@pytest.mark.parametrize("source", [SourcePhoto(gradient()), masked()])
def test_regions_lie_inside_the_photograph(source):
    generator = np.random.default_rng(0)
    width, height = source.image.size
    for _ in range(200):
        x0, y0, x1, y1 = draw_region(source, ViewRules(), generator)
        assert 0 <= x0 < x1 <= width + 1e-9
        assert 0 <= y0 < y1 <= height + 1e-9
        assert x1 - x0 > 5 and y1 - y0 > 5


def test_a_plain_view_is_the_region():
    source = SourcePhoto(gradient())
    view = draw_view(source, (0, 0, 60, 90), [], PLAIN, np.random.default_rng(0))
    view = min(view, view[:, ::-1], key=lambda pixels: int(pixels[0, 0, 0]))
    assert view.shape == (32, 32, 3) and view.dtype == np.uint8
    assert view[16, 0, 0] < 5
    assert 120 < view[16, -1, 0] < 130


def test_a_cut_out_keeps_the_figure_and_loses_the_ground():
    source = masked()
    rules = replace(PLAIN, cut_out=1.0)
    for seed in range(10):
        view = draw_view(
            source, (0, 0, 100, 150), [source], rules, np.random.default_rng(seed)
        ).astype(int)
        assert np.abs(view[16, 16] - (255, 0, 0)).max() < 10
    grounds = {
        tuple(draw_view(source, (0, 0, 100, 150), [source], rules, generator)[1, 1])
        for generator in map(np.random.default_rng, range(10))
    }
    assert len(grounds) > 3


@pytest.mark.parametrize("degrees", [0.0, 1e-9])
def test_beyond_the_edge_is_padding(degrees):
    rules = replace(PLAIN, padded=1.0, rotated=1.0, degrees=degrees)
    source = SourcePhoto(Image.new("RGB", (60, 60), (255, 255, 255)))
    view = draw_view(source, (-60, -60, 60, 60), [], rules, np.random.default_rng(3))
    corners = {tuple(view[0, 0].tolist()), tuple(view[0, -1].tolist())}
    assert corners == {PADDING}
    assert {tuple(view[-1, column].tolist()) for column in (2, -3)} == {
        PADDING,
        (255, 255, 255),
    }


def test_a_view_comes_back_for_a_seed():
    source = masked()
    region = (10.0, 10.0, 80.0, 120.0)
    views = [
        draw_view(source, region, [source], ViewRules(), np.random.default_rng(seed))
        for seed in (5, 5, 6)
    ]
    assert np.array_equal(views[0], views[1])
    assert not np.array_equal(views[0], views[2])
