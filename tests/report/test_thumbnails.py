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


def middle_of_yellow(picture: np.ndarray) -> tuple[float, float]:
    """Row and column, as shares of the picture."""
    places = np.argwhere((picture[..., 0] > 180) & (picture[..., 2] < 110))
    rows, columns = (places.min(axis=0) + places.max(axis=0) + 1) / 2
    return rows / picture.shape[0], columns / picture.shape[1]


def test_a_picture_comes_back_from_its_uri():
    decoded = decode(data_uri(Image.new("RGB", (40, 30), (200, 20, 120))))
    assert decoded.shape == (30, 40, 3)
    assert decoded.mean(axis=(0, 1)) == pytest.approx((200, 20, 120), abs=4)


def test_a_photograph_gets_the_height_asked_for(photo_file):
    assert decode(thumbnail(photo_file, None)).shape == (160, 120, 3)
    assert decode(thumbnail(photo_file, None, height=80)).shape == (80, 60, 3)


def test_a_small_photograph_is_not_enlarged(photo_file):
    assert decode(thumbnail(photo_file, None, height=900)).shape == (320, 240, 3)


def test_the_box_is_where_it_is_in_the_photograph(photo_file):
    box = (
        24.0,
        64.0,
        72.0,
        160.0,
    )  # its middle at 0.2 of the width, 0.35 of the height
    found = middle_of_yellow(decode(thumbnail(photo_file, box)))
    assert found == pytest.approx((0.35, 0.2), abs=0.02)


def test_the_mirror_image_has_a_mirrored_box(tmp_path):
    ramp = np.tile(np.linspace(0, 90, 240, dtype=np.uint8)[:, None], (320, 1, 3))
    Image.fromarray(ramp).save(tmp_path / "ramp.png")
    box = (24.0, 64.0, 72.0, 160.0)
    picture = decode(thumbnail(tmp_path / "ramp.png", box, mirrored=True))
    assert picture[5, 0, 0] > 80 and picture[5, -1, 0] < 10
    assert middle_of_yellow(picture) == pytest.approx((0.35, 0.8), abs=0.02)


def test_a_panorama_is_lower_instead_of_wide(tmp_path):
    Image.new("RGB", (1600, 200)).save(tmp_path / "panorama.png")
    picture = decode(thumbnail(tmp_path / "panorama.png", (0, 0, 10, 10)))
    assert picture.shape == (40, 320, 3)


@pytest.mark.parametrize("name", ["missing.jpg", "broken.jpg", "nul\0.jpg", "."])
def test_an_unreadable_photograph_gives_a_grey_placeholder(tmp_path, name):
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff" + b"nonsense" * 9)
    picture = decode(thumbnail(Path(tmp_path / name), (0, 0, 5, 5), height=100))
    assert picture.shape == (100, 75, 3)
    assert abs(np.median(picture) - PLACEHOLDER_GREY) < 5
