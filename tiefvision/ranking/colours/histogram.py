"""Colour histograms as embeddings: the searches that need no network.

Both are square roots of shares: their dot product is the Bhattacharyya coefficient of
two histograms, in [0, 1]. Plain shares would leave the comparison to the largest area,
the background. Source of comparing pictures so: Swain and Ballard, "Color Indexing",
1991; of the root: Arandjelovic and Zisserman, "Three things everyone should know to
improve object retrieval", 2012, section 3.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tiefvision.photos.reading import Photograph
from tiefvision.ranking.colours.lab import srgb_to_lab

BINS = 8
"""Of each of red, green and blue: 8 x 8 x 8 = 512 colours, each 32 levels wide."""

LAB_STEP = 100 / 12
"""Distance of two bins of CIE LAB in lightness, a and b. White is the middle of a bin,
as black is. Finer ones find products no better (docs/experiments/0006-rankers.md)."""

_LEVELS = 256

_FARTHEST = 128
"""No sRGB colour has an a or b beyond it (lightness ends at 100)."""

_LEFT_OUT = -1

_CELLS = 64
"""Of each of red, green and blue in the table from colours to bins: 4 levels a cell."""


def colour_histogram(photo: Photograph, bins: int = BINS) -> NDArray[np.float32]:
    """How much of a photograph each colour fills, as a unit vector.

    Args:
        photo: (H, W, 3) uint8 RGB.
        bins: Of each of the three channels.

    Returns:
        (bins ** 3,), red slowest and blue fastest.

    >>> red = np.full((2, 2, 3), (255, 0, 0), dtype=np.uint8)
    >>> colour_histogram(red, bins=2).tolist()
    [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]
    """
    cells = photo.reshape(-1, 3).astype(np.int64) * bins // _LEVELS  # (H * W, 3)
    numbers = cells @ np.array([bins * bins, bins, 1])
    counts = np.bincount(numbers, minlength=bins**3)
    return np.sqrt(counts / len(cells)).astype(np.float32)


def lab_histogram(
    photo: Photograph, step: float = LAB_STEP, soft: bool = True
) -> NDArray[np.float32]:
    """How much of a photograph each colour of CIE LAB fills, as a unit vector.

    The bins lie on a grid of LAB whose middles are multiples of the step, so that grey
    is the middle of a bin and not an edge between four. Bins that no colour of sRGB
    reaches are left out.

    Args:
        photo: (H, W, 3) uint8 RGB.
        step: Distance of two bins, as a difference of colours (Delta E).
        soft: Whether a colour is shared between the eight bins around it, more to the
            nearer (trilinear), so that a shade more or less changes little.

    Returns:
        (B,), in the order of ``lab_bins``.
    """
    table = _lab_table(step, soft)
    # One plane after the other, in 32 bits: half the time of a table of three columns.
    red, green, blue = (
        (photo[:, :, channel] >> 2).astype(np.int32) for channel in range(3)
    )
    cells = (red * _CELLS + green) * _CELLS + blue
    counts = np.bincount(cells.ravel(), minlength=_CELLS**3)
    found = np.flatnonzero(counts > 0)
    amounts = table.weights[found] * counts[found, None]
    shares = np.bincount(
        table.bins[found].ravel(), amounts.ravel(), minlength=len(table.middles)
    )
    return np.sqrt(shares / cells.size).astype(np.float32)


def lab_bins(step: float = LAB_STEP) -> NDArray[np.float32]:
    """The middles of the bins of ``lab_histogram``, (B, 3) of L, a and b."""
    return _lab_table(step, False).middles.copy()


@dataclass(frozen=True, eq=False)
class _LabTable:
    """Which bins the colours of a cell of RGB fall into.

    Attributes:
        bins: (64 ** 3, 8) or, if not soft, (64 ** 3, 1).
        weights: The same shape; a row sums to 1.
        middles: (B, 3) of L, a and b.
    """

    bins: NDArray[np.int32]
    weights: NDArray[np.float32]
    middles: NDArray[np.float32]


@cache
def _lab_table(step: float, soft: bool) -> _LabTable:
    # The ends of the range stand for themselves, so that black and white are exact.
    levels = np.round(np.arange(_CELLS) * (255 / (_CELLS - 1))).astype(np.uint8)
    colours = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1)
    places = srgb_to_lab(colours.reshape(-1, 3)) / step  # (64 ** 3, 3)
    side = 2 * math.ceil(_FARTHEST / step) + 3
    sides = np.array([side * side, side, 1])
    nearest = np.rint(places).astype(np.int64)
    reached = np.unique((nearest + side // 2) @ sides)
    nodes, weights = _corners(places) if soft else (nearest[:, None], np.ones((1, 1)))
    keys = (nodes + side // 2) @ sides  # (64 ** 3, 8 or 1)
    numbers = np.full(side**3, _LEFT_OUT)
    numbers[reached] = np.arange(len(reached))
    bins = numbers[keys]
    # What would go to a bin that is left out goes to the others of the eight.
    weights = weights * (bins != _LEFT_OUT)
    weights = weights / weights.sum(axis=1, keepdims=True)
    middles = np.stack(np.unravel_index(reached, (side, side, side)), -1) - side // 2
    return _LabTable(
        bins.clip(min=0).astype(np.int32),
        weights.astype(np.float32),
        (middles * step).astype(np.float32),
    )


def _corners(
    places: NDArray[np.float32],
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The corners of the cube around each place, (N, 8, 3), and their weights, (N, 8).

    The weights are trilinear: a corner's is the share of the cube opposite to it.
    """
    before = np.floor(places)
    ahead = (places - before)[:, None]  # (N, 1, 3), in [0, 1)
    corners = np.stack(np.meshgrid(*[[0, 1]] * 3, indexing="ij"), axis=-1)
    corners = corners.reshape(-1, 3)
    weights = np.where(corners, ahead, 1 - ahead).prod(axis=2)
    return before[:, None].astype(np.int64) + corners, weights
