"""A photograph at several sizes: what a window sees grows as the photograph shrinks."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from tiefvision.encoders.architectures import CROP_SIDE, Architecture
from tiefvision.encoders.dense import Border, DenseEncoder
from tiefvision.locating.windows import Level
from tiefvision.photos.resizing import resize_photo

SHORTEST_SIDE = 16
"""Pixels that a side keeps, however long and thin a photograph is."""


@dataclass(frozen=True)
class Pyramid:
    """The sizes of a photograph that are encoded.

    Attributes:
        long_sides: Pixels of the longer side, one a level. At 256 px a window sees
            most of the photograph, at 512 px about a fifth of it.
        border: Pixels added around it at least, so that a window can be centred on
            what stands at the edge. Where a side would still be shorter than a
            window, more is added.
    """

    long_sides: tuple[int, ...] = (256, 384, 512)
    border: int = 48


def level_size(width: int, height: int, long_side: int) -> tuple[int, int]:
    """Width and height of a photograph resized to a longer side, in pixels."""
    scale = long_side / max(width, height)
    sides = (max(SHORTEST_SIDE, round(side * scale)) for side in (width, height))
    return next(sides), next(sides)


def level_border(width: int, height: int, least: int) -> Border:
    """Pixels added to a resized photograph so that at least one window fits."""
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
        encoder: Whose maps to make.
        pixels: (H, W, 3) uint8 RGB, the photograph at any size.
        width: Of the photograph itself, which boxes refer to.
        height: Of the photograph itself.
        pyramid: The sizes.
    """
    sizes = [level_size(width, height, long_side) for long_side in pyramid.long_sides]
    levels = []
    for long_side, size in zip(pyramid.long_sides, sizes, strict=True):
        photo = resize_photo(pixels, *size)
        border = level_border(photo.shape[1], photo.shape[0], pyramid.border)
        cells = encoder.encode(photo, border)
        levels.append(
            level_of_map(cells, width, height, long_side, pyramid, encoder.architecture)
        )
    return levels


def level_of_map(
    cells: Tensor,
    width: int,
    height: int,
    long_side: int,
    pyramid: Pyramid,
    architecture: Architecture,
) -> Level:
    """A map with its place in the photograph, which follows from the sizes."""
    size = level_size(width, height, long_side)
    return Level(
        cells,
        size[0] / width,
        size[1] / height,
        architecture.stride,
        architecture.window,
        level_border(*size, pyramid.border),
    )
