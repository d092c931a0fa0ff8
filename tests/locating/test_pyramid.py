import numpy as np
import pytest

from tiefvision.boxes import union_box
from tiefvision.encoders.architectures import ARCHITECTURES
from tiefvision.encoders.dense import make_encoder
from tiefvision.locating.pyramid import (
    Pyramid,
    encode_levels,
    level_border,
    level_of_map,
    level_size,
)
from tiefvision.locating.windows import windows_in_image


@pytest.fixture(scope="module")
def alexnet():
    return make_encoder("alexnet", "random")


def photo_of(width, height):
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3))
    return pixels.astype(np.uint8)


def test_sizes_by_hand():
    assert level_size(550, 825, 256) == (171, 256)
    assert level_size(825, 550, 512) == (512, 341)
    assert level_size(100, 100, 384) == (384, 384)
    assert level_size(8000, 100, 256) == (256, 16)  # not 3
    assert level_size(1, 9000, 512) == (16, 512)


@pytest.mark.parametrize(
    ("size", "sides"),
    [
        ((20, 20), (256,)),
        ((10, 63), (256,)),
        ((10, 64), (512, 256)),
        ((96, 20), (512, 768, 256)),
        ((2000, 3000), (512, 768, 256)),
    ],
)
def test_a_photograph_is_not_blown_up_beyond_the_smallest_level(size, sides):
    assert Pyramid((512, 768, 256)).sides_for(*size) == sides


def test_a_thumbnail_is_encoded_at_its_smallest_level_alone(alexnet):
    levels = encode_levels(alexnet, photo_of(20, 16), 20, 16, Pyramid())
    (level,) = levels
    assert (level.scale_x, level.scale_y) == (256 / 20, 205 / 16)


def test_borders_by_hand():
    assert level_border(512, 341, least=48) == (48, 48)
    assert level_border(171, 256, least=48) == (48, 48)
    assert level_border(256, 16, least=48) == (48, 104)
    assert level_border(171, 256, least=0) == (27, 0)  # (224 - 171) / 2, rounded up


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize("size", [(8000, 100), (100, 8000), (100, 100), (1, 1)])
def test_every_level_has_a_window_whatever_the_shape(name, size):
    encoder = make_encoder(name, "random")
    pyramid = Pyramid(long_sides=(224, 256), border=0)
    # Pixels may come at another size than the photograph that boxes refer to.
    pixels = photo_of(min(size[0], 500), min(size[1], 500))
    levels = encode_levels(encoder, pixels, *size, pyramid)
    assert len(levels) == (1 if size == (1, 1) else 2)
    for level in levels:
        assert level.rows >= 1
        assert level.columns >= 1


@pytest.mark.parametrize("size", [(300, 200), (200, 300), (2000, 50)])
def test_the_windows_of_the_default_pyramid_cover_the_photograph(alexnet, size):
    width, height = size
    pyramid = Pyramid()
    levels = encode_levels(alexnet, photo_of(width, height), width, height, pyramid)
    assert [max(level_size(width, height, side)) for side in pyramid.long_sides] == [
        256,
        384,
        512,
    ]
    for level in levels:
        x0, y0, x1, y1 = union_box(windows_in_image(level))
        # Up to a stride: the last cell that fits may end before the border does.
        across, down = 16 / level.scale_x, 16 / level.scale_y
        assert x0 <= 0 <= width <= x1 + across
        assert y0 <= 0 <= height <= y1 + down
        assert x0 == -level.border[0] / level.scale_x
        assert y0 == -level.border[1] / level.scale_y


def test_a_window_sees_the_crop_that_it_claims(alexnet):
    """Changing a patch changes exactly the windows whose crops contain it."""
    size = (320, 320)
    pyramid = Pyramid(long_sides=(640,), border=48)
    pixels = photo_of(*size)
    changed = pixels.copy()
    patch = (100, 180, 110, 190)
    changed[180:190, 100:110] = 255 - changed[180:190, 100:110]
    (before,) = encode_levels(alexnet, pixels, *size, pyramid)
    (after,) = encode_levels(alexnet, changed, *size, pyramid)
    apart = abs(before.cells - after.cells).sum(0)
    middle = before.window // 2
    # The receptive field of a window's middle cell is 195 of its 224 px.
    moved = apart[middle : middle + before.rows, middle : middle + before.columns] > 0
    x0, y0, x1, y1 = windows_in_image(before).T
    holds = (x0 <= patch[0]) & (y0 <= patch[1]) & (x1 >= patch[2]) & (y1 >= patch[3])
    touches = (x0 < patch[2] + 1) & (y0 < patch[3] + 1)
    touches &= (x1 > patch[0] - 1) & (y1 > patch[1] - 1)
    moved = moved.ravel()
    assert 0 < holds.sum() < touches.sum() < len(moved)
    assert not moved[~touches].any()
    inner = (x0 + 15 <= patch[0]) & (y0 + 15 <= patch[1])
    inner &= (x1 - 15 >= patch[2]) & (y1 - 15 >= patch[3])
    assert moved[inner].all()


def test_a_level_can_be_rebuilt_from_its_map(alexnet):
    pyramid = Pyramid(long_sides=(256, 300))
    levels = encode_levels(alexnet, photo_of(200, 120), 400, 240, pyramid)
    for level, side in zip(levels, pyramid.long_sides, strict=True):
        again = level_of_map(level.cells, 400, 240, side, pyramid, alexnet.architecture)
        assert again.cells is level.cells
        for name in ("scale_x", "scale_y", "stride", "window", "border"):
            assert getattr(again, name) == getattr(level, name), name
        assert level.scale_x == side / 400
        assert level.stride == 16
        assert level.window == 11
