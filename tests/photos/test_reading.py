import contextlib
import io
import os
import socket
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tiefvision.errors import UnreadablePhoto
from tiefvision.photos.reading import MAX_PIXELS, photo_size, read_photo

ORIENTATION = 0x0112


def save(file: Path, image: Image.Image, **options: object) -> Path:
    image.save(file, **options)
    return file


def quadrants(width: int = 64, height: int = 48) -> np.ndarray:
    """Quadrants red, green, blue and white: no two orientations look the same."""
    photo = np.full((height, width, 3), 255, dtype=np.uint8)
    photo[: height // 2, : width // 2] = (255, 0, 0)
    photo[: height // 2, width // 2 :] = (0, 255, 0)
    photo[height // 2 :, : width // 2] = (0, 0, 255)
    return photo


def with_orientation(photo: np.ndarray, orientation: int) -> np.ndarray:
    """The pixels as a camera stores them in this orientation.

    The EXIF standard defines where row 0 and column 0 lie in the scene.
    """
    stored = {
        1: photo,
        2: photo[:, ::-1],
        3: photo[::-1, ::-1],
        4: photo[::-1],
        5: photo.transpose(1, 0, 2),
        6: np.rot90(photo, 1),
        7: photo[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(photo, -1),
    }
    return np.ascontiguousarray(stored[orientation])


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_is_turned_upright(tmp_path, suffix, orientation):
    upright = quadrants()
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    options = {"quality": 95} if suffix == "jpg" else {}
    options = {"lossless": True} if suffix == "webp" else options
    stored = Image.fromarray(with_orientation(upright, orientation))
    file = save(tmp_path / f"p.{suffix}", stored, exif=exif, **options)
    photo = read_photo(file)
    assert photo.shape == upright.shape
    assert photo_size(file) == (64, 48)
    for row, column in [(8, 8), (8, 56), (40, 8), (40, 56)]:
        assert np.abs(photo[row, column].astype(int) - upright[row, column]).max() < 12


def test_a_nonsense_orientation_counts_as_upright(tmp_path):
    exif = Image.Exif()
    exif[ORIENTATION] = 77
    file = save(tmp_path / "p.png", Image.fromarray(quadrants()), exif=exif)
    assert np.array_equal(read_photo(file), quadrants())


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGB", "RGBA", "LA"])
def test_png_modes_become_rgb(tmp_path, mode):
    file = save(tmp_path / "p.png", Image.new("RGB", (20, 30), "white").convert(mode))
    photo = read_photo(file)
    assert photo.shape == (30, 20, 3)
    assert photo.dtype == np.uint8
    assert photo.min() == 255


def test_cmyk_jpeg_keeps_its_colour(tmp_path):
    red = Image.new("RGB", (32, 32), (200, 30, 30)).convert("CMYK")
    photo = read_photo(save(tmp_path / "p.jpg", red, quality=95))
    assert np.abs(photo.mean(axis=(0, 1)) - [200, 30, 30]).max() < 6


def test_sixteen_bit_grey_is_scaled_and_not_clipped(tmp_path):
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)
    grey = Image.fromarray(np.tile(ramp, (16, 1)))
    photo = read_photo(save(tmp_path / "p.png", grey))
    assert np.array_equal(photo[0, :, 1], (ramp >> 8).astype(np.uint8))


def test_sixteen_bit_colour_is_scaled_and_not_clipped(tmp_path):
    file = tmp_path / "p.png"
    file.write_bytes(sixteen_bit_png(20, 16, (65535, 32768, 256)))
    assert read_photo(file)[3, 3].tolist() == [255, 128, 1]


def sixteen_bit_png(width: int, height: int, colour: tuple[int, int, int]) -> bytes:
    row = b"\0" + struct.pack(">3H", *colour) * width
    return png(width, height, zlib.compress(row * height), bits=16)


def png(width: int, height: int, pixels: bytes, bits: int = 8) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + checksum.to_bytes(4)

    header = struct.pack(">2I5B", width, height, bits, 2, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def test_transparency_is_white(tmp_path):
    rgba = np.zeros((20, 20, 4), dtype=np.uint8)
    rgba[:, 10:] = (255, 0, 0, 255)
    rgba[10:, 10:, 3] = 128
    photo = read_photo(save(tmp_path / "p.png", Image.fromarray(rgba)))
    assert photo[0, 0].tolist() == [255, 255, 255]
    assert photo[0, 19].tolist() == [255, 0, 0]
    assert photo[19, 19].tolist() == [255, 127, 127]


def test_a_transparent_palette_colour_is_white(tmp_path):
    image = Image.new("P", (20, 20), 3)
    image.putpalette([10] * 768)
    photo = read_photo(save(tmp_path / "p.png", image, transparency=3))
    assert photo.min() == 255


def test_max_side_bounds_the_longer_side(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (600, 801, 3), dtype=np.uint8)
    for suffix in ("jpg", "png"):
        file = save(tmp_path / f"p.{suffix}", Image.fromarray(noise))
        assert read_photo(file, max_side=100).shape == (75, 100, 3)
        assert read_photo(file, max_side=801).shape == (600, 801, 3)
        assert read_photo(file, max_side=5000).shape == (600, 801, 3)


def test_max_side_shows_the_same_photograph(tmp_path):
    smooth = Image.fromarray(quadrants(8, 6)).resize((800, 600), Image.BICUBIC)
    file = save(tmp_path / "p.jpg", smooth, quality=95)
    expected = np.asarray(smooth.resize((120, 90), Image.BILINEAR), dtype=int)
    assert np.abs(read_photo(file, max_side=120) - expected).mean() < 3


def test_max_side_of_a_thin_photograph_leaves_a_pixel(tmp_path):
    file = save(tmp_path / "p.png", Image.new("RGB", (16, 4000)))
    assert read_photo(file, max_side=100).shape == (100, 1, 3)


def image_bytes(kind: str) -> bytes:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b"\0" * 100, "it is not a JPEG, PNG or WebP image"),
        (b"GIF89a" + b"\0" * 50, "it is not a JPEG, PNG or WebP image"),
        (image_bytes("BMP"), "it is not a JPEG, PNG or WebP image"),
        (image_bytes("JPEG")[:1500], "truncated"),
        (image_bytes("PNG")[:1500], "truncated"),
        (image_bytes("WEBP")[:500], ""),
        (image_bytes("PNG")[:20], ""),
        (image_bytes("JPEG")[:5], ""),
    ],
)
def test_a_file_that_is_no_photograph_is_refused(tmp_path, content, reason):
    file = tmp_path / "p.jpg"
    file.write_bytes(content)
    with pytest.raises(UnreadablePhoto) as refusal:
        read_photo(file)
    assert str(file) in str(refusal.value)
    assert reason in str(refusal.value)
    assert str(refusal.value).endswith(".")


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(UnreadablePhoto, match=r"none\.jpg: no such file"):
        photo_size(tmp_path / "none.jpg")
    with pytest.raises(UnreadablePhoto, match="a folder"):
        read_photo(tmp_path)


def test_a_side_under_the_minimum_is_refused(tmp_path):
    file = save(tmp_path / "p.png", Image.new("RGB", (15, 300)))
    with pytest.raises(UnreadablePhoto, match=r"15 x 300 pixels, and .* least 16"):
        photo_size(file)


def test_a_bomb_is_refused_from_its_header(tmp_path):
    file = tmp_path / "p.png"
    file.write_bytes(png(60_000, 60_000, zlib.compress(b"\0" * 1000)))
    for read in (read_photo, photo_size):
        with pytest.raises(UnreadablePhoto, match="more than the 120,000,000 allowed"):
            read(file)


def test_a_large_photograph_is_allowed_without_a_warning(tmp_path):
    assert Image.MAX_IMAGE_PIXELS < 10_000 * 11_000 < MAX_PIXELS
    file = tmp_path / "p.png"
    file.write_bytes(png(10_000, 11_000, b""))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert photo_size(file) == (10_000, 11_000)


def heic(tmp_path: Path, **options: object) -> Path:
    """A photograph as phones store it; without the extra there is none to test."""
    extra = pytest.importorskip("pillow_heif")
    file = tmp_path / "p.heic"
    extra.from_pillow(Image.fromarray(quadrants())).save(file, quality=95, **options)
    return file


def test_heic_is_read_where_the_extra_is_installed(tmp_path):
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # to be shown turned by 90 degrees clockwise
    for file, first in (
        (heic(tmp_path), (255, 0, 0)),
        (heic(tmp_path, exif=exif.tobytes()), (0, 0, 255)),
    ):
        photo = read_photo(file)
        assert photo_size(file) == (photo.shape[1], photo.shape[0])
        assert np.abs(photo[8, 8].astype(int) - first).max() < 40


def test_a_damaged_heic_is_refused(tmp_path):
    content = heic(tmp_path).read_bytes()
    for length in range(12, len(content) - 1, max(1, len(content) // 23)):
        with pytest.raises(UnreadablePhoto):
            read_photo(content[:length])


@pytest.mark.parametrize(
    ("start", "told"),
    [
        (b"GIF89a", "but GIF. Save as JPEG, PNG or WebP."),
        (b"II*\0", "but TIFF. Save as JPEG, PNG or WebP."),
        (b"\0\0\0\x1cftypavif", "but AVIF. Save as JPEG, PNG or WebP."),
        (b"\0\0\0\x1cftypheic", "but HEIC. Run: pip install pillow-heif"),
        (b"<!DOCTYPE html>", "it is not a JPEG, PNG or WebP image."),
    ],
)
def test_another_format_is_named_with_what_could_be_done(start, told, monkeypatch):
    monkeypatch.setattr("tiefvision.photos.formats.reads_heic", lambda: False)
    with pytest.raises(UnreadablePhoto) as caught:
        read_photo(start + bytes(99))
    assert told in str(caught.value)


@pytest.mark.parametrize("read", [read_photo, photo_size])
def test_nothing_but_files_is_opened(tmp_path, read):
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(UnreadablePhoto, match=r"pipe\.jpg: it is a pipe and no file"):
        read(tmp_path / "pipe.jpg")
    (tmp_path / "linked.jpg").symlink_to("pipe.jpg")
    with pytest.raises(UnreadablePhoto, match="it is a pipe and no file"):
        read(tmp_path / "linked.jpg")
    with pytest.raises(UnreadablePhoto, match="it is a device and no file"):
        read(Path(os.devnull))
    with socket.socket(socket.AF_UNIX) as opened, contextlib.chdir(tmp_path):
        opened.bind("socket.jpg")  # a longer path is refused
        with pytest.raises(UnreadablePhoto, match="it is a socket and no file"):
            read(Path("socket.jpg"))


@pytest.mark.parametrize("url", ["https://a.b/c.jpg", "FTP://a/b.png", "s3://c/d.jpg"])
def test_an_address_is_no_file(url):
    with pytest.raises(UnreadablePhoto, match="it is an address: download"):
        read_photo(Path(url))


def test_a_file_below_a_folder_with_a_colon_is_none_but_a_file(tmp_path, monkeypatch):
    (tmp_path / "c:").mkdir()
    save(tmp_path / "c:" / "p.png", Image.new("RGB", (20, 20)))
    monkeypatch.chdir(tmp_path)
    assert read_photo(Path("c:/p.png")).shape == (20, 20, 3)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\x89PNG\r\n\x1a\n", "the header of this PNG is damaged or cut off"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "PNG"),
        (b"\xff\xd8\xff", "the header of this JPEG is damaged or cut off"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "this WebP is damaged or cut off"),
    ],
)
def test_a_header_that_is_cut_off_is_told_in_words(content, told):
    with pytest.raises(UnreadablePhoto, match=told) as refused:
        read_photo(content)
    assert "driver" not in str(refused.value) and "buffer" not in str(refused.value)
