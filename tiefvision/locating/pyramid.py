"""The image pyramid: a photograph encoded at several sizes.

A window covers a fixed number of pixels, so that it covers more of a smaller image.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiefvision.encoders.architectures import CROP_SIDE, Architecture
from tiefvision.encoders.dense import Border, DenseEncoder
from tiefvision.locating.windows import Level
from tiefvision.photos.resizing import resize_photo

SHORTEST_SIDE = 16
"""Least length in pixels of the shorter side of a resized photograph."""

MOST_ENLARGED = 8
"""Times that a photograph is enlarged at most for a level; only the smallest level has
no such limit. A thumbnail of 20 px would otherwise take as long as a photograph of 20
megapixels, and six times as long as its smallest level, which shows all there is. Drawn
street photographs shrunk to 100 px lose half of their outfits with a limit of 4; at 64
px and below hardly any is found at all."""


@dataclass(frozen=True)
class Pyramid:
    """The sizes at which a photograph is encoded.

    Attributes:
        long_sides: longer side in pixels, one number per level. At 256 px a window
            covers most of the photograph, at 512 px about a fifth.
        border: least number of pixels added on each side of the resized photograph, so
            that a window can be centred near its edge. If a side is still shorter than
            a window, the border is wider.
    """

    long_sides: tuple[int, ...] = (256, 384, 512)
    border: int = 48

    def sides_for(self, width: int, height: int) -> tuple[int, ...]:
        """The levels of a photograph: all but those that would only blow it up.

        Args:
            width: width of the photograph in pixels.
            height: height of the photograph in pixels.

        Returns:
            Longer sides in pixels, in the order of ``long_sides``; at least one.

        >>> Pyramid().sides_for(60, 100), Pyramid().sides_for(20, 20)
        ((256, 384, 512), (256,))
        """
        most = max(MOST_ENLARGED * max(width, height), min(self.long_sides))
        return tuple(side for side in self.long_sides if side <= most)


def level_size(width: int, height: int, long_side: int) -> tuple[int, int]:
    """Width and height in pixels of a photograph resized to a longer side.

    Args:
        width: width of the photograph in pixels.
        height: height of the photograph in pixels.
        long_side: longer side after resizing, in pixels.
    """
    scale = long_side / max(width, height)
    sides = (max(SHORTEST_SIDE, round(side * scale)) for side in (width, height))
    return next(sides), next(sides)


def level_border(width: int, height: int, least: int) -> Border:
    """Border of a resized photograph, wide enough for at least one window.

    Args:
        width: width of the resized photograph in pixels.
        height: height of the resized photograph in pixels.
        least: least border in pixels.

    Returns:
        Pixels added on the left and on the right each, and above and below each.
    """
    beside, above = (
        max(least, math.ceil((CROP_SIDE - side) / 2)) for side in (width, height)
    )
    return beside, above


def encode_levels(
    encoder: DenseEncoder,
    pixels: NDArray[np.uint8],
    width: int,
    height: int,
    pyramid: Pyramid,
) -> list[Level]:
    """Encode a photograph at every size of a pyramid.

    Args:
        encoder: encoder that computes the maps.
        pixels: photograph, possibly reduced, (H, W, 3) uint8 RGB.
        width: width in pixels of the full photograph, to which boxes refer.
        height: height in pixels of the full photograph.
        pyramid: sizes to encode.

    Returns:
        One level for each of ``pyramid.sides_for(width, height)``.
    """
    levels = []
    for long_side in pyramid.sides_for(width, height):
        photo = resize_photo(pixels, *level_size(width, height, long_side))
        border = level_border(photo.shape[1], photo.shape[0], pyramid.border)
        cells = encoder.encode(photo, border)
        levels.append(
            level_of_map(cells, width, height, long_side, pyramid, encoder.architecture)
        )
    return levels


def level_of_map(
    cells: NDArray[np.floating[Any]],
    width: int,
    height: int,
    long_side: int,
    pyramid: Pyramid,
    architecture: Architecture,
) -> Level:
    """A level from its map; scale and border follow from the sizes.

    Args:
        cells: map of the resized photograph with border, (C, h, w).
        width: width of the full photograph in pixels.
        height: height of the full photograph in pixels.
        long_side: longer side of the resized photograph in pixels.
        pyramid: pyramid that the level belongs to.
        architecture: architecture of the encoder.
    """
    size = level_size(width, height, long_side)
    return Level(
        cells,
        size[0] / width,
        size[1] / height,
        architecture.stride,
        architecture.window,
        level_border(*size, pyramid.border),
    )
