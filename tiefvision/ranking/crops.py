"""The crop of a garment, and the map, colours and pixels that rankers read of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tiefvision.encoders.architectures import CROP_SIDE
from tiefvision.photos.resizing import crop_photo, resize_photo
from tiefvision.ranking.colours.histogram import lab_histogram
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.ranking.needs import EVERYTHING, Need
from tiefvision.ranking.similarity import normalise_cells, pool_cells
from tiefvision.records import Box

if TYPE_CHECKING:  # networks are imported where one is loaded, not to describe a crop
    from tiefvision.encoders.dense import DenseEncoder


SQUARE = 0.6
"""Share of the way to a square by which stage 6 widens a box."""

GRID = 7
"""Cells along a side that stage 6 keeps. EfficientNet-Lite's 14 rank no better, at four
times the space (docs/experiments/0011-encoder-lite.md)."""


CLOSEUPS: tuple[Box, ...] = (
    (0.0, 0.0, 1.0, 0.5),
    (0.0, 0.5, 1.0, 1.0),
    (0.25, 0.25, 0.75, 0.75),
)
"""The close-ups of a crop: its upper half, its lower half and its middle, as x0, y0, x1
and y1 in shares of its sides. A query that shows a collar or a print resembles one of
them more than the whole (docs/experiments/0018-heads-and-closeups.md)."""


@dataclass(frozen=True)
class CropRules:
    """Rules by which a box becomes a crop, and a crop a feature map.

    Attributes:
        grid: number of cells along a side to which the map is averaged; 0 keeps the
            encoder's own grid (11 for AlexNet).
        square: share of the way to a square by which a box is widened, in [0, 1].
        closeups: how many of ``CLOSEUPS`` are described beside a crop that can be
            found; the similarity of a query is that to the closest of them all.
    """

    grid: int = 0
    square: float = 0.0
    closeups: int = 0

    @classmethod
    def from_details(cls, details: Mapping[str, Any]) -> "CropRules":
        """The rules in the details of a header; earlier releases had fewer."""
        return cls(
            details["grid"], details.get("square", 0.0), details.get("closeups", 0)
        )


def widen_box(box: Box, width: float, height: float, square: float) -> Box:
    """Widen the shorter side of a box, within its photograph.

    A crop is stretched to a square. Where boxes are as narrow as trousers and as wide
    as a shirt, what is stretched least is compared best
    (docs/experiments/0012-garments.md).

    Args:
        box: x0, y0, x1, y1 in pixels of the photograph.
        width: width of the photograph in pixels.
        height: height of the photograph in pixels.
        square: share of the way to a square, in [0, 1]; 0 leaves the box as it is.

    >>> widen_box((40, 0, 60, 40), 100, 100, 0.5)
    (35.0, 0.0, 65.0, 40.0)
    """
    x0, y0, x1, y1 = box
    missing = ((y1 - y0) - (x1 - x0)) * square / 2
    wider, higher = max(missing, 0.0), max(-missing, 0.0)
    return (
        max(min(x0, 0.0), x0 - wider),
        max(min(y0, 0.0), y0 - higher),
        min(max(x1, width), x1 + wider),
        min(max(y1, height), y1 + higher),
    )


def closeup_boxes(box: Box, count: int) -> list[Box]:
    """The close-ups of a box, in its frame.

    Args:
        box: x0, y0, x1, y1.
        count: how many of ``CLOSEUPS``.

    >>> closeup_boxes((10, 20, 110, 220), 1)
    [(10.0, 20.0, 110.0, 120.0)]
    """
    x0, y0, x1, y1 = box
    wide, high = x1 - x0, y1 - y0
    return [
        (x0 + left * wide, y0 + top * high, x0 + right * wide, y0 + bottom * high)
        for left, top, right, bottom in CLOSEUPS[:count]
    ]


def crop_garment(
    photo: NDArray[np.uint8], box_in_image: Box | None
) -> NDArray[np.uint8]:
    """Cut out a box and resize it to the encoder's window, (224, 224, 3) uint8 RGB.

    The box is stretched to a square, so that a cell is the same part of a garment in
    every photograph: the hem is at the bottom, whatever the length.

    Args:
        photo: photograph, (H, W, 3) uint8 RGB.
        box_in_image: box in pixels of ``photo``; None for the whole photograph.
    """
    crop = photo if box_in_image is None else crop_photo(photo, box_in_image)
    return resize_photo(crop, CROP_SIDE, CROP_SIDE)


def encode_crop(
    encoder: "DenseEncoder", crop: NDArray[np.uint8], rules: CropRules
) -> NDArray[np.float32]:
    """Encode a crop as a feature map with cells of unit length.

    Args:
        encoder: encoder of garments.
        crop: crop, (224, 224, 3) uint8 RGB, as ``crop_garment`` makes it.
        rules: grid of the map.

    Returns:
        Feature map, (C, h, w) float32.
    """
    maps = encoder.encode(crop)[None]
    map_: NDArray[np.float32] = normalise_cells(pool_cells(maps, rules.grid))[0]
    return map_


def describe_crop(
    encoder: "DenseEncoder",
    crop: NDArray[np.uint8],
    rules: CropRules,
    needs: Collection[Need] = EVERYTHING,
) -> GarmentBatch:
    """Describe a crop for rankers, as a batch of one.

    Args:
        encoder: encoder of garments.
        crop: crop, (224, 224, 3) uint8 RGB, as ``crop_garment`` makes it.
        rules: rules by which a crop becomes a feature map.
        needs: parts to compute; the others are left empty.
    """
    made = GarmentBatch()
    if "maps" in needs:
        made = replace(made, maps=encode_crop(encoder, crop, rules)[None])
    if "colours" in needs:
        made = replace(made, colours=lab_histogram(crop)[None])
    if "pixels" in needs:
        made = replace(made, pixels=crop[None])
    return made
