import numpy as np
import pytest
from PIL import Image

from tiefvision.augmenting.nothing import (
    KINDS,
    SIDES,
    nothing_scene,
    paint_kind,
    paint_nothing,
    strip_beside,
)
from tiefvision.augmenting.scenes import UNLABELLED, Scene


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_of_each_kind_follows_from_its_seed(kind):
    one, same, other = (
        paint_kind(kind, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert one.dtype == np.uint8 and one.shape[2] == 3
    assert all(SIDES[0] <= side < SIDES[1] for side in one.shape[:2])
    assert np.array_equal(one, same)
    assert one.shape != other.shape or not np.array_equal(one, other)


def test_all_kinds_are_painted():
    generator = np.random.default_rng(0)
    spreads = [paint_nothing(generator).std(axis=(0, 1)).max() for _ in range(40)]
    assert min(spreads) < 3 and max(spreads) > 60


def test_a_painted_scene_is_background_without_garments():
    scene = nothing_scene(np.random.default_rng(0), UNLABELLED)
    assert scene.garments == ()
    assert scene.labels.size == scene.image.size
    assert scene.labels.getextrema() == (UNLABELLED, UNLABELLED)


def street(people):
    """A scene whose left half is red, with people (left, right) labelled 5."""
    image = Image.new("RGB", (100, 60), (0, 0, 255))
    image.paste((255, 0, 0), (0, 0, 50, 60))
    labels = Image.new("L", image.size)
    if people:
        labels.paste(5, (people[0], 10, people[1], 60))
    return Scene(image, labels)


def test_the_wider_strip_beside_people_is_cut_out():
    strip = strip_beside(street((60, 90)))
    assert strip.image.size == (60, 60) and strip.garments == ()
    assert strip.labels.getextrema() == (0, 0)
    strip = strip_beside(street((10, 40)))
    assert strip.image.size == (60, 60)
    assert strip.image.getpixel((59, 0)) == (0, 0, 255)


@pytest.mark.parametrize("people", [(15, 90), None])
def test_where_people_leave_no_room_or_are_unknown_there_is_no_strip(people):
    assert strip_beside(street(people)) is None
