"""Similarity of two garments: the mean cosine of their aligned cells, in [-1, 1].

Higher is closer. Source: TiefVision's slides, step 5. The mean over cells of dot
products of unit cells is one dot product of unit vectors, so an embedding is the
normalised map laid out flat, and any index for cosines serves it.
"""

import math

from torch import Tensor
from torch.nn import functional


def pool_cells(maps: Tensor, grid: int) -> Tensor:
    """Average a map down to grid x grid cells; 0 leaves it as it is.

    Args:
        maps: (B, C, h, w).
        grid: Cells on a side.
    """
    if grid == 0:
        return maps
    return functional.adaptive_avg_pool2d(maps, grid)


def normalise_cells(maps: Tensor) -> Tensor:
    """Every cell of (B, C, h, w) at unit length; a cell of zeros stays zero."""
    return functional.normalize(maps, dim=1)


def flatten_cells(maps: Tensor) -> Tensor:
    """Maps of unit cells to unit embeddings whose dot product is the similarity.

    Args:
        maps: (B, C, h, w), as ``normalise_cells`` returns them.

    Returns:
        (B, C * h * w).
    """
    return maps.flatten(1) / math.sqrt(maps.shape[2] * maps.shape[3])


def similarity(maps: Tensor, others: Tensor) -> Tensor:
    """Mean over aligned cells of the cosine, for each pair.

    Args:
        maps: (B, C, h, w) of unit cells.
        others: The same shape.

    Returns:
        (B,) in [-1, 1].
    """
    return (maps * others).sum(dim=1).mean(dim=(1, 2)).clamp(-1.0, 1.0)
