"""Windows of a map: where they lie in the photograph, and what they hold.

A window is a square of cells that encodes a 224 px crop of the resized photograph. In
the photograph itself that crop is larger or smaller, by the scale of the level.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from tiefvision.boxes import Boxes, area, intersection, iou
from tiefvision.encoders.architectures import CROP_SIDE
from tiefvision.encoders.dense import Border
from tiefvision.records import Garment

HOLDS_SHARE = 0.5
"""A window holds a garment if they share half of the smaller one: half of the window
(the rule of TiefVision's slides) or, where the garment is the smaller, half of it."""

BACKGROUND_SHARE = 0.2
"""A window that shares less than this is background; those between teach nothing. The
published code asked for no overlap at all, which windows as large as the photograph
never meet."""

BACKGROUND = -1
UNSURE = -2


@dataclass(frozen=True)
class Level:
    """The map of a photograph at one size.

    Attributes:
        cells: (C, h, w) encodings.
        scale_x: Pixels of the resized photograph to one of the photograph.
        scale_y: The same, down the photograph.
        stride: Pixels of the resized photograph from cell to cell.
        window: Cells on a side of a window.
        border: Pixels added to the resized photograph before encoding: left and
            right, above and below.
    """

    cells: Tensor
    scale_x: float
    scale_y: float
    stride: int
    window: int
    border: Border

    @property
    def rows(self) -> int:
        """Windows from top to bottom."""
        return int(self.cells.shape[1]) - self.window + 1

    @property
    def columns(self) -> int:
        """Windows from left to right."""
        return int(self.cells.shape[2]) - self.window + 1


def windows_on_canvas(rows: int, columns: int, stride: int) -> Boxes:
    """The crops (rows * columns, 4) of a map's windows, in pixels of what was encoded,
    its border among them."""
    y0, x0 = (grid.ravel() for grid in np.mgrid[:rows, :columns] * float(stride))
    return np.stack([x0, y0, x0 + CROP_SIDE, y0 + CROP_SIDE], axis=-1)


def windows_in_image(level: Level) -> Boxes:
    """The crop of every window, (rows * columns, 4), in pixels of the photograph."""
    boxes = windows_on_canvas(level.rows, level.columns, level.stride)
    boxes = boxes - np.tile(level.border, 2)
    factors = [level.scale_x, level.scale_y] * 2
    return np.asarray(boxes / np.array(factors), dtype=np.float64)


def assign_windows(windows: Boxes, garments: Sequence[Garment]) -> NDArray[np.int64]:
    """Which garment each window holds.

    Args:
        windows: (N, 4) in pixels of the photograph.
        garments: What is annotated in it.

    Returns:
        (N,) index of the garment, ``BACKGROUND`` or ``UNSURE``. Of several garments
        that a window holds it takes the one with the highest IoU.
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
    """Which garment of each category each window holds.

    Args:
        windows: (N, 4) in pixels of the photograph.
        garments: What is annotated in it.
        categories: Names of the columns.

    Returns:
        (N, categories) index in ``garments``, ``BACKGROUND`` or ``UNSURE``.
    """
    columns = []
    for category in categories:
        places = [i for i, one in enumerate(garments) if one.category == category]
        held = assign_windows(windows, [garments[place] for place in places])
        # The two last entries are what the negative marks pick.
        columns.append(np.array([*places, UNSURE, BACKGROUND])[held])
    return np.stack(columns, axis=1)


def boxes_to_window_units(boxes_in_image: Boxes, windows: Boxes) -> Boxes:
    """Boxes as seen from windows: 0 is the centre of the window, 1 a side of it."""
    sides = windows[:, 2:] - windows[:, :2]
    centres = (windows[:, 2:] + windows[:, :2]) / 2
    return (boxes_in_image - np.tile(centres, 2)) / np.tile(sides, 2)


def window_units_to_boxes(units: Boxes, windows: Boxes) -> Boxes:
    """The inverse of ``boxes_to_window_units``: pixels of the photograph."""
    sides = windows[:, 2:] - windows[:, :2]
    centres = (windows[:, 2:] + windows[:, :2]) / 2
    return units * np.tile(sides, 2) + np.tile(centres, 2)


def cells_of_windows(level: Level, chosen: NDArray[np.int64]) -> NDArray[np.int64]:
    """The cells that make up windows.

    Args:
        level: The map.
        chosen: (n,) numbers of windows, row by row.

    Returns:
        (n, window * window) positions in ``cells.flatten(1)``, row by row.
    """
    offset = np.arange(level.window)
    row = (chosen // level.columns)[:, None] + offset  # (n, k)
    column = (chosen % level.columns)[:, None] + offset
    width = int(level.cells.shape[2])
    positions = row[:, :, None] * width + column[:, None, :]  # (n, k, k)
    return np.asarray(positions.reshape(len(chosen), level.window**2), dtype=np.int64)
