"""Conversion of sRGB to CIE LAB, in which distances match perceived differences.

The reference white is D65. OpenCV's conversion is faster but differs by up to
0.5 Delta E, which would change the bins of ``lab_histogram``
(docs/experiments/0008-libraries.md).
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

_TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
"""Matrix from linear red, green and blue to X, Y and Z (IEC 61966-2-1, at the precision
of brucelindbloom.com)."""

_WHITE = _TO_XYZ.sum(axis=1)
"""X, Y and Z of (255, 255, 255) as the reference white, so that every grey has
a = b = 0."""

_DARK = (6 / 29) ** 3
"""Ratio to the reference white below which a line replaces the cube root (CIE 15,
8.2.1)."""


def srgb_to_lab(colours: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Convert sRGB colours to CIE LAB.

    Args:
        colours: RGB, (..., 3) uint8, for example a photograph.

    Returns:
        Lightness in [0, 100], a (green to red) in [-87, 99] and b (blue to yellow) in
        [-108, 95], (..., 3) float32.

    >>> srgb_to_lab(np.array([255, 255, 255], dtype=np.uint8)).round(2).tolist()
    [100.0, 0.0, 0.0]
    """
    linear = _linear_levels()[colours]
    ratios = linear @ (_TO_XYZ / _WHITE[:, None]).T.astype(np.float32)
    line = ratios / np.float32(3 * (6 / 29) ** 2) + np.float32(4 / 29)
    x, y, z = np.moveaxis(np.where(ratios > _DARK, np.cbrt(ratios), line), -1, 0)
    lab = np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)
    return np.asarray(lab, dtype=np.float32)


@cache
def _linear_levels() -> NDArray[np.float32]:
    """Linear intensity in [0, 1] of each sRGB level, (256,) float32 (IEC 61966-2-1)."""
    levels = np.arange(256) / 255
    bent = ((levels + 0.055) / 1.055) ** 2.4
    return np.where(levels <= 0.04045, levels / 12.92, bent).astype(np.float32)
