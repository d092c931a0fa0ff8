import numpy as np
import pytest

from tiefvision.locating.foreground import (
    find_foreground,
    foreground_of,
    keep_to_foreground,
)
from tiefvision.photos.working import WorkingPhoto
from tiefvision.records import Garment

BOX = (60, 40, 140, 180)


def photo(ground=245, noise=3, box=BOX, colour=(40, 60, 120)):
    """A rectangle of one colour before a ground that is nearly plain."""
    rng = np.random.default_rng(0)
    pixels = ground + rng.integers(-noise, noise + 1, (200, 200, 1))
    pixels = np.repeat(pixels, 3, axis=2).clip(0, 255).astype(np.uint8)
    x0, y0, x1, y1 = box
    pixels[y0:y1, x0:x1] = colour
    return pixels


def test_the_box_of_what_stands_before_a_plain_ground_is_found():
    assert find_foreground(photo()) == pytest.approx(BOX, abs=1)


def test_a_white_garment_before_white_is_found_by_its_folds():
    assert find_foreground(photo(ground=252, colour=(236, 236, 238))) == pytest.approx(
        BOX, abs=1
    )


def test_a_figure_that_is_cut_off_below_is_found():
    box = (60, 40, 140, 200)
    assert find_foreground(photo(box=box)) == pytest.approx(box, abs=1)


def test_dust_does_not_widen_the_box():
    pixels = photo()
    pixels[10:12, 10:12] = 0
    assert find_foreground(pixels) == pytest.approx(BOX, abs=1)


@pytest.mark.parametrize(
    "pixels",
    [
        photo(noise=60),  # a street
        photo(box=(0, 0, 0, 0)),  # nothing
        photo(box=(0, 0, 200, 50)),  # cloth with a hem
        photo(box=(1, 1, 199, 199)),  # all of it
        np.full((1, 1, 3), 255, dtype=np.uint8),
        np.full((3, 4000, 3), 255, dtype=np.uint8),
    ],
    ids=["busy", "empty", "hem", "everything", "pixel", "sliver"],
)
def test_without_a_plain_ground_or_a_foreground_there_is_no_box(pixels):
    assert find_foreground(pixels) is None


def test_the_box_is_in_pixels_of_the_full_photograph():
    reduced = WorkingPhoto(photo(), 800, 400)
    assert foreground_of(reduced) == pytest.approx((240, 80, 560, 360), abs=4)
    assert foreground_of(WorkingPhoto(photo(noise=60), 800, 400)) is None


FOREGROUND = (10.0, 10.0, 50.0, 90.0)


def test_the_outfit_gets_the_box_of_the_foreground_and_garments_are_clipped_to_it():
    found = (
        Garment("outfit", (0.0, 5.0, 45.0, 80.0), 0.9),
        Garment("lower", (5.0, 60.0, 45.0, 99.0), 0.8),
        Garment("outfit", (12.0, 12.0, 40.0, 50.0), 0.5),
        Garment("upper", (60.0, 10.0, 90.0, 50.0), 0.4),
    )
    assert keep_to_foreground(found, FOREGROUND) == (
        Garment("outfit", FOREGROUND, 0.9),
        Garment("lower", (10.0, 60.0, 45.0, 90.0), 0.8),
    )


def test_two_people_keep_their_own_boxes():
    left, right = (10.0, 10.0, 28.0, 90.0), (32.0, 10.0, 50.0, 90.0)
    found = Garment("outfit", left, 0.9), Garment("outfit", right, 0.8)
    assert keep_to_foreground(found, FOREGROUND) == found


def test_without_an_outfit_garments_are_only_clipped():
    found = (Garment("upper", (0.0, 20.0, 30.0, 50.0), 0.9),)
    assert keep_to_foreground(found, FOREGROUND) == (
        Garment("upper", (10.0, 20.0, 30.0, 50.0), 0.9),
    )
