"""Reads photographs from disk: upright, 8-bit RGB, or refused with the reason.

The first bytes of a file decide its format, not its name, and its size is checked in
its header, so that nothing large is allocated for a file that is refused. Pillow's
format classes are called directly: ``Image.open`` would warn of sizes that are allowed
here, unless a global setting of Pillow were changed.
"""

import importlib
import logging
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.WebPImagePlugin import WebPImageFile

from tiefvision.errors import UnreadablePhoto, reason_of
from tiefvision.files import is_address, open_file
from tiefvision.photos.chunks import open_png
from tiefvision.photos.cut_files import complete, ends_in_grey, ends_in_zeros
from tiefvision.photos.formats import (
    HEIC,
    JPEG,
    PNG,
    SIGNATURE_BYTES,
    WEBP,
    format_of,
    is_read,
    refusal_of,
)
from tiefvision.photos.profiles import to_srgb

logger = logging.getLogger(__name__)

Photograph = NDArray[np.uint8]
"""(height, width, 3) uint8 RGB."""

PhotoFile = Path | bytes
"""A file of a photograph, or its content."""

MIN_SIDE = 16
"""Pixels that width and height have at least: a smaller thumbnail shows no garment, and
nothing is left of it after the strides of the networks."""

MAX_PIXELS = 120_000_000
"""Width times height at most: above every camera in use (108 megapixels), and about
0.4 GB once decoded."""

MOST_MISSING = 0.03
"""Share of the pixels that may be missing at the end of a file that was cut off: a few
rows, below the garments. A photograph that lacks more is refused."""

REDUCING_GAP = 3.0
"""Pillow first shrinks by whole factors, at most down to this many times the target
size, then resamples; from 3.0 on the result hardly differs from resampling the whole
photograph."""

_NO_HEADER = "not identified by this driver"
"""What Pillow says of a header that it cannot use."""

_TURN_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""The transposition that turns each EXIF orientation upright; 1 is upright already."""

_SIDES_SWAPPED = (5, 6, 7, 8)
"""EXIF orientations in which the stored width is the height of the photograph."""

_READERS: dict[str, Callable[[BinaryIO], ImageFile]] = {
    JPEG: JpegImageFile,
    PNG: open_png,
    WEBP: WebPImageFile,
}

# What Pillow's decoders and header parsers raise over damaged files.
_DECODING_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    RuntimeError,
    MemoryError,
    OverflowError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


def read_photo(path: PhotoFile, *, max_side: int | None = None) -> Photograph:
    """Decodes the photograph at ``path`` and turns it upright.

    Transparent parts become white, 16-bit samples are scaled to 8 bits, and an
    animation is read as its first frame. Colours are those of sRGB, by the file's ICC
    profile. A JPEG or PNG that lacks its end is read, and told in the log, unless more
    than ``MOST_MISSING`` of the photograph is lost.

    Args:
        path: A JPEG, PNG or WebP file; HEIC, too, where pillow-heif is installed.
        max_side: Pixels that the longer side may have; a larger photograph is shrunk
            to it (a large JPEG while it is decoded), a smaller one is left as it is.
            None for no limit.

    Returns:
        (height, width, 3) uint8, RGB.

    Raises:
        UnreadablePhoto: The file is missing, damaged, of another format, or its size
            is below ``MIN_SIDE`` or above ``MAX_PIXELS``.
    """
    with _open_photo(path) as (image, file):
        try:
            photo = _decode(image, max_side)
        except OSError:
            completed = complete(file)
            if completed is None:
                raise
        else:
            suspect = ends_in_grey(image) or ends_in_zeros(image, file)
            completed = complete(file) if suspect else None
            if completed is None or not completed.missing:
                return photo
        missing = completed.missing
        if missing > MOST_MISSING:
            lost = f"{missing:.0%} of the photograph is missing"
            raise ValueError(f"it is truncated, and {lost}")
        lost = f"and {missing:.2%} of the pixels with it" if missing else "but no pixel"
        logger.warning("%s is damaged: its end is missing, %s.", _name(path), lost)
        return _decode(_parse_header(BytesIO(completed.content)), max_side)


def photo_size(path: PhotoFile) -> tuple[int, int]:
    """(width, height) in pixels of the upright photograph, read from the header alone.

    Raises:
        UnreadablePhoto: For the reasons of `read_photo`, except damage behind the
            header, which is not seen.
    """
    with _open_photo(path) as (image, _):
        width, height = image.size
        swapped = _orientation(image) in _SIDES_SWAPPED
        return (height, width) if swapped else (width, height)


def read_mask(path: Path) -> NDArray[np.uint8]:
    """The numbers of a mask as they are stored, (height, width) uint8.

    Raises:
        UnreadablePhoto: The file is missing, damaged or cut off, or of no size that a
            photograph may have.
    """
    with _open_photo(path) as (image, _):
        return np.array(image.convert("L"))


def _decode(image: ImageFile, max_side: int | None) -> Photograph:
    target = _fitted(image.size, max_side)
    if target != image.size:
        image.draft(None, target)
    orientation = _orientation(image)
    upright = flatten(image)
    if upright.size != target:
        upright = upright.resize(
            target, Image.Resampling.BILINEAR, reducing_gap=REDUCING_GAP
        )
    if orientation in _TURN_UPRIGHT:
        upright = upright.transpose(_TURN_UPRIGHT[orientation])
    return np.array(upright, dtype=np.uint8)


@contextmanager
def _open_photo(path: PhotoFile) -> Iterator[tuple[ImageFile, BinaryIO]]:
    """The image with its header parsed and its size checked, and its opened file.

    Every decoding error, also of the block that uses the image, becomes
    UnreadablePhoto with the path and the reason.
    """
    try:
        with BytesIO(path) if isinstance(path, bytes) else _open_file(path) as file:
            image = _parse_header(file)
            check_size(*image.size)
            yield image, file
    except _DECODING_ERRORS as error:
        raise UnreadablePhoto(
            f"Cannot read {_name(path)}: {reason_of(error)}."
        ) from error


def _name(path: PhotoFile) -> Path | str:
    return "the photograph" if isinstance(path, bytes) else path


def _open_file(path: Path) -> BinaryIO:
    if is_address(path):
        raise ValueError("it is an address: download the photograph first")
    return open_file(path)


def _parse_header(file: BinaryIO) -> ImageFile:
    start = file.read(SIGNATURE_BYTES)
    file.seek(0)
    found = format_of(start)
    if not is_read(found):
        raise ValueError(refusal_of(start))
    if found == HEIC:  # an extra, which need not be installed
        opened: ImageFile = importlib.import_module("pillow_heif").HeifImageFile(file)
        return opened
    try:
        return _READERS[found](file)
    except (SyntaxError, LookupError, struct.error) as error:
        told = str(error) != _NO_HEADER and error.__cause__ is None
        if isinstance(error, SyntaxError) and told:
            raise  # Pillow says in words what is broken
        raise ValueError(f"the header of this {found} is damaged or cut off") from error
    except OSError as error:
        if found != WEBP:
            raise
        raise ValueError("this WebP is damaged or cut off") from error


def check_size(width: int, height: int) -> None:
    """Raises ValueError where a photograph is too small or too large to be used."""
    if min(width, height) < MIN_SIDE:
        raise ValueError(
            f"it has {width} x {height} pixels, and each side needs at least {MIN_SIDE}"
        )
    if width * height > MAX_PIXELS:
        raise ValueError(
            f"it has {width} x {height} pixels, more than the {MAX_PIXELS:,} allowed"
        )


def _orientation(image: ImageFile) -> int:
    """EXIF orientation, 1 to 8; a missing or broken EXIF block counts as upright (1).

    The base class's ``getexif`` reads the header only; that of PNG decodes the whole
    photograph in search of an EXIF block behind the pixels.
    """
    try:
        value = Image.Image.getexif(image).get(ExifTags.Base.Orientation, 1)
    except _DECODING_ERRORS:
        return 1
    return value if value in _TURN_UPRIGHT else 1


def _fitted(size: tuple[int, int], max_side: int | None) -> tuple[int, int]:
    """(width, height) shrunk until the longer side is at most ``max_side``."""
    width, height = size
    longer = max(size)
    if max_side is None or longer <= max_side:
        return size
    scale = max_side / longer
    return max(1, round(width * scale)), max(1, round(height * scale))


def _in_eight_bits(image: Image.Image) -> Image.Image:
    """Scales 16-bit grey, which Pillow would clip; it scales 16-bit colour itself."""
    if not image.mode.startswith("I"):
        return image
    high_bytes = (np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8)
    grey = Image.fromarray(high_bytes)
    grey.info["icc_profile"] = image.info.get("icc_profile")
    return grey


def flatten(image: Image.Image) -> Image.Image:
    """Decodes to 8-bit sRGB, over white where the image is transparent."""
    image = to_srgb(_in_eight_bits(image))
    if not image.has_transparency_data:
        return image.convert("RGB")
    rgba = image.convert("RGBA")
    white = Image.new("RGBA", rgba.size, "white")
    return Image.alpha_composite(white, rgba).convert("RGB")
