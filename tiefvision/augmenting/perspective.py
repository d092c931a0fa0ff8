"""Perspective: a picture as a camera sees it that does not face it squarely."""

import numpy as np
from numpy.typing import NDArray

SQUARE = np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)])
"""(4, 2) corners of the unit square as (x, y), clockwise from the upper left."""


def draw_corners(
    largest_move: float, generator: np.random.Generator
) -> NDArray[np.float64]:
    """Moves each corner of the unit square inwards, each by a random amount of its own.

    Nothing beyond the square comes into view. Equal moves of all corners zoom in.

    Args:
        largest_move: Largest move of a corner in x or y, in sides of the square; below
            0.5.
        generator: Source of the eight random numbers.

    Returns:
        (4, 2) as (x, y) in [0, 1], in the order of ``SQUARE``.
    """
    inwards = 1.0 - 2.0 * SQUARE
    return SQUARE + inwards * generator.uniform(0.0, largest_move, SQUARE.shape)


def solve_perspective(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """The homography that maps the corners of the unit square to the given ones.

    Source: Hartley and Zisserman, "Multiple View Geometry in Computer Vision", section
    4.1, for four points and with the last element set to 1.

    Args:
        corners: (4, 2) as (x, y), no three in a line, in the order of ``SQUARE``.

    Returns:
        (3, 3) matrix H: (x, y) maps to (u / w, v / w) with (u, v, w) = H (x, y, 1).

    Raises:
        numpy.linalg.LinAlgError: Three corners lie in a line.

    >>> solve_perspective(SQUARE * 2 + 1).tolist()
    [[2.0, 0.0, 1.0], [0.0, 2.0, 1.0], [0.0, 0.0, 1.0]]
    """
    rows = []
    for (x, y), (u, v) in zip(SQUARE, corners, strict=True):
        rows.append((x, y, 1, 0, 0, 0, -u * x, -u * y))
        rows.append((0, 0, 0, x, y, 1, -v * x, -v * y))
    solved = np.linalg.solve(np.array(rows), corners.ravel())
    return np.append(solved, 1.0).reshape(3, 3)
