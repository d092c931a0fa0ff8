"""Photographs of any size and EXIF rotation give the boxes of a resized copy."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tiefvision.boxes import iou, scale_boxes
from tiefvision.engines.choice import Backend
from tiefvision.models.bundle import shipped_bundle
from tiefvision.photos.working import open_photo
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.records import photo_path, read_photos

PLAIN = (400, 600)
"""Width and height in pixels of the original of all copies."""

PEAK = """
import sys
from pathlib import Path
from tiefvision.engines.choice import Backend
from tiefvision.photos.working import open_photo
from tiefvision.models.bundle import shipped_bundle

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1])

locator = shipped_bundle().locator(Backend("cpu").inference)
locator.find(open_photo(Path(sys.argv[1])))
before = peak()
locator.find(open_photo(Path(sys.argv[2])))
print(peak() - before)
"""
"""Script that prints how much a second photograph raises the peak memory, in KiB.

Not by ``resource``: there, the peak of a process begins with that of the one that
started it, so after tests that took much memory nothing would be seen."""


@pytest.fixture(scope="module")
def locator():
    return shipped_bundle().locator(Backend("cpu").inference)


@pytest.fixture(scope="module")
def street(trained):
    """A street photograph of the demo, as an image."""
    with Workspace(trained).open("photos") as records:
        photo = next(p for p in read_photos(records) if p.source == "street")
        return Image.open(photo_path(records, photo.path)).convert("RGB").resize(PLAIN)


@pytest.fixture
def found(locator, tmp_path):
    """Save an image and return its best box, relative to width and height."""

    def find(image, name="p.png", **options):
        path = tmp_path / name
        image.save(path, **options)
        photo = open_photo(path)
        # Told or not: a photograph of 100 px is too blurred to be sure.
        garment, *_ = locator.candidates(locator.encode(photo), photo)
        box = scale_boxes(garment.box_in_image, 1 / photo.width, 1 / photo.height)
        return garment.category, box

    return find


@pytest.mark.parametrize(
    ("long_side", "suffix"), [(100, "png"), (1200, "png"), (3000, "jpg"), (8000, "jpg")]
)
def test_a_photograph_of_any_size_has_the_same_boxes(long_side, suffix, street, found):
    size = round(PLAIN[0] * long_side / PLAIN[1]), long_side
    sized = street.resize(size)
    category, box = found(sized.resize(PLAIN))
    other, same = found(sized, f"q.{suffix}")
    assert other == category
    assert iou(box, same) > 0.8


@pytest.mark.parametrize(
    "turn", [(6, Image.Transpose.ROTATE_90), (3, Image.Transpose.ROTATE_180)]
)
def test_a_photograph_with_exif_rotation(turn, street, found):
    orientation, back = turn
    exif = Image.Exif()
    exif[0x0112] = orientation
    category, box = found(street)
    other, same = found(street.transpose(back), "turned.png", exif=exif)
    assert other == category
    np.testing.assert_allclose(box, same, atol=1e-6)


@pytest.mark.parametrize("size", [(2000, 40), (40, 2000), (16, 16), (8000, 16)])
def test_a_photograph_of_an_extreme_shape_is_answered(size, locator, tmp_path):
    path = tmp_path / "p.png"
    Image.new("RGB", size, "red").save(path)
    for garment in locator.find(open_photo(path)):
        x0, y0, x1, y1 = garment.box_in_image
        assert 0 <= x0 < x1 <= size[0] and 0 <= y0 < y1 <= size[1]


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="memory is read as Linux tells it"
)
def test_a_large_photograph_takes_little_more_memory(street, tmp_path):
    small, large = tmp_path / "small.jpg", tmp_path / "large.jpg"
    street.save(small)
    street.resize((5333, 8000)).save(large, quality=85)
    arguments = [sys.executable, "-c", PEAK, str(small), str(large)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    # Decoded whole it takes 163 MiB, four bytes a pixel; at half of its sides 41 MiB,
    # and its copies as it is shrunk.
    assert int(done.stdout) < 128 * 2**10
