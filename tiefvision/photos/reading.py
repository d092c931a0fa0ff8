"""Photographs from disk: upright, 8-bit RGB, or refused with the reason.

A file is judged by its first bytes, not by its name, and its size is checked in its
header, so that nothing large is allocated for a file that is refused. Pillow's global
settings stay as they are; the format classes are called directly because
``Image.open`` warns through them about sizes that are still allowed here.
"""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from tiefvision.errors import UnreadablePhoto

Photograph = NDArray[np.uint8]
"""(height, width, 3) RGB."""

PhotoFile = Path | bytes
"""A file of a photograph, or its content."""

MIN_SIDE = 16
"""Pixels; a thumbnail under this shows no garment and vanishes in the networks."""

MAX_PIXELS = 120_000_000
"""Above every camera in use (108 megapixels); about 0.4 GB once decoded."""

REDUCING_GAP = 3.0
"""Pillow shrinks by whole factors down to this many times the target, then resamples;
from 3.0 its result can hardly be told from resampling the whole photograph."""

_SIGNATURE_BYTES = 12

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What puts a photograph of each EXIF orientation upright; 1 is upright already."""

_SIDES_SWAPPED = (5, 6, 7, 8)

# What Pillow's decoders and header parsers raise over damaged files.
_DECODING_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    MemoryError,
    OverflowError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


def read_photo(path: PhotoFile, *, max_side: int | None = None) -> Photograph:
    """The photograph at ``path``, turned upright.

    Transparent parts become white, 16-bit samples are scaled to 8 bits, and of an
    animation the first frame is read.

    Args:
        path: A JPEG, PNG or WebP file.
        max_side: Shrink the photograph until its longer side is at most this many
            pixels; a large JPEG is then decoded at a fraction of its size.

    Returns:
        (height, width, 3) uint8, RGB.

    Raises:
        UnreadablePhoto: The file is missing, damaged, too small, too large or of
            another format.
    """
    with _open_photo(path) as image:
        target = _fitted(image.size, max_side)
        if target != image.size:
            image.draft(None, target)
        orientation = _orientation(image)
        upright = flatten(image)
        if upright.size != target:
            upright = upright.resize(
                target, Image.Resampling.BILINEAR, reducing_gap=REDUCING_GAP
            )
        if orientation in _UPRIGHT:
            upright = upright.transpose(_UPRIGHT[orientation])
        return np.array(upright, dtype=np.uint8)


def photo_size(path: PhotoFile) -> tuple[int, int]:
    """Width and height in pixels once upright, from the header alone.

    Raises:
        UnreadablePhoto: As for `read_photo`, except damage beyond the header.
    """
    with _open_photo(path) as image:
        width, height = image.size
        swapped = _orientation(image) in _SIDES_SWAPPED
        return (height, width) if swapped else (width, height)


@contextmanager
def _open_photo(path: PhotoFile) -> Iterator[ImageFile]:
    """The file with its header parsed; errors in the body are the photograph's."""
    try:
        with BytesIO(path) if isinstance(path, bytes) else path.open("rb") as file:
            image = _parse_header(file)
            check_size(*image.size)
            yield image
    except _DECODING_ERRORS as error:
        name = "the photograph" if isinstance(path, bytes) else path
        raise UnreadablePhoto(f"Cannot read {name}: {_reason(error)}.") from error


def _parse_header(file: BinaryIO) -> ImageFile:
    signature = file.read(_SIGNATURE_BYTES)
    file.seek(0)
    if not signature:
        raise ValueError("it is empty")
    if signature.startswith(b"\xff\xd8\xff"):
        return JpegImageFile(file)
    if signature.startswith(b"\x89PNG\r\n\x1a\n"):
        return PngImageFile(file)
    if signature.startswith(b"RIFF") and signature.endswith(b"WEBP"):
        return WebPImageFile(file)
    raise ValueError("it is not a JPEG, PNG or WebP image")


def check_size(width: int, height: int) -> None:
    """Raises ValueError where a photograph is too small or too large to be used."""
    if min(width, height) < MIN_SIDE:
        raise ValueError(
            f"it has {width} x {height} pixels, and {MIN_SIDE} a side are needed"
        )
    if width * height > MAX_PIXELS:
        raise ValueError(
            f"it has {width} x {height} pixels, more than the {MAX_PIXELS:,} allowed"
        )


def _reason(error: BaseException) -> str:
    text = error.strerror if isinstance(error, OSError) else None
    text = (text or str(error) or type(error).__name__).strip().rstrip(".")
    return text[:1].lower() + text[1:]


def _orientation(image: ImageFile) -> int:
    """EXIF orientation 1 to 8; a missing or broken EXIF block counts as upright.

    The base class's method reads the header only; PNG's own decodes the photograph in
    search of a block behind the pixels.
    """
    try:
        value = Image.Image.getexif(image).get(ExifTags.Base.Orientation, 1)
    except _DECODING_ERRORS:
        return 1
    return value if value in _UPRIGHT else 1


def _fitted(size: tuple[int, int], max_side: int | None) -> tuple[int, int]:
    width, height = size
    longer = max(size)
    if max_side is None or longer <= max_side:
        return size
    scale = max_side / longer
    return max(1, round(width * scale)), max(1, round(height * scale))


def flatten(image: Image.Image) -> Image.Image:
    """Decodes to RGB, with white behind what is transparent."""
    if image.mode.startswith("I"):
        high_bytes = (np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8)
        return Image.fromarray(high_bytes).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    rgba = image.convert("RGBA")
    white = Image.new("RGBA", rgba.size, "white")
    return Image.alpha_composite(white, rgba).convert("RGB")
