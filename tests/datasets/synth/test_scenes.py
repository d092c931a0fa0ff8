import numpy as np
import pytest

from tiefvision import boxes
from tiefvision.datasets.synth.items import draw_item
from tiefvision.datasets.synth.scenes import (
    LARGEST_OCCLUSION,
    SHOP_SIZE,
    STREET_COVERAGE,
    STREET_SIZES,
    shop_scene,
    street_scene,
)


@pytest.fixture(scope="module")
def shop_scenes():
    return [shop_scene(draw_item(0, 4 * n), np.random.default_rng(n)) for n in range(5)]


@pytest.fixture(scope="module")
def street_scenes():
    return [
        street_scene(draw_item(0, 3 * n), np.random.default_rng([9, n]))
        for n in range(20)
    ]


def mask_box(mask):
    rows, columns = np.nonzero(mask)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def test_boxes_are_those_of_the_masks(shop_scenes, street_scenes):
    for scene in shop_scenes + street_scenes:
        assert scene.visible.shape == scene.photo.shape[:2]
        assert scene.box_in_image == mask_box(scene.visible)


def test_shop_photographs_are_clean(shop_scenes):
    for scene in shop_scenes:
        height, width = scene.photo.shape[:2]
        assert (width, height) == SHOP_SIZE
        assert scene.hidden_share == 0.0
        # The corner is ground: light, and nearly grey.
        corner = scene.photo[:20, :20].reshape(-1, 3).astype(float)
        assert corner.mean() > 200
        assert np.ptp(corner.mean(axis=0)) < 20


def test_the_garment_stands_out_from_the_shop_ground(shop_scenes):
    for scene in shop_scenes:
        x0, y0, x1, y1 = (round(side) for side in scene.box_in_image)
        height, width = scene.photo.shape[:2]
        assert 0 < x0 < x1 < width
        assert 0 < y0 < y1 < height
        inside = scene.photo[scene.visible].astype(float)
        assert np.abs(inside - scene.photo[:20, :20].mean()).mean() > 15


def test_street_garments_fill_their_share_of_the_photograph(street_scenes):
    low, high = STREET_COVERAGE
    shares = []
    for scene in street_scenes:
        height, width = scene.photo.shape[:2]
        assert (width, height) in STREET_SIZES
        shares.append(float(boxes.area(scene.box_in_image)) / (width * height))
    assert low * 0.7 < min(shares) < 0.15
    assert 0.3 < max(shares) < high * 1.05


def test_garments_are_hidden_in_part_but_never_too_much(street_scenes):
    hidden = [scene.hidden_share for scene in street_scenes]
    assert max(hidden) <= LARGEST_OCCLUSION
    assert np.mean(np.array(hidden) > 0.02) > 0.2


def test_a_scene_depends_on_its_numbers_alone():
    item = draw_item(0, 3)
    first, second = (street_scene(item, np.random.default_rng(5)) for _ in range(2))
    other = street_scene(item, np.random.default_rng(6))
    assert np.array_equal(first.photo, second.photo)
    assert first.box_in_image == second.box_in_image != other.box_in_image
