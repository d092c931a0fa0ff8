"""The two frames of a scene, and the way between them.

The figure's frame: x to the right, y down, the crown at the origin, unit one head (a
figure stands eight heads tall; a head is about 22 cm). The photograph's: pixels.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tiefvision.datasets.synth.shapes import Points

Plane = NDArray[np.float32]
"""(H, W) numbers, one a pixel."""

Window = tuple[slice, slice]
"""Rows and columns of a photograph."""


@dataclass(frozen=True)
class View:
    """How the figure's frame lies in the photograph.

    Attributes:
        body_to_image: Homography (3, 3) to pixels.
        waves: (M, 2) wave vectors in radians a head: the figure is not drawn with
            a ruler.
        shifts: (M, 2) displacement in heads along each wave.
        phases: (M,) radians.
    """

    body_to_image: NDArray[np.float64]
    waves: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))
    shifts: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))
    phases: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    @property
    def pixels_per_head(self) -> float:
        """Scale at the centre of the figure."""
        ends = to_image(self, [[0.0, 3.5], [0.0, 4.5]])
        return float(np.linalg.norm(ends[1] - ends[0]))


def to_image(view: View, points: ArrayLike) -> Points:
    """Points (N, 2) of the figure's frame in pixels of the photograph."""
    body = np.asarray(points, dtype=np.float64)
    phase = body @ view.waves.T + view.phases  # (N, M)
    swayed = body + np.sin(phase) @ view.shifts
    projected = np.column_stack([swayed, np.ones(len(swayed))]) @ view.body_to_image.T
    return np.asarray(projected[:, :2] / projected[:, 2:], dtype=np.float64)


def to_body(view: View, window: Window) -> tuple[Plane, Plane]:
    """The figure's x and y at each pixel centre of the window."""
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
