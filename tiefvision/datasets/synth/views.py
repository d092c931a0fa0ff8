"""Conversion between the two frames of a scene.

The figure's frame has x to the right, y down, the crown at the origin, and the unit of
one head, about 22 cm; a figure is eight heads tall. The photograph's frame is pixels.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tiefvision.datasets.synth.shapes import Points

Plane = NDArray[np.float32]
"""(H, W) float32, one number for each pixel."""

Window = tuple[slice, slice]
"""Rows and columns of a photograph."""


@dataclass(frozen=True)
class View:
    """The map from the figure's frame to the photograph: M waves, then a homography.

    The waves bend the figure a little, so that its outlines are not straight.

    Attributes:
        body_to_image: (3, 3) homography from heads to pixels.
        waves: (M, 2) wave vectors in radians per head.
        shifts: (M, 2) amplitude (x, y) of each wave in heads.
        phases: (M,) phase of each wave in radians.
    """

    body_to_image: NDArray[np.float64]
    waves: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))
    shifts: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))
    phases: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    @property
    def pixels_per_head(self) -> float:
        """Pixels of one head at the centre of the figure."""
        ends = to_image(self, [[0.0, 3.5], [0.0, 4.5]])
        return float(np.linalg.norm(ends[1] - ends[0]))


def to_image(view: View, points: ArrayLike) -> Points:
    """Points (N, 2) from heads in the figure's frame to pixels of the photograph."""
    body = np.asarray(points, dtype=np.float64)
    phase = body @ view.waves.T + view.phases  # (N, M)
    swayed = body + np.sin(phase) @ view.shifts
    projected = np.column_stack([swayed, np.ones(len(swayed))]) @ view.body_to_image.T
    return np.asarray(projected[:, :2] / projected[:, 2:], dtype=np.float64)


def to_body(view: View, window: Window) -> tuple[Plane, Plane]:
    """x and y in the figure's frame, in heads, at each pixel centre of a window."""
    rows, columns = window
    x = np.arange(columns.start, columns.stop, dtype=np.float32)[None] + 0.5
    y = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] + 0.5
    inverse = np.linalg.inv(view.body_to_image).astype(np.float32)
    px, py, depth = (row[0] * x + row[1] * y + row[2] for row in inverse)
    px, py = px / depth, py / depth
    shift_x, shift_y = np.zeros_like(px), np.zeros_like(py)
    # One step of a fixed point: the waves are so long that a second is not visible.
    for (kx, ky), (dx, dy), phase in zip(
        view.waves.astype(np.float32),
        view.shifts.astype(np.float32),
        view.phases.astype(np.float32),
        strict=True,
    ):
        wave = np.sin(px * kx + py * ky + phase)
        shift_x, shift_y = shift_x + dx * wave, shift_y + dy * wave
    return px - shift_x, py - shift_y
