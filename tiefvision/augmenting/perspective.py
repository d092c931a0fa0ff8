"""Perspective: a picture as a camera saw it that did not stand straight before it."""

import numpy as np
from numpy.typing import NDArray

SQUARE = np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)])
"""Corners of the unit square, x before y, clockwise from the upper left."""


def draw_corners(most: float, generator: np.random.Generator) -> NDArray[np.float64]:
    """Corners of the unit square, each moved on its own towards the inside.

    Nothing beyond the square comes into view; an equal move of all is a closer look.

    Args:
        most: Share of the side by which x or y moves at most, below 0.5.
        generator: Draws eight numbers.

    Returns:
        (4, 2) in [0, 1], in the order of ``SQUARE``.
    """
    inwards = 1.0 - 2.0 * SQUARE
    return SQUARE + inwards * generator.uniform(0.0, most, SQUARE.shape)


def solve_perspective(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """The perspective that takes the corners of the unit square to others.

    Source: Hartley and Zisserman, "Multiple View Geometry in Computer Vision", section
    4.1, of four points and with the last element set to 1.

    Args:
        corners: (4, 2), x before y, no three in a line, in the order of ``SQUARE``.

    Returns:
        (3, 3) matrix H: (x, y) goes to (u / w, v / w) with (u, v, w) = H (x, y, 1).

    >>> solve_perspective(SQUARE * 2 + 1).tolist()
    [[2.0, 0.0, 1.0], [0.0, 2.0, 1.0], [0.0, 0.0, 1.0]]
    """
    rows = []
    for (x, y), (u, v) in zip(SQUARE, corners, strict=True):
        rows.append((x, y, 1, 0, 0, 0, -u * x, -u * y))
        rows.append((0, 0, 0, x, y, 1, -v * x, -v * y))
    solved = np.linalg.solve(np.array(rows), corners.ravel())
    return np.append(solved, 1.0).reshape(3, 3)
