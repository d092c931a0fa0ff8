"""Colour histograms as embeddings, in RGB and in CIE LAB; no network is needed.

An embedding is the square root of the share of pixels in each bin, so that the dot
product of two embeddings is the Bhattacharyya coefficient of their histograms, in
[0, 1]. Without the square root, the largest area, usually the background, would decide
the similarity. Sources: Swain and Ballard, "Color Indexing", 1991, for comparing images
by colour histograms; Arandjelovic and Zisserman, "Three things everyone should know to
improve object retrieval", 2012, section 3, for the square root.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tiefvision.photos.reading import Photograph
from tiefvision.ranking.colours.lab import srgb_to_lab

BINS = 8
"""Default bins of each RGB channel: 8 x 8 x 8 = 512 bins, each 32 levels wide."""

LAB_STEP = 100 / 12
"""Default distance between the centres of adjacent CIE LAB bins along L, a and b, in
Delta E. White and black are centres of bins. Finer bins find products no better
(docs/experiments/0006-rankers.md)."""

CELLS = 12, 5, 9
"""Cells of L, a and b of ``lab_cells``, 540 in all. Of the ways to divide 540 so, this
one has odd numbers along a and b, so that greys lie inside a cell and not on an edge
between four; steps of L as fine as ``LAB_STEP``; and more cells along b, where fabrics
differ more (denim, beige), than along a."""

_LOWEST, _HIGHEST = (0.0, -100.0, -108.0), (100.0, 100.0, 108.0)
"""Ends of the cells of L, a and b: what sRGB reaches, made even around grey."""

_LEVELS = 256
"""Levels of a uint8 channel."""

_FARTHEST = 128
"""Upper bound of the magnitude of L, a and b of every sRGB colour."""

_LEFT_OUT = -1
"""Index of a bin that no sRGB colour reaches."""

_CELLS = 64
"""Cells of each RGB channel in the table from colours to bins: 4 levels a cell."""


def colour_histogram(photo: Photograph, bins: int = BINS) -> NDArray[np.float32]:
    """The RGB histogram of a photograph as a unit vector.

    Args:
        photo: RGB, (H, W, 3) uint8.
        bins: number of bins of each of the three channels.

    Returns:
        Square roots of the shares of pixels, (bins ** 3,) float32 in [0, 1]; the bin of
        red changes slowest, that of blue fastest.

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
    """The CIE LAB histogram of a photograph as a unit vector.

    The bins are cubes whose centres are multiples of ``step``, so that greys lie at the
    centre of a bin along a and b, not on an edge between four bins. Bins that no sRGB
    colour reaches are left out. Colours are quantised to 6 bits a channel.

    Args:
        photo: RGB, (H, W, 3) uint8.
        step: distance between the centres of adjacent bins, in Delta E.
        soft: whether each pixel is divided among the eight bins around its colour with
            trilinear weights, so that a slightly different shade changes the histogram
            only slightly; otherwise it counts for the nearest bin.

    Returns:
        Square roots of the shares of pixels, (B,) float32 in [0, 1], in the order of
        ``lab_bins``.
    """
    return _root_shares(photo, _lab_table(step, soft))


def lab_cells(photo: Photograph) -> NDArray[np.float32]:
    """The coarse CIE LAB histogram of 540 cells, as a unit vector.

    Source: MILDNet (arXiv:1903.00905) has LAB histograms of 540 values; how L, a and b
    are divided is not published, see ``CELLS``. As in ``lab_histogram`` a colour is
    divided among the eight cells around it.

    Args:
        photo: RGB, (H, W, 3) uint8.

    Returns:
        Square roots of the shares of pixels, (540,) float32 in [0, 1]; the cell of L
        changes slowest, that of b fastest.

    >>> grey = np.full((2, 2, 3), 255, dtype=np.uint8)
    >>> int(lab_cells(grey).argmax()), 11 * 45 + 2 * 9 + 4  # the lightest, a = b = 0
    (517, 517)
    """
    return _root_shares(photo, _cell_table())


def _root_shares(photo: Photograph, table: "_LabTable") -> NDArray[np.float32]:
    """Square roots of the shares of pixels in the bins of a table, (B,) float32."""
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
    """The centres (L, a, b) of the bins of ``lab_histogram``, (B, 3) float32."""
    return _lab_table(step, False).middles.copy()


@dataclass(frozen=True, eq=False)
class _LabTable:
    """The bins of every quantised RGB colour.

    Attributes:
        bins: indices of the bins that share a colour, (64 ** 3, 8), or (64 ** 3, 1) if
            not soft.
        weights: share of each of these bins, in the shape of ``bins``; rows sum to 1.
        middles: centres of the bins in L, a and b, (B, 3).
    """

    bins: NDArray[np.int32]
    weights: NDArray[np.float32]
    middles: NDArray[np.float32]


@cache
def _lab_table(step: float, soft: bool) -> _LabTable:
    places = _quantised_colours() / step  # (64 ** 3, 3)
    side = 2 * math.ceil(_FARTHEST / step) + 3
    sides = np.array([side * side, side, 1])
    nearest = np.rint(places).astype(np.int64)
    reached = np.unique((nearest + side // 2) @ sides)
    nodes, weights = _corners(places) if soft else (nearest[:, None], np.ones((1, 1)))
    keys = (nodes + side // 2) @ sides  # (64 ** 3, 8 or 1)
    numbers = np.full(side**3, _LEFT_OUT)
    numbers[reached] = np.arange(len(reached))
    bins = numbers[keys]
    # The weight of a bin that is left out is divided among the other bins.
    weights = weights * (bins != _LEFT_OUT)
    weights = weights / weights.sum(axis=1, keepdims=True)
    middles = np.stack(np.unravel_index(reached, (side, side, side)), -1) - side // 2
    return _LabTable(
        bins.clip(min=0).astype(np.int32),
        weights.astype(np.float32),
        (middles * step).astype(np.float32),
    )


@cache
def _cell_table() -> _LabTable:
    counts, lowest = np.array(CELLS), np.array(_LOWEST, dtype=np.float32)
    widths = ((np.array(_HIGHEST) - lowest) / counts).astype(np.float32)
    # In units of cells, 0 in the middle of the first one.
    places = (_quantised_colours() - lowest) / widths - np.float32(0.5)
    nodes, weights = _corners(places.clip(0, counts - 1).astype(np.float32))
    strides = np.array([counts[1] * counts[2], counts[2], 1])
    bins = nodes.clip(max=counts - 1) @ strides  # a node behind the last has weight 0
    middles = np.stack(np.unravel_index(np.arange(math.prod(CELLS)), CELLS), axis=-1)
    return _LabTable(
        bins.astype(np.int32),
        weights.astype(np.float32),
        (lowest + (middles + 0.5) * widths).astype(np.float32),
    )


def _quantised_colours() -> NDArray[np.float32]:
    """L, a and b of every quantised RGB colour, (64 ** 3, 3) float32."""
    # Cell 0 is represented by level 0 and cell 63 by level 255: black and white are
    # exact.
    levels = np.round(np.arange(_CELLS) * (255 / (_CELLS - 1))).astype(np.uint8)
    colours = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1)
    return srgb_to_lab(colours.reshape(-1, 3))


def _corners(
    places: NDArray[np.float32],
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The corners of the unit cube around each place, (N, 8, 3), and their weights.

    The weights, (N, 8), are those of trilinear interpolation.
    """
    before = np.floor(places)
    ahead = (places - before)[:, None]  # (N, 1, 3), in [0, 1)
    corners = np.stack(np.meshgrid(*[[0, 1]] * 3, indexing="ij"), axis=-1)
    corners = corners.reshape(-1, 3)
    weights = np.where(corners, ahead, 1 - ahead).prod(axis=2)
    return before[:, None].astype(np.int64) + corners, weights
