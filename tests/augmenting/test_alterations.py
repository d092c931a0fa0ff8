from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tiefvision.augmenting.alterations import ALTERED, alter_garment
from tiefvision.augmenting.perspective import draw_corners
from tiefvision.augmenting.views import SourcePhoto

BOX = (40.0, 30.0, 120.0, 170.0)


def plain(colour):
    return Image.new("RGB", (160, 200), colour)


def garment():
    """A photograph of a green garment on blue, and its mask."""
    image, mask = plain((0, 0, 200)), Image.new("L", (160, 200), 0)
    image.paste((0, 180, 0), (60, 50, 100, 150))
    mask.paste(255, (60, 50, 100, 150))
    return image, mask


RED = SourcePhoto(plain((220, 0, 0)))


def altered(source, seed):
    return alter_garment(source, BOX, RED, np.random.default_rng(seed))


def is_red(view):
    red, green, blue = view.astype(int).reshape(-1, 3).T
    return ((red > 120) & (green < 90) & (blue < 90)).mean() > 0.05


def test_a_view_has_the_size_of_a_crop():
    view = altered(SourcePhoto(garment()[0]), 0)
    assert view.shape == (224, 224, 3) == (ALTERED.side, ALTERED.side, 3)
    assert view.dtype == np.uint8
    assert view.flags.c_contiguous


def test_equal_generators_give_equal_views():
    source = SourcePhoto(garment()[0])
    np.testing.assert_array_equal(altered(source, 1), altered(source, 1))
    assert not np.array_equal(altered(source, 1), altered(source, 2))


def test_a_generator_that_is_used_again_gives_another_view():
    source, generator = SourcePhoto(garment()[0]), np.random.default_rng(0)
    first, second = (alter_garment(source, BOX, RED, generator) for _ in range(2))
    assert not np.array_equal(first, second)


def test_only_masked_photographs_get_another_background():
    # Half of the views get a new background, two fifths of these a part of RED.
    image, mask = garment()
    count = 100
    changed = [is_red(altered(SourcePhoto(image, mask), seed)) for seed in range(count)]
    deviation = (count * 0.2 * 0.8) ** 0.5
    assert sum(changed) == pytest.approx(count * 0.2, abs=4 * deviation)
    assert not any(is_red(altered(SourcePhoto(image), seed)) for seed in range(30))


def test_the_photograph_stays_as_it_is():
    image, mask = garment()
    kept = image.copy()
    altered(SourcePhoto(image, mask), 3)
    assert image.tobytes() == kept.tobytes()


def test_perspective_is_drawn_if_the_rules_say_so(monkeypatch):
    drawn = []

    def draw(largest_move, generator):
        drawn.append(largest_move)
        return draw_corners(largest_move, generator)

    monkeypatch.setattr("tiefvision.augmenting.views.draw_corners", draw)
    source, rules = SourcePhoto(garment()[0]), replace(ALTERED, perspective=0.1)
    plain_view = altered(source, 0)
    assert not drawn
    aslant = alter_garment(source, BOX, RED, np.random.default_rng(0), rules)
    assert drawn == [0.1]
    assert not np.array_equal(aslant, plain_view)
