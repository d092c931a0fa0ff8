"""Similarity of two garments: the mean cosine of their aligned cells, in [-1, 1].

Higher is closer. Source: TiefVision's slides, step 5. The mean over the cells of dot
products of unit cells equals one dot product of unit vectors. The embedding of a
garment is therefore its normalised feature map, flattened, and any index for cosine
similarity can search it.
"""

import math

import numpy as np
from numpy.typing import NDArray

from tiefvision.ranking.grid import flatten_grid, pooling_matrix

LEAST = 1e-12
"""Lower bound of the length by which a vector is divided: zeros stay zeros."""


def pool_cells(maps: NDArray[np.float32], grid: int) -> NDArray[np.float32]:
    """Average feature maps to a coarser grid.

    Args:
        maps: feature maps, (B, C, h, w) float32.
        grid: cells on a side of the result; 0 returns ``maps`` as they are.

    Returns:
        Feature maps, (B, C, grid, grid) float32.
    """
    if grid == 0:
        return maps
    height, width = maps.shape[2:]
    pooled = flatten_grid(maps) @ pooling_matrix(height, width, grid, grid)
    return pooled.reshape(*maps.shape[:2], grid, grid)


def normalise_cells(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale every cell of (B, C, h, w) to unit length; cells of zeros stay zero."""
    unit = np.array(maps, dtype=np.float32, order="C")
    normalise_in_place(flatten_grid(unit))
    return unit


def normalise_in_place(cells: NDArray[np.float32]) -> None:
    """Scale every cell to unit length, in place; cells of zeros stay zero.

    Args:
        cells: cells of feature maps, (B, C, n) float32.
    """
    # Map by map, since a map fits into the cache of a core.
    for map_ in cells:
        lengths = np.sqrt(np.einsum("cn,cn->n", map_, map_))
        map_ /= np.maximum(lengths, LEAST, out=lengths)


def flatten_cells(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Flatten feature maps to embeddings whose dot product is the similarity.

    Args:
        maps: feature maps of unit cells, (B, C, h, w) float32, as ``normalise_cells``
            returns them.

    Returns:
        Embeddings, (B, C * h * w) float32, of unit length unless a cell is zero.
    """
    count, channels, height, width = maps.shape
    cells = height * width
    return maps.reshape(count, channels * cells) / math.sqrt(cells)


def similarity(
    maps: NDArray[np.float32], others: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The mean cosine of the aligned cells of each pair of feature maps.

    Args:
        maps: feature maps of unit cells, (B, C, h, w) float32.
        others: feature maps of unit cells to compare with, (B, C, h, w) float32.

    Returns:
        Similarities in [-1, 1], (B,) float32.
    """
    cosines = (maps * others).sum(axis=1)  # (B, h, w)
    mean: NDArray[np.float32] = cosines.mean(axis=(1, 2))
    return mean.clip(-1.0, 1.0)


def unit_rows(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale the rows of (B, D) to unit length; rows of zeros stay zeros."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: NDArray[np.float32] = rows / np.maximum(lengths, LEAST)
    return unit
