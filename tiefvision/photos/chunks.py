"""PNG files by their chunks, and opening those with texts that Pillow refuses."""

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

from PIL.PngImagePlugin import PngImageFile

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_NEEDED = (b"tRNS",)
"""Chunks that the pixels cannot do without, although a reader may skip them. Without
those of an animation a file is the one picture that every reader shows."""

_SKIPPABLE = 0x20
"""The bit of a chunk's first letter, a small one, by which a reader may skip it."""


class Png(PngImageFile):
    """A PNG of which what stands behind the pixels cannot be the fault."""

    def load_end(self) -> None:
        """Read what follows the pixels; a text that is too large is left out."""
        with suppress(ValueError, SyntaxError, OSError):
            super().load_end()


def open_png(file: BinaryIO) -> PngImageFile:
    """A PNG with its header parsed.

    Pillow refuses the whole file for a text that is too large or has a wrong checksum.
    Here the texts are left out then, and if need be all that can be skipped.
    """
    try:
        return Png(file)
    except (ValueError, SyntaxError):
        file.seek(0)
        content = file.read()
    with suppress(ValueError, SyntaxError):
        return Png(io.BytesIO(_without(content, _TEXTS)))
    extras = {kind for kind, _ in png_chunks(content) if kind[0] & _SKIPPABLE}
    return Png(io.BytesIO(_without(content, tuple(extras - set(_NEEDED)))))


def png_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and bytes of each chunk; the last one may be cut off."""
    start = len(PNG_SIGNATURE)
    while start + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, start)
        end = start + 12 + length
        yield kind, content[start:end]
        start = end


def chunk_of(kind: bytes, content: bytes) -> bytes:
    """A chunk with its length and checksum."""
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + checksum.to_bytes(4)


def _without(content: bytes, kinds: tuple[bytes, ...]) -> bytes:
    kept = (chunk for kind, chunk in png_chunks(content) if kind not in kinds)
    return PNG_SIGNATURE + b"".join(kept)
