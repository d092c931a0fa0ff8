"""Similarity of maps of different height: the shorter slides over the taller.

A crop that keeps its proportions is 224 px wide and as high as the garment is long, so
its map has 11 columns and any number of rows (TiefVision encodes crops like that).
TiefVision itself aligns two maps at the top, and calls those apart by 5 rows or more
unlike; here every offset is tried, and the best counts.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tiefvision.encoders.architectures import CROP_SIDE
from tiefvision.photos.resizing import crop_photo, resize_photo
from tiefvision.records import Box

LEAST_HEIGHT = 64
"""Pixels. AlexNet has no cell for fewer."""

MOST_HEIGHT = 3 * CROP_SIDE
"""Pixels. Of a garment four times as long as wide little would be in another's map."""


def crop_in_proportion(
    photo: NDArray[np.uint8], box_in_image: Box | None
) -> NDArray[np.uint8]:
    """The garment at the width of a window and its own height, (H, 224, 3) uint8 RGB.

    H lies between ``LEAST_HEIGHT`` and ``MOST_HEIGHT``; beyond, the crop is stretched.

    Args:
        photo: (H, W, 3) uint8 RGB.
        box_in_image: Pixels; None for the whole photograph.
    """
    crop = photo if box_in_image is None else crop_photo(photo, box_in_image)
    height, width = crop.shape[:2]
    scaled = round(CROP_SIDE * height / width)
    return resize_photo(crop, CROP_SIDE, min(max(scaled, LEAST_HEIGHT), MOST_HEIGHT))


def sliding_similarity(
    map_: Tensor, other: Tensor, missing_as_zero: bool = False
) -> float:
    """The best mean cosine of two maps over the offsets of the shorter in the taller.

    Args:
        map_: (C, h1, w) of unit cells.
        other: (C, h2, w) of unit cells.
        missing_as_zero: Whether rows of the taller map beyond the shorter count as 0.
            If not, the mean is over the rows of the shorter alone, and a map is as
            similar to any taller one that contains it as to itself.

    Returns:
        In [-1, 1], the same in both directions.

    Raises:
        ValueError: Maps of different channels or width, or without cells.
    """
    return sliding_table(map_[None], other[None], missing_as_zero).item()


def sliding_table(
    maps: Tensor, others: Tensor, missing_as_zero: bool = False
) -> Tensor:
    """``sliding_similarity`` of every pair, (B, N).

    Args:
        maps: (B, C, h1, w) of unit cells, all of one height.
        others: (N, C, h2, w) of unit cells, all of one height.
        missing_as_zero: As for ``sliding_similarity``.

    Raises:
        ValueError: Maps of different channels or width, or without cells.
    """
    if maps.shape[2] > others.shape[2]:
        return sliding_table(others, maps, missing_as_zero).T
    _, channels, rows, width = maps.shape
    if (channels, width) != (others.shape[1], others.shape[3]) or rows * width == 0:
        raise ValueError(
            f"Maps of {tuple(maps.shape[1:])} and {tuple(others.shape[1:])} cannot be "
            "slid over each other."
        )
    taller = others.shape[2]
    short = maps.flatten(1)
    best = torch.full((len(maps), len(others)), -torch.inf, device=maps.device)
    for top in range(taller - rows + 1):
        window = others[:, :, top : top + rows].flatten(1)  # (N, C * h1 * w)
        best = torch.maximum(best, short @ window.T)
    counted = taller if missing_as_zero else rows
    return (best / (counted * width)).clamp(-1.0, 1.0)


def sliding_tables(
    maps: Sequence[Tensor], others: Sequence[Tensor], missing_as_zero: bool = False
) -> Tensor:
    """``sliding_similarity`` of every pair of maps of any heights, (B, N).

    Maps of one height are compared together.

    Args:
        maps: B of (C, h, w) of unit cells.
        others: N of (C, h, w) of unit cells.
        missing_as_zero: As for ``sliding_similarity``.
    """
    table = torch.empty(len(maps), len(others))
    for rows, left in _by_height(maps):
        for columns, right in _by_height(others):
            pairs = sliding_table(left, right, missing_as_zero)
            table[rows[:, None], columns] = pairs.cpu()
    return table


def _by_height(maps: Sequence[Tensor]) -> list[tuple[Tensor, Tensor]]:
    """The numbers of the maps of each height, and those maps in one tensor."""
    groups: dict[int, list[int]] = {}
    for number, map_ in enumerate(maps):
        groups.setdefault(map_.shape[1], []).append(number)
    return [
        (torch.tensor(group), torch.stack([maps[number] for number in group]))
        for group in groups.values()
    ]
