import base64
import io

import numpy as np
import pytest
from PIL import Image

from tiefvision.records import Garment
from tiefvision.report.pictures import (
    Marking,
    by_size,
    crop_figure,
    garment_marking,
    photo_figure,
    picture_figure,
)

HOSTILE = "\"'><script>alert(1)</script>"


def decode(uri):
    with Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def sides(box):
    return box.x, box.y, box.width, box.height


def test_boxes_are_in_pixels_of_the_photograph_whatever_the_thumbnail(photo_file):
    picture = photo_figure(photo_file, "a", 40, [Marking((24, 64, 72, 160))])
    assert (picture.width, picture.height) == (240, 320)
    assert decode(picture.source).shape == (40, 30, 3)
    (box,) = picture.boxes
    assert sides(box) == (24, 64, 48, 96) and box.state == "group-other strong"


def test_boxes_end_at_the_edge_and_those_beyond_are_left_out():
    markings = [
        *(Marking((-9, -9, 30, 30)), Marking((300, 0, 400, 9))),
        *(Marking((5, 5, 5, 9)), Marking((9, 9, 2, 2)), Marking((float("nan"),) * 4)),
    ]
    (box,) = picture_figure("/p", "a", (100, 200), markings).boxes
    assert sides(box) == (0, 0, 30, 30)


def test_mirror_images_have_mirrored_boxes():
    marking = Marking((10, 20, 30, 60), "top")
    (box,) = picture_figure("/p", "a", (100, 200), [marking], mirrored=True).boxes
    assert sides(box) == (70, 20, 20, 40)


def test_the_smaller_box_is_drawn_above_the_larger():
    small, large = Marking((5, 5, 9, 9), "top"), Marking((0, 0, 50, 50), "outfit")
    assert by_size([small, large]) == by_size([large, small]) == [large, small]


def test_a_garment_is_thin_and_named():
    garment = Garment("lower", (0.0, 0.0, 9.0, 9.0), 0.913, label="skirt")
    assert garment_marking(garment) == Marking(
        (0.0, 0.0, 9.0, 9.0), "lower", "skirt 0.91", ""
    )


def test_a_placeholder_has_no_boxes(tmp_path):
    gone = photo_figure(tmp_path / "gone.jpg", "a", 80, [Marking((0, 0, 9, 9))])
    assert gone.boxes == () and decode(gone.source).shape == (80, 60, 3)


@pytest.fixture
def halves(tmp_path):
    """Black to the left, white to the right, 200 x 100."""
    pixels = np.zeros((100, 200, 3), np.uint8)
    pixels[:, 100:] = 255
    Image.fromarray(pixels).save(tmp_path / "halves.png")
    return tmp_path / "halves.png"


def test_a_crop_is_the_part_that_searched(halves):
    crop = crop_figure(halves, "a", 50, (110.0, 20.0, 190.0, 100.0))
    pixels = decode(crop.source)
    assert pixels.shape == (50, 50, 3) and pixels.min() > 250
    assert (crop.width, crop.height, crop.boxes) == (80, 80, ())
    whole = crop_figure(halves, "a", 50, None)
    assert decode(whole.source).shape == (50, 100, 3)


def test_a_picture_is_rendered_with_its_drawing(macro):
    marking = Marking((10, 20, 30, 60), "top", HOSTILE, "")
    shown = macro("picture", picture_figure("/p/1?a&b", HOSTILE, (100, 200), [marking]))
    image = shown.find("img")
    assert (image.get("src"), image.get("alt")) == ("/p/1?a&b", HOSTILE)
    assert shown.find("svg").get("aria-hidden") == "true"
    assert shown.findtext("svg/rect/title") == HOSTILE
    assert macro("picture", picture_figure("/p", "a", (9, 9))).find("svg") is None
