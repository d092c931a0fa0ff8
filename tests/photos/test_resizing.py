import numpy as np
import pytest
from PIL import Image

from tiefvision.photos.resizing import crop_photo, mirror_photo, resize_photo


def numbered(height: int, width: int) -> np.ndarray:
    values = np.arange(height * width * 3, dtype=np.uint8)
    return values.reshape(height, width, 3)


def test_resizing_takes_width_before_height_and_averages():
    stripes = np.zeros((8, 12, 3), dtype=np.uint8)
    stripes[:, ::2] = 200
    small = resize_photo(stripes, 3, 2)
    assert small.shape == (2, 3, 3)
    # Without antialiasing every pixel would be one stripe's 0 or 200.
    assert np.abs(small.astype(int) - 100).max() < 30


@pytest.mark.parametrize("size", [(5, 3), (64, 31), (1, 1), (16, 200), (300, 7)])
def test_resizing_equals_pillows_up_to_rounding(size):
    photo = np.random.default_rng(0).integers(0, 256, (90, 47, 3), dtype=np.uint8)
    wanted = np.asarray(Image.fromarray(photo).resize(size, Image.Resampling.BILINEAR))
    photo.setflags(write=False)  # as a decoder may give it
    resized = resize_photo(photo, *size)
    assert resized.dtype == np.uint8 and resized.flags.c_contiguous
    assert np.abs(resized.astype(int) - wanted).max() <= 1


@pytest.mark.parametrize(
    ("box_in_image", "rows", "columns"),
    [
        ((1, 2, 3, 4), slice(2, 4), slice(1, 3)),
        ((1.9, 2.0, 3.1, 4.01), slice(2, 5), slice(1, 4)),
        ((-5, -5, 2, 99), slice(0, 6), slice(0, 2)),
        ((3, 3, 3, 3), slice(3, 4), slice(3, 4)),
        ((50, 50, 60, 60), slice(5, 6), slice(7, 8)),
        ((-9, -9, -2, -2), slice(0, 1), slice(0, 1)),
    ],
)
def test_a_crop_holds_the_pixels_that_the_box_touches(box_in_image, rows, columns):
    photo = numbered(6, 8)
    assert np.array_equal(crop_photo(photo, box_in_image), photo[rows, columns])


def test_mirroring_exchanges_left_and_right():
    photo = numbered(2, 3)
    mirrored = mirror_photo(photo)
    assert np.array_equal(mirrored[:, 0], photo[:, 2])
    assert np.array_equal(mirror_photo(mirrored), photo)
    assert mirrored.flags.c_contiguous


def test_results_share_no_memory_with_the_photograph():
    photo = numbered(6, 8)
    for result in (
        crop_photo(photo, (0, 0, 8, 6)),
        mirror_photo(photo),
        resize_photo(photo, 8, 6),
    ):
        assert not np.shares_memory(result, photo)
