"""A colour histogram as an embedding: the search that needs no network."""

import numpy as np
from numpy.typing import NDArray

from tiefvision.photos.reading import Photograph

BINS = 8
"""Of each of red, green and blue: 8 x 8 x 8 = 512 colours, each 32 levels wide."""

_LEVELS = 256


def colour_histogram(photo: Photograph, bins: int = BINS) -> NDArray[np.float32]:
    """How much of a photograph each colour fills, as a unit vector.

    The square roots of the shares: their dot product is the Bhattacharyya coefficient
    of two histograms, in [0, 1]. Plain shares would leave the comparison to the largest
    area, the background. Source of comparing pictures so: Swain and Ballard, "Color
    Indexing", 1991; of the root: Arandjelovic and Zisserman, "Three things everyone
    should know to improve object retrieval", 2012, section 3.

    Args:
        photo: (H, W, 3) uint8 RGB.
        bins: Of each of the three channels.

    Returns:
        (bins ** 3,), red slowest and blue fastest.

    >>> red = np.full((2, 2, 3), (255, 0, 0), dtype=np.uint8)
    >>> colour_histogram(red, bins=2).tolist()
    [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]
    """
    cells = photo.reshape(-1, 3).astype(np.int64) * bins // _LEVELS  # (H * W, 3)
    numbers = cells @ np.array([bins * bins, bins, 1])
    counts = np.bincount(numbers, minlength=bins**3)
    return np.sqrt(counts / len(cells)).astype(np.float32)
