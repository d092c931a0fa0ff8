import io

import numpy as np
import pytest
from PIL import Image

from tiefvision.errors import UnreadablePhoto
from tiefvision.photos.sources import open_source
from tiefvision.photos.working import WORKING_SIDE

ORIENTATION = 0x0112
NOISE = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)


def png(image, **options):
    buffer = io.BytesIO()
    image.save(buffer, "PNG", **options)
    return buffer.getvalue()


def turned():
    """The content of a file that lies on its side, and says how to turn it."""
    exif = Image.Exif()
    exif[ORIENTATION] = 8
    lying = Image.fromarray(NOISE).transpose(Image.Transpose.ROTATE_270)
    return png(lying, exif=exif)


def sources(folder):
    path = folder / "photo.png"
    path.write_bytes(turned())
    return {
        "path": path,
        "str": str(path),
        "bytes": turned(),
        "bytearray": bytearray(turned()),
        "memoryview": memoryview(turned()),
        "image": Image.open(io.BytesIO(turned())),
        "array": NOISE,
        "strided array": np.ascontiguousarray(NOISE[:, ::-1])[:, ::-1],
    }


def test_every_source_gives_the_same_photograph(tmp_path):
    for name, source in sources(tmp_path).items():
        photo = open_source(source)
        assert (photo.width, photo.height) == (64, 48), name
        np.testing.assert_array_equal(photo.pixels, NOISE, err_msg=name)
        assert photo.pixels.dtype == np.uint8, name


def test_an_image_is_turned_upright_and_left_as_it_was():
    image = Image.open(io.BytesIO(turned()))
    open_source(image)
    assert image.size == (48, 64)
    assert image.getexif()[ORIENTATION] == 8


def test_an_array_can_be_changed_behind_the_photograph():
    mine = NOISE.copy()
    photo = open_source(mine)
    mine[:] = 0
    np.testing.assert_array_equal(photo.pixels, NOISE)


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGBA", "LA", "CMYK", "I;16"])
def test_an_image_of_any_mode_becomes_rgb(mode):
    white = Image.new("RGB", (20, 30), "white")
    if mode == "I;16":
        image = Image.fromarray(np.full((30, 20), 65535, dtype=np.uint16))
    else:
        image = white.convert(mode)
    photo = open_source(image)
    assert photo.pixels.shape == (30, 20, 3)
    assert photo.pixels.min() == 255


def test_transparency_is_white():
    photo = open_source(Image.new("RGBA", (20, 20), (255, 0, 0, 0)))
    assert (photo.pixels == 255).all()


@pytest.mark.parametrize("as_source", [Image.fromarray, np.asarray, png])
def test_a_large_photograph_is_shrunk_and_knows_its_size(as_source):
    large = np.zeros((20, 2 * WORKING_SIDE, 3), dtype=np.uint8)
    large[:, WORKING_SIDE:] = 255
    source = as_source(Image.fromarray(large) if as_source is png else large)
    photo = open_source(source)
    assert (photo.width, photo.height) == (2 * WORKING_SIDE, 20)
    assert photo.pixels.shape == (10, WORKING_SIDE, 3)
    assert (photo.pixels[:, : WORKING_SIDE // 2 - 4] == 0).all()
    assert (photo.pixels[:, WORKING_SIDE // 2 + 4 :] == 255).all()


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((30, 40), dtype=np.uint8),
        np.zeros((30, 40, 4), dtype=np.uint8),
        np.zeros((3, 30, 40), dtype=np.uint8),
        np.zeros((30, 40, 3), dtype=np.float32),
        np.zeros((30, 40, 3), dtype=bool),
        np.zeros((0, 40, 3), dtype=np.uint8),
        np.zeros((30, 0, 3), dtype=np.uint8),
    ],
    ids=lambda array: f"{array.shape} {array.dtype}",
)
def test_an_array_that_is_no_photograph_is_refused(array):
    with pytest.raises(UnreadablePhoto, match="is no photograph"):
        open_source(array)


@pytest.mark.parametrize("as_source", [Image.fromarray, np.asarray, png])
def test_a_thumbnail_is_refused_from_every_source(as_source):
    small = np.zeros((15, 300, 3), dtype=np.uint8)
    source = as_source(Image.fromarray(small) if as_source is png else small)
    with pytest.raises(UnreadablePhoto, match=r"300 x 15 pixels, and .* least 16"):
        open_source(source)


@pytest.mark.parametrize("content", [b"", b"no photograph", turned()[:2000]])
def test_bytes_of_no_photograph_are_refused(content):
    with pytest.raises(UnreadablePhoto, match=r"^Cannot read the photograph: "):
        open_source(content)


def test_a_damaged_image_is_refused_when_it_is_decoded():
    image = Image.open(io.BytesIO(turned()[:5000]))
    with pytest.raises(UnreadablePhoto, match="Cannot use the image"):
        open_source(image)


@pytest.mark.parametrize("source", [None, 7, ["a.jpg"]], ids=repr)
def test_what_cannot_be_a_photograph_is_named(source):
    kind = type(source).__name__
    with pytest.raises(UnreadablePhoto, match=f"cannot be made of {kind}"):
        open_source(source)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UnreadablePhoto, match=r"none\.jpg: no such file"):
        open_source(str(tmp_path / "none.jpg"))
