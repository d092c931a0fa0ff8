from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tiefvision.augmenting.perspective import SQUARE, draw_corners, solve_perspective
from tiefvision.augmenting.views import (
    PADDING,
    SourcePhoto,
    ViewRules,
    _take,
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


def squares(width=90, height=90):
    """Nine squares of different colours."""
    generator = np.random.default_rng(1)
    colours = generator.integers(0, 256, (3, 3, 3), dtype=np.uint8)
    pixels = colours.repeat(height // 3, axis=0).repeat(width // 3, axis=1)
    return Image.fromarray(pixels)


@pytest.mark.parametrize("angle", [0.0, 0.2])
def test_a_view_in_perspective_against_a_loop(angle):
    corners = draw_corners(0.2, np.random.default_rng(4))
    image, box, side = squares(), (10.0, 5.0, 40.0, 65.0), 30
    view = np.asarray(_take(image, box, side, angle, corners)).astype(int)
    moved, pixels = solve_perspective(corners), np.asarray(image).astype(int)
    same = []
    for row, column in np.ndindex(side, side):
        u, v, w = moved @ ((column + 0.5) / side, (row + 0.5) / side, 1.0)
        across, down = (u / w - 0.5) * 30, (v / w - 0.5) * 60
        x = 25 + across * np.cos(angle) - down * np.sin(angle)
        y = 35 + across * np.sin(angle) + down * np.cos(angle)
        if 0 <= x < 90 and 0 <= y < 90:
            nearest = pixels[int(y), int(x)]
            same.append(np.abs(view[row, column] - nearest).max() < 5)
    # Along the edges of squares colours are between both.
    assert np.mean(same) > 0.85


def test_corners_that_stay_change_nothing():
    box = (10.0, 5.0, 70.0, 65.0)
    plain, kept = (
        np.asarray(_take(squares(), box, 60, 0.3, corners)).astype(int)
        for corners in (None, SQUARE)
    )
    assert np.abs(plain - kept).max() <= 1


def test_perspective_keeps_to_the_region():
    source = SourcePhoto(Image.new("RGB", (60, 60), (255, 255, 255)))
    rules = replace(PLAIN, perspective=0.1)
    for seed in range(10):
        drawn = np.random.default_rng(seed)
        view = draw_view(source, (0, 0, 60, 60), [], rules, drawn)
        assert (view == 255).all()


def test_photograph_and_mask_get_the_same_perspective():
    # The red figure fills its mask, so none of its blue background may be left.
    source, rules = masked(), replace(PLAIN, cut_out=1.0, perspective=0.1)
    blue = (0, 0, 255)
    for seed in range(10):
        generator = np.random.default_rng(seed)
        view = draw_view(source, (20, 10, 80, 150), [source], rules, generator)
        figure = np.abs(view.astype(int) - (255, 0, 0)).max(axis=2) < 60
        assert 0.3 < figure.mean() < 0.9
        if tuple(view[1, 1]) == tuple(view[1, -2]) != blue:  # a plain new background
            old = np.abs(view.astype(int) - blue).max(axis=2) < 60
            assert old.mean() < 0.02


def test_only_perspective_takes_eight_random_numbers_more():
    # The random numbers of a view, by hand; perspective takes eight more.
    source = SourcePhoto(squares())
    for rules, more in ((PLAIN, 0), (replace(PLAIN, perspective=0.1), 8)):
        drawn, expected = np.random.default_rng(8), np.random.default_rng(8)
        draw_view(source, (10, 10, 80, 80), [], rules, drawn)
        expected.random(5)  # which of the changes
        expected.uniform(size=4)  # the box
        expected.uniform()  # degrees
        expected.random(more)
        expected.random()  # mirrored
        assert drawn.random() == expected.random()
    assert ViewRules().perspective == 0
