"""Pictures as text that terminals draw: for kitty, for iTerm2, and as sixels."""

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

KITTY_CHUNK = 4096
"""Characters of base64 in one escape sequence, which kitty's protocol allows."""

SIXEL_COLOURS = 64
"""Colours of a sixel picture: every terminal with sixels has at least as many."""

BAND = 6
"""Rows of pixels that a line of sixels holds."""

LEAST_RUN = 4
"""Equal sixels from which on "!count" is shorter than the sixels themselves."""


def as_kitty(picture: Image.Image, columns: int, rows: int) -> str:
    """A picture in kitty's graphics protocol.

    See https://sw.kovidgoyal.net/kitty/graphics-protocol/.

    Args:
        picture: the picture, RGB.
        columns: cells of the terminal that it fills from left to right.
        rows: cells that it fills from top to bottom.
    """
    content = base64.b64encode(_png(picture)).decode()
    starts = range(0, len(content), KITTY_CHUNK)
    # a=T: show it at once; f=100: it is a PNG; q=2: answer nothing.
    keys = f"a=T,f=100,q=2,c={columns},r={rows},"
    parts = []
    for start in starts:
        more = int(start + KITTY_CHUNK < len(content))
        part = content[start : start + KITTY_CHUNK]
        parts.append(f"\x1b_G{keys}m={more};{part}\x1b\\")
        keys = ""
    return "".join(parts)


def as_iterm2(picture: Image.Image, columns: int, rows: int) -> str:
    """A picture as an inline image of iTerm2.

    See https://iterm2.com/documentation-images.html.

    Args:
        picture: the picture, RGB.
        columns: cells of the terminal that it fills from left to right.
        rows: cells that it fills from top to bottom.
    """
    content = _png(picture)
    keys = f"inline=1;size={len(content)};width={columns};height={rows}"
    return f"\x1b]1337;File={keys}:{base64.b64encode(content).decode()}\x07"


def as_sixel(picture: Image.Image) -> str:
    """A picture as sixels, in the pixels that it has.

    See the VT330/VT340 Programmer Reference Manual, chapter 14.

    Args:
        picture: the picture, RGB.
    """
    reduced = picture.quantize(SIXEL_COLOURS, dither=Image.Dither.NONE)
    pixels = np.asarray(reduced)
    palette = np.reshape(reduced.getpalette() or [], (-1, 3))
    levels = np.rint(palette / 255 * 100).astype(int)  # sixels count in per cent
    used = np.unique(pixels).tolist()
    colours = "".join(
        "#{};2;{};{};{}".format(number, *levels[number]) for number in used
    )
    height, width = pixels.shape
    bands = (
        "$".join(_sixels_of_band(pixels[top : top + BAND]))
        for top in range(0, height, BAND)
    )
    # 0;1: what is not drawn stays as it is; 1;1: pixels are square.
    return f'\x1bP0;1q"1;1;{width};{height}{colours}{"-".join(bands)}\x1b\\'


def _sixels_of_band(band: NDArray[np.uint8]) -> list[str]:
    """A line of sixels for each colour of at most ``BAND`` rows of palette indices."""
    weights = 1 << np.arange(len(band))
    return [
        f"#{colour}{_run_lengths(weights @ (band == colour))}"
        for colour in np.unique(band).tolist()
    ]


def _run_lengths(values: NDArray[np.int64]) -> str:
    """Sixels of six bits each, the runs of equal ones counted."""
    starts = np.flatnonzero(np.diff(values, prepend=-1))
    counts = np.diff(starts, append=len(values))
    parts = []
    for value, count in zip(values[starts].tolist(), counts.tolist(), strict=True):
        sixel = chr(0x3F + value)
        parts.append(sixel * count if count < LEAST_RUN else f"!{count}{sixel}")
    return "".join(parts)


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()
