"""Similarity of two garments: the mean cosine of their aligned cells, in [-1, 1].

Higher is closer. Source: TiefVision's slides, step 5. The mean over the cells of dot
products of unit cells equals one dot product of unit vectors. The embedding of a
garment is therefore its normalised feature map, flattened, and any index for cosine
similarity can search it.
"""

import math

from torch import Tensor
from torch.nn import functional


def pool_cells(maps: Tensor, grid: int) -> Tensor:
    """Average feature maps to a coarser grid.

    Args:
        maps: feature maps, (B, C, h, w).
        grid: cells on a side of the result; 0 returns ``maps`` as they are.

    Returns:
        Feature maps, (B, C, grid, grid).
    """
    if grid == 0:
        return maps
    return functional.adaptive_avg_pool2d(maps, grid)


def normalise_cells(maps: Tensor) -> Tensor:
    """Scale every cell of (B, C, h, w) to unit length; cells of zeros stay zero."""
    return functional.normalize(maps, dim=1)


def flatten_cells(maps: Tensor) -> Tensor:
    """Flatten feature maps to embeddings whose dot product is the similarity.

    Args:
        maps: feature maps of unit cells, (B, C, h, w), as ``normalise_cells`` returns
            them.

    Returns:
        Embeddings, (B, C * h * w), of unit length unless a cell is zero.
    """
    return maps.flatten(1) / math.sqrt(maps.shape[2] * maps.shape[3])


def similarity(maps: Tensor, others: Tensor) -> Tensor:
    """The mean cosine of the aligned cells of each pair of feature maps.

    Args:
        maps: feature maps of unit cells, (B, C, h, w).
        others: feature maps of unit cells to compare with, (B, C, h, w).

    Returns:
        Similarities in [-1, 1], (B,).
    """
    return (maps * others).sum(dim=1).mean(dim=(1, 2)).clamp(-1.0, 1.0)
