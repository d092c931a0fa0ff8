"""Unsupervised rankers that pool a feature map over its cells to one vector.

The vector has one number a channel (256 for AlexNet, where the map has 30,976), and
discards the position of cells.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import Tensor, nn
from torch.nn import functional

from tiefvision.ranking.garments import Garments

Pool = Callable[[Tensor], Tensor]
"""A pooling over the cells: (B, C, h, w) to (B, C)."""

POWER = 3.0
"""Exponent of the generalised mean (Radenovic, Tolias & Chum, arXiv:1711.02512,
table 1)."""

LEAST = 1e-6
"""Lower bound to which activations are clamped before the generalised mean, which is
defined for positive numbers."""


def mean_pool(maps: Tensor) -> Tensor:
    """The mean over the cells, (B, C, h, w) to (B, C)."""
    return maps.mean(dim=(2, 3))


def max_pool(maps: Tensor) -> Tensor:
    """The maximum over the cells, (B, C, h, w) to (B, C).

    Maximum activations of convolutions, MAC (Tolias et al., arXiv:1511.05879,
    section 3).
    """
    return maps.amax(dim=(2, 3))


def generalised_mean_pool(maps: Tensor) -> Tensor:
    """The generalised mean over the cells, (B, C, h, w) to (B, C).

    GeM, the ``POWER``-th root of the mean of ``POWER``-th powers, lies between the mean
    and the maximum (Radenovic, Tolias & Chum, arXiv:1711.02512, equation 3).
    """
    return maps.clamp_min(LEAST).pow(POWER).mean(dim=(2, 3)).pow(1 / POWER)


def centred_sum_pool(maps: Tensor) -> Tensor:
    """The sum over the cells, weighted towards the centre, (B, C, h, w) to (B, C).

    SPoC with its centring prior: a Gaussian of the distance to the centre of the map,
    whose standard deviation is a third of the distance from the centre to the nearest
    edge (Babenko & Lempitsky, arXiv:1510.07493, section 4.2). The whitening of SPoC,
    which would have to be learnt, is left out.
    """
    height, width = maps.shape[2:]
    down, across = (
        torch.arange(count, device=maps.device, dtype=maps.dtype) - (count - 1) / 2
        for count in (height, width)
    )
    deviation = min(height, width) / 2 / 3
    apart = down[:, None].square() + across[None].square()
    return (maps * torch.exp(-apart / (2 * deviation**2))).sum(dim=(2, 3))


POOLS: Mapping[str, Pool] = MappingProxyType(
    {
        "mean": mean_pool,
        "max": max_pool,
        "gem": generalised_mean_pool,
        "spoc": centred_sum_pool,
    }
)
"""The poolings by the name of their ranker."""


class PooledRanker(nn.Module):
    """A ranker that compares pooled feature maps by their cosine.

    Args:
        pool: pooling over the cells, one of ``POOLS``.
    """

    def __init__(self, pool: Pool) -> None:
        super().__init__()
        self.pool = pool

    def forward(self, garments: Garments) -> Tensor:
        """Embed B garments: (B, C) float32 of unit length."""
        return functional.normalize(self.pool(garments.maps), dim=1)
