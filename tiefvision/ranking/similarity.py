"""Similarity of two garments: the mean cosine of their aligned cells, in [-1, 1].

Higher is closer. Source: TiefVision's slides, step 5. The mean over cells of dot
products of unit cells is one dot product of unit vectors, so an embedding is the
normalised map laid out flat, and any index for cosines serves it.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional

TINY = 1e-12
"""Added under a square root, whose slope is infinite at 0."""


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


def angle(embeddings: Tensor, others: Tensor) -> Tensor:
    """Angle between unit vectors, in degrees, for each pair.

    The arc cosine has an infinite slope at +-1, where equal and opposite vectors meet;
    this form (Kahan, "How futile are mindless assessments of roundoff", 2006, section
    12) is accurate and has a finite slope everywhere.

    Args:
        embeddings: (B, D) of unit length.
        others: The same shape.

    Returns:
        (B,) in [0, 180].

    >>> angle(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])).tolist()
    [90.0]
    """
    apart = ((embeddings - others).square().sum(dim=1) + TINY).sqrt()
    along = ((embeddings + others).square().sum(dim=1) + TINY).sqrt()
    return torch.rad2deg(2.0 * torch.atan2(apart, along))
