"""Curves and polygons as float arrays (N, 2) of (x, y), y down, in any unit."""

from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import PchipInterpolator

Points = NDArray[np.float64]
"""(N, 2) points (x, y)."""


def smooth_curve(points: ArrayLike, per_span: int = 8) -> Points:
    """A Catmull-Rom curve through points.

    Args:
        points: (N, D) points; fewer than three are returned unchanged.
        per_span: Number of samples from each point to the next.

    Returns:
        ((N - 1) * per_span + 1, D) samples, the points themselves included.
    """
    knots = np.asarray(points, dtype=np.float64)
    if len(knots) < 3:
        return knots
    padded = np.vstack([2 * knots[0] - knots[1], knots, 2 * knots[-1] - knots[-2]])
    before, start, end, after = padded[:-3], padded[1:-2], padded[2:-1], padded[3:]
    t = (np.arange(per_span) / per_span)[None, :, None]
    cubic = -before + 3 * start - 3 * end + after
    square = 2 * before - 5 * start + 4 * end - after
    curve = (
        start[:, None]
        + 0.5 * t * (end - before)[:, None]
        + 0.5 * t**2 * square[:, None]
        + 0.5 * t**3 * cubic[:, None]
    )  # (spans, per_span, 2)
    return np.vstack([curve.reshape(-1, knots.shape[1]), knots[-1:]])


def ribbon(spine: ArrayLike, half_widths: ArrayLike) -> Points:
    """The polygon around a smoothed spine, as of a limb.

    Args:
        spine: (K, 2) points of the spine.
        half_widths: (K,) half widths at the points.

    >>> ribbon([[0, 0], [0, 4]], [1, 2]).tolist()
    [[1.0, 0.0], [2.0, 4.0], [-2.0, 4.0], [-1.0, 0.0]]
    """
    knots = np.column_stack([np.asarray(spine, float), np.asarray(half_widths, float)])
    padded = smooth_curve(knots)
    centre, widths = padded[:, :2], padded[:, 2:]
    direction = np.gradient(centre, axis=0)
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    normal = np.column_stack([direction[:, 1], -direction[:, 0]])
    sides = centre + widths * normal, centre - widths * normal
    return np.vstack([sides[0], sides[1][::-1]])


def ellipse(centre: ArrayLike, radii: ArrayLike, count: int = 28) -> Points:
    """A polygon of ``count`` corners on an ellipse with radii (x, y)."""
    angles = np.linspace(0.0, 2 * np.pi, count, endpoint=False)
    circle = np.column_stack([np.cos(angles), np.sin(angles)])
    ring = np.asarray(centre, float) + np.asarray(radii, float) * circle
    return np.asarray(ring, dtype=np.float64)


def half_width_profile(knots: ArrayLike, count: int = 24) -> Points:
    """Monotone interpolation of half widths, which adds no bump between the knots.

    Args:
        knots: (K, 2) as (half width, y), y rising.
        count: Number of points of the result.

    Returns:
        (count, 2) as (half width, y).
    """
    widths, heights = np.asarray(knots, dtype=np.float64).T
    y = np.linspace(heights[0], heights[-1], count)
    return np.column_stack([PchipInterpolator(heights, widths)(y), y])


def mirrored(points: ArrayLike, side: int = -1) -> Points:
    """The points (N, 2) with x multiplied by ``side``: -1 mirrors them at x = 0."""
    factors = np.array([side, 1.0])
    return np.asarray(np.asarray(points, dtype=np.float64) * factors)


def resampled(spine: ArrayLike, fractions: ArrayLike) -> Points:
    """Points on a polyline (K, 2) at fractions (N,) of its length, (N, 2).

    >>> resampled([[0, 0], [0, 2], [2, 2]], [0.25, 1.0]).tolist()
    [[0.0, 1.0], [2.0, 2.0]]
    """
    knots = np.asarray(spine, dtype=np.float64)
    steps = np.linalg.norm(np.diff(knots, axis=0), axis=1)
    lengths = np.concatenate([[0.0], np.cumsum(steps)])
    wanted = np.asarray(fractions, dtype=np.float64) * lengths[-1]
    return np.column_stack(
        [np.interp(wanted, lengths, knots[:, axis]) for axis in (0, 1)]
    )


def along_spine(
    x: NDArray[np.float32], y: NDArray[np.float32], spine: ArrayLike
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Cloth coordinates of points: u across the nearest segment of a spine, v along it.

    The first and the last segment are extended without end, so that the pattern
    continues beyond the ends of the spine.

    Args:
        x: (H, W) x of the points, in the unit of the spine.
        y: (H, W) y of the points.
        spine: (K, 2) points of the spine.

    Returns:
        u and v, (H, W) float32 each, in the unit of the spine.
    """
    knots = np.asarray(spine, dtype=np.float64)
    u, v = np.zeros_like(x), np.zeros_like(x)
    nearest = np.full_like(x, np.inf)
    start_length = 0.0
    for index, (start, end) in enumerate(pairwise(knots)):
        length = float(np.linalg.norm(end - start))
        ux, uy = (float(part) for part in (end - start) / length)
        along = (x - float(start[0])) * ux + (y - float(start[1])) * uy
        across = (x - float(start[0])) * uy - (y - float(start[1])) * ux
        low = -np.inf if index == 0 else 0.0
        high = np.inf if index == len(knots) - 2 else length
        beyond = along - np.clip(along, low, high)
        distance = across * across + beyond * beyond
        closer = distance < nearest
        u, v = np.where(closer, across, u), np.where(closer, along + start_length, v)
        nearest = np.where(closer, distance, nearest)
        start_length += length
    return u.astype(np.float32), v.astype(np.float32)
