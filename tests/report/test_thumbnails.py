import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tiefvision.report.thumbnails import PLACEHOLDER_GREY, data_uri, thumbnail


def decode(uri: str) -> np.ndarray:
    start, _, data = uri.partition(",")
    assert start == "data:image/jpeg;base64"
    with Image.open(io.BytesIO(base64.b64decode(data))) as image:
        assert image.format == "JPEG"
        return np.asarray(image.convert("RGB")).astype(int)


def test_a_picture_comes_back_from_its_uri():
    decoded = decode(data_uri(Image.new("RGB", (40, 30), (200, 20, 120))))
    assert decoded.shape == (30, 40, 3)
    assert decoded.mean(axis=(0, 1)) == pytest.approx((200, 20, 120), abs=4)


def test_a_photograph_gets_the_height_asked_for(photo_file):
    assert decode(thumbnail(photo_file).source).shape == (160, 120, 3)
    assert decode(thumbnail(photo_file, height=80).source).shape == (80, 60, 3)


def test_a_small_photograph_is_not_enlarged(photo_file):
    assert decode(thumbnail(photo_file, height=900).source).shape == (320, 240, 3)


def test_a_part_has_the_height_asked_for(photo_file):
    small = thumbnail(photo_file, 80, (24.0, 64.0, 184.0, 224.0))
    assert decode(small.source).shape == (80, 80, 3) and small.size == (160, 160)


@pytest.mark.parametrize("box", [(500, 500, 600, 600), (-9, -9, 0, 0), (3, 3, 3, 3)])
def test_a_part_that_is_not_there_is_a_pixel(photo_file, box):
    assert decode(thumbnail(photo_file, 80, box).source).shape == (1, 1, 3)


def test_the_mirror_image_is_mirrored(tmp_path):
    ramp = np.tile(np.linspace(0, 90, 240, dtype=np.uint8)[:, None], (320, 1, 3))
    Image.fromarray(ramp).save(tmp_path / "ramp.png")
    picture = decode(thumbnail(tmp_path / "ramp.png", mirrored=True).source)
    assert picture[5, 0, 0] > 80 and picture[5, -1, 0] < 10


def test_a_panorama_is_lower_instead_of_wide(tmp_path):
    Image.new("RGB", (1600, 200)).save(tmp_path / "panorama.png")
    picture = decode(thumbnail(tmp_path / "panorama.png").source)
    assert picture.shape == (40, 320, 3)


@pytest.mark.parametrize("name", ["missing.jpg", "broken.jpg", "nul\0.jpg", "."])
def test_an_unreadable_photograph_gives_a_grey_placeholder(tmp_path, name):
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff" + b"nonsense" * 9)
    small = thumbnail(Path(tmp_path / name), 100, (0, 0, 5, 5))
    assert not small.is_photo and small.size == (75, 100)
    picture = decode(small.source)
    assert picture.shape == (100, 75, 3)
    assert abs(np.median(picture) - PLACEHOLDER_GREY) < 5
