"""The grid of a feature map as a list of cells, and averages over its regions.

An average over regions is a matrix product with the list of cells, for which BLAS is
many times as fast as a loop over the regions.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray


def flatten_grid(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """The cells of feature maps as a list: (B, C, h, w) to (B, C, h * w)."""
    count, channels, height, width = maps.shape
    return maps.reshape(count, channels, height * width)


@cache
def pooling_matrix(
    height: int, width: int, rows: int, columns: int
) -> NDArray[np.float32]:
    """The matrix that averages the cells of a grid over regions.

    Region i of n along a side of s cells holds the cells from floor(i s / n) to
    ceil((i + 1) s / n), so that regions overlap where n does not divide s, as in
    ``torch.nn.functional.adaptive_avg_pool2d``.

    Args:
        height: rows of cells.
        width: columns of cells.
        rows: rows of regions.
        columns: columns of regions.

    Returns:
        Weight of each cell in each region, (height * width, rows * columns) float32;
        the columns sum to 1. The array is shared and read-only.

    >>> pooling_matrix(1, 3, 1, 2).tolist()
    [[0.5, 0.0], [0.5, 0.5], [0.0, 0.5]]
    """
    matrix = np.kron(_along(height, rows), _along(width, columns)).astype(np.float32)
    matrix.flags.writeable = False
    return matrix


def _along(cells: int, regions: int) -> NDArray[np.float64]:
    """The matrix of one side, (cells, regions)."""
    matrix = np.zeros((cells, regions))
    for region in range(regions):
        start = region * cells // regions
        stop = -(-(region + 1) * cells // regions)
        matrix[start:stop, region] = 1 / (stop - start)
    return matrix
