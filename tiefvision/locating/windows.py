"""Windows of a map: their position in the photograph, and the garments they hold.

A window is a square of cells that encodes a crop of 224 x 224 px of the resized
photograph. In the photograph itself the crop is larger or smaller by the scale of the
level. Windows are numbered row by row.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiefvision.boxes import Boxes, area, as_box, intersection, iou
from tiefvision.encoders.architectures import CROP_SIDE
from tiefvision.encoders.dense import Border
from tiefvision.records import Box, Garment

HOLDS_SHARE = 0.5
"""A window holds a garment if their intersection is at least this share of the smaller
of the two. TiefVision's slides have half of the window."""

BACKGROUND_SHARE = 0.2
"""A window is background if its intersection with every garment is a smaller share than
this. Windows between the two limits are excluded from training. TiefVision's published
code requires no overlap at all, which excludes every window as large as the photograph.
"""

BACKGROUND = -1
"""Mark of a window that holds no garment."""

UNSURE = -2
"""Mark of a window between background and holding a garment."""


@dataclass(frozen=True)
class Level:
    """The map of a photograph at one size.

    Attributes:
        cells: map of the encoder, (C, h, w) float32 or, as stored, float16.
        scale_x: width of the resized photograph / width of the photograph.
        scale_y: height of the resized photograph / height of the photograph.
        stride: distance of neighbouring cells in pixels of the resized photograph.
        window: side of a window in cells.
        border: pixels added to the resized photograph before encoding, on the left and
            on the right each, and above and below each.
    """

    cells: NDArray[np.floating[Any]]
    scale_x: float
    scale_y: float
    stride: int
    window: int
    border: Border

    @property
    def rows(self) -> int:
        """Number of windows from top to bottom."""
        return int(self.cells.shape[1]) - self.window + 1

    @property
    def columns(self) -> int:
        """Number of windows from left to right."""
        return int(self.cells.shape[2]) - self.window + 1


LevelsOf = Callable[[str], Sequence[Level]]
"""Function that reads the maps of a photograph by its path. It is called for every
batch, so that only the maps of one batch are in memory."""


def windows_on_canvas(rows: int, columns: int, stride: int) -> Boxes:
    """The crops of all windows of a map, in pixels of the encoded image with border.

    Args:
        rows: number of windows from top to bottom.
        columns: number of windows from left to right.
        stride: distance of neighbouring cells in pixels.

    Returns:
        Boxes, (rows * columns, 4).
    """
    y0, x0 = (grid.ravel() for grid in np.mgrid[:rows, :columns] * float(stride))
    return np.stack([x0, y0, x0 + CROP_SIDE, y0 + CROP_SIDE], axis=-1)


def windows_in_image(level: Level) -> Boxes:
    """The crops of all windows of a level, (rows * columns, 4).

    They are in pixels of the photograph, and may extend beyond its edges.
    """
    boxes = windows_on_canvas(level.rows, level.columns, level.stride)
    boxes = boxes - np.tile(level.border, 2)
    factors = [level.scale_x, level.scale_y] * 2
    return np.asarray(boxes / np.array(factors), dtype=np.float64)


def assign_windows(windows: Boxes, garments: Sequence[Garment]) -> NDArray[np.int64]:
    """Assign to each window the garment that it holds.

    Args:
        windows: windows in pixels of the photograph, (N, 4).
        garments: annotated garments of the photograph.

    Returns:
        For each window an index in ``garments``, ``BACKGROUND`` or ``UNSURE``, (N,)
        int64. A window that holds several garments is assigned the one with the
        highest IoU.
    """
    if not garments:
        return np.full(len(windows), BACKGROUND)
    boxes = np.array([garment.box_in_image for garment in garments])
    pairs = windows[:, None], boxes[None]  # (N, 1, 4), (1, G, 4)
    smaller = np.minimum(area(pairs[0]), area(pairs[1]))
    share = intersection(*pairs) / np.maximum(smaller, 1e-9)  # (N, G)
    held = np.where(share >= HOLDS_SHARE, iou(*pairs), -1.0)
    nothing = np.where(share.max(axis=1) < BACKGROUND_SHARE, BACKGROUND, UNSURE)
    return np.where(held.max(axis=1) >= 0, held.argmax(axis=1), nothing)


def assign_categories(
    windows: Boxes, garments: Sequence[Garment], categories: Sequence[str]
) -> NDArray[np.int64]:
    """Assign to each window, for each category, the garment that it holds.

    Args:
        windows: windows in pixels of the photograph, (N, 4).
        garments: annotated garments of the photograph.
        categories: names of the columns.

    Returns:
        Index in ``garments``, ``BACKGROUND`` or ``UNSURE``, (N, categories) int64.
    """
    columns = []
    for category in categories:
        places = [i for i, one in enumerate(garments) if one.category == category]
        held = assign_windows(windows, [garments[place] for place in places])
        # The marks UNSURE = -2 and BACKGROUND = -1 index the two last entries.
        columns.append(np.array([*places, UNSURE, BACKGROUND])[held])
    return np.stack(columns, axis=1)


def boxes_to_window_units(boxes_in_image: Boxes, windows: Boxes) -> Boxes:
    """Convert boxes to window units: relative to a window's centre, in its sides.

    Args:
        boxes_in_image: boxes in pixels of the photograph, (N, 4).
        windows: one window per box, in pixels of the photograph, (N, 4).

    Returns:
        Boxes in window units, (N, 4); the window itself is (-0.5, -0.5, 0.5, 0.5).
    """
    sides = windows[:, 2:] - windows[:, :2]
    centres = (windows[:, 2:] + windows[:, :2]) / 2
    return (boxes_in_image - np.tile(centres, 2)) / np.tile(sides, 2)


def window_units_to_boxes(units: Boxes, windows: Boxes) -> Boxes:
    """Convert boxes in window units to pixels of the photograph.

    The inverse of ``boxes_to_window_units``.
    """
    sides = windows[:, 2:] - windows[:, :2]
    centres = (windows[:, 2:] + windows[:, :2]) / 2
    return units * np.tile(sides, 2) + np.tile(centres, 2)


def cells_of_windows(level: Level, chosen: NDArray[np.int64]) -> NDArray[np.int64]:
    """The cells that windows cover.

    Args:
        level: level with the map.
        chosen: numbers of windows, (n,) int64.

    Returns:
        Positions of cells in ``level.cells.reshape(C, -1)``, row by row,
        (n, window * window) int64.
    """
    offset = np.arange(level.window)
    row = (chosen // level.columns)[:, None] + offset  # (n, k)
    column = (chosen % level.columns)[:, None] + offset
    width = int(level.cells.shape[2])
    positions = row[:, :, None] * width + column[:, None, :]  # (n, k, k)
    return np.asarray(positions.reshape(len(chosen), level.window**2), dtype=np.int64)


def box_in_cells(level: Level, box_in_image: Box) -> Box:
    """A box in cells of a level's map; it may reach beyond the map.

    Args:
        level: level with the map.
        box_in_image: box in pixels of the photograph.
    """
    scales = np.tile([level.scale_x, level.scale_y], 2)
    pixels = np.asarray(box_in_image) * scales + np.tile(level.border, 2)
    return as_box(pixels / level.stride)


def cells_in_box(level: Level, box_in_image: Box, rows: int = 1) -> NDArray[np.float32]:
    """The cells of a level in a box, each of unit length.

    Args:
        level: level with the map.
        box_in_image: box in pixels of the photograph.
        rows: least number of rows to take, as far as the map has so many.

    Returns:
        Cells, (C, at least 1, at least 1) float32.
    """
    height, width = level.cells.shape[1:]
    x0, y0, x1, y1 = box_in_cells(level, box_in_image)
    down = _span(y0, y1, height, min(rows, height))
    across = _span(x0, x1, width, 1)
    cells = np.asarray(level.cells[:, down, across], dtype=np.float32)
    lengths = np.sqrt(np.einsum("chw,chw->hw", cells, cells))
    unit: NDArray[np.float32] = cells / np.maximum(lengths, np.float32(1e-12))
    return unit


def _span(start: float, stop: float, count: int, least: int) -> slice:
    """The cells from ``start`` to ``stop``, at least ``least`` of ``count`` cells."""
    first = int(np.clip(round(start), 0, count - least))
    last = int(np.clip(round(stop), first + least, count))
    return slice(first, last)
