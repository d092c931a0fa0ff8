"""Files whose end is missing: a download or a copy that was interrupted.

A JPEG or PNG is completed, and what is missing of the photograph is measured, so that
the caller can tell a lost end marker from a lost half. A WebP cannot be read in part.
"""

import io
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from tiefvision.photos.chunks import PNG_SIGNATURE, chunk_of, png_chunks

END_OF_IMAGE = b"\xff\xd9"

MEASURED_SIDE = 512
"""Pixels of the shorter side, at least, at which two decodings are compared."""

_RANDOM = np.random.default_rng(0).integers(0, 255, (8, 64), dtype=np.uint8)  # no 255

NOISE = b"\0" + b"".join(
    row.tobytes() + bytes((0xFF, 0xD0 + number)) for number, row in enumerate(_RANDOM)
)
"""Coded pixels of no meaning. The first byte makes an 0xFF before it a coded one. With
all eight restart markers a decoder that waits for one of them goes on."""

_UNFILLED = bytes(2)

_LOST = {127, 128}
"""Levels of a pixel without data: 128, in CMYK also its inverse."""

_NEXT_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_START_OF_FRAME = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_START_OF_SCAN = 0xDA
_COEFFICIENTS = 64  # of a block of 8 x 8 pixels

_COPY_ROW_ABOVE = b"\2"
"""The filter "up" of PNG: with zeros behind it a row is the one above."""


@dataclass(frozen=True)
class Completed:
    """A file that can be decoded, and the share of its pixels that were made up."""

    content: bytes
    missing: float


def complete(file: BinaryIO) -> Completed | None:
    """Complete a photograph whose end is missing.

    Args:
        file: a JPEG or PNG that Pillow cannot decode to its end, or a JPEG that
            `ends_in_grey`.

    Returns:
        The completed file; None if something else is wrong with it, or nothing of the
        photograph is left.
    """
    file.seek(0)
    content = file.read()
    try:
        if content.startswith(PNG_SIGNATURE):
            return _complete_png(content)
        if content.startswith(b"\xff\xd8"):
            return _complete_jpeg(content)
    except (OSError, SyntaxError, ValueError, LookupError, struct.error, zlib.error):
        pass
    return None


def ends_in_grey(image: Image.Image) -> bool:
    """Whether the last pixel of a decoded JPEG is what libjpeg puts for a lost one.

    A file that was cut off and closed with an end marker is decoded without an error.
    """
    if not isinstance(image, JpegImageFile):
        return False
    last = image.getpixel((image.width - 1, image.height - 1))
    return set(last if isinstance(last, tuple) else (last,)) <= _LOST


def ends_in_zeros(image: Image.Image, file: BinaryIO) -> bool:
    """Whether a JPEG ends in zeros: its room was reserved and perhaps never filled.

    Zeros can be decoded, to pixels of no meaning.
    """
    if not isinstance(image, JpegImageFile):
        return False
    file.seek(-len(_UNFILLED), io.SEEK_END)
    return file.read() == _UNFILLED


def _complete_jpeg(content: bytes) -> Completed | None:
    # A file whose room was reserved before it was filled ends in zeros.
    rest = content.rstrip(b"\0\xff").removesuffix(END_OF_IMAGE)
    if not _has_every_scan(rest):
        return None
    image = JpegImageFile(io.BytesIO(rest))
    block_rows = 8 * max(vertical for _, _, vertical, _ in image.layer)
    plain = _decode_jpeg(rest + END_OF_IMAGE)
    noisy = _decode_jpeg(rest + NOISE + END_OF_IMAGE)
    differs = plain != noisy
    rows, columns = differs.reshape(*differs.shape[:2], -1).any(axis=-1).nonzero()
    missing = 0.0
    if len(rows):
        # All that follows the first difference, in the order of the file, is missing.
        height, width = differs.shape[:2]
        block = max(1, round(block_rows * height / image.height))
        start = columns[rows < rows.min() + block].min()
        lowest = height - rows.min()
        missing = (lowest * width - start * min(block, lowest)) / (height * width)
    return Completed(rest + END_OF_IMAGE, missing)


def _decode_jpeg(content: bytes) -> NDArray[np.uint8]:
    """Pixels, (H, W) or (H, W, channels), small but at least ``MEASURED_SIDE``."""
    image = JpegImageFile(io.BytesIO(content))
    image.draft("", (MEASURED_SIDE, MEASURED_SIDE))
    return np.asarray(image)


def _has_every_scan(content: bytes) -> bool:
    """Whether the last scan of a JPEG has begun.

    A progressive file codes the photograph several times, each time more exactly.
    """
    lacking: dict[int, set[int]] = {}
    for marker, segment in _segments(content):
        if marker in _START_OF_FRAME:
            lacking = {name: set(range(_COEFFICIENTS)) for name in segment[6::3]}
        elif marker == _START_OF_SCAN:
            names, how = segment[1 : 1 + 2 * segment[0] : 2], segment[-3:]
            if not how[2] & 0x0F:  # else the lowest bits follow in another scan
                for name in names:
                    lacking[name] -= set(range(how[0], how[1] + 1))
    return bool(lacking) and not any(lacking.values())


def _segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and content of each segment of a JPEG, without the coded pixels."""
    found = _NEXT_MARKER.search(content, 2)
    while found and found.end() + 2 <= len(content):
        [length] = struct.unpack_from(">H", content, found.end())
        end = found.end() + length
        yield content[found.end() - 1], content[found.end() + 2 : end]
        found = _NEXT_MARKER.search(content, end)


def _complete_png(content: bytes) -> Completed | None:
    """Complete a PNG by repeating its last row; one that is interlaced is not."""
    image = PngImageFile(io.BytesIO(content))
    if image.info.get("interlace"):
        return None
    head, coded = [PNG_SIGNATURE], []
    for kind, chunk in png_chunks(content):
        if kind == b"IDAT":
            coded.append(chunk[8:-4])
        elif not coded:
            head.append(chunk)
    width, height = image.size
    [bits, colour] = content[24:26]
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    row_length = 1 + (width * bits * samples + 7) // 8
    pixels = zlib.decompressobj().decompress(b"".join(coded), row_length * height)
    rows = len(pixels) // row_length
    if not rows:
        return None
    added = (_COPY_ROW_ABOVE + bytes(row_length - 1)) * (height - rows)
    whole = zlib.compress(pixels[: rows * row_length] + added, 1)
    ended = [*head, chunk_of(b"IDAT", whole), chunk_of(b"IEND", b"")]
    return Completed(b"".join(ended), 1 - rows / height)
