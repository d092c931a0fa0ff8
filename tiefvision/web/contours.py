"""Grids as contours: lines that show where a value is high, and hide nothing."""

from dataclasses import dataclass
from typing import Any

import contourpy
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tiefvision.records import Box

SIDE = 64
"""Points along each side of the grid in which contours are followed: smooth lines out
of few cells, by cubic interpolation."""

QUANTILES = (0.6, 0.8, 0.93)
"""Shares of the points that lie below each contour: three lines show a slope, more hide
the garment."""


@dataclass(frozen=True)
class Contour:
    """A line around where a grid is high.

    Attributes:
        level: value along the line.
        path: the line as data of an SVG path, in pixels of the photograph.
    """

    level: float
    path: str


def contours_of(grid: NDArray[np.float32], box_in_image: Box) -> tuple[Contour, ...]:
    """Contours of a grid of cells, the lowest level first.

    Args:
        grid: value of each cell, (rows, columns) float32.
        box_in_image: part of a photograph that the cells cover, in pixels.

    Returns:
        A contour for each of ``QUANTILES``; none where all cells are alike.
    """
    fine = np.asarray(
        Image.fromarray(grid).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    )
    if not np.ptp(fine) > 1e-6:
        return ()
    x0, y0, x1, y1 = box_in_image
    # A margin below every level, so that all lines are closed.
    framed = np.pad(fine, 1, constant_values=float(fine.min()) - 1.0)
    steps = np.clip((np.arange(SIDE + 2) - 0.5) / SIDE, 0.0, 1.0)
    lines = contourpy.contour_generator(
        x0 + steps * (x1 - x0), y0 + steps * (y1 - y0), framed
    )
    levels = np.quantile(fine, QUANTILES).tolist()
    return tuple(Contour(level, _path(lines.lines(level))) for level in levels)


def _path(lines: Any) -> str:
    """Data of an SVG path of closed lines, each (n, 2) float64."""
    return "".join(
        "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in line.tolist()) + "Z"
        for line in lines
    )
