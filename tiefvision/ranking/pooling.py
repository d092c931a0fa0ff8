"""Unsupervised rankers that forget where a cell stands: a map pooled to one vector.

A vector has as many numbers as a map has channels, a hundredth of the map itself.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import Tensor, nn
from torch.nn import functional

from tiefvision.ranking.garments import Garments

Pool = Callable[[Tensor], Tensor]
"""(B, C, h, w) to (B, C)."""

POWER = 3.0
"""Of the generalised mean (Radenovic, Tolias & Chum, arXiv:1711.02512, table 1)."""

LEAST = 1e-6
"""Below it, numbers count as it: the generalised mean is of positive ones."""


def mean_pool(maps: Tensor) -> Tensor:
    """The mean over the cells, (B, C)."""
    return maps.mean(dim=(2, 3))


def max_pool(maps: Tensor) -> Tensor:
    """The largest of each channel, (B, C): MAC (Tolias et al., arXiv:1511.05879, 3)."""
    return maps.amax(dim=(2, 3))


def generalised_mean_pool(maps: Tensor) -> Tensor:
    """The ``POWER``-th root of the mean ``POWER``-th power, (B, C): GeM.

    Between the mean and the maximum (Radenovic, Tolias & Chum, arXiv:1711.02512,
    equation 3).
    """
    return maps.clamp_min(LEAST).pow(POWER).mean(dim=(2, 3)).pow(1 / POWER)


def centred_sum_pool(maps: Tensor) -> Tensor:
    """The sum in which the middle counts more, (B, C): SPoC with its centring prior.

    The weight is a Gaussian of the distance to the middle whose deviation is a third of
    the way to the nearer edge (Babenko & Lempitsky, arXiv:1510.07493, 4.2). Their
    whitening is left out, for it has to be learnt.
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
"""By the name of the ranker."""


class PooledRanker(nn.Module):
    """A map pooled to one vector, compared by the cosine.

    Args:
        pool: One of ``POOLS``.
    """

    def __init__(self, pool: Pool) -> None:
        super().__init__()
        self.pool = pool

    def forward(self, garments: Garments) -> Tensor:
        """Maps of (B, C, h, w) to (B, C) of unit length."""
        return functional.normalize(self.pool(garments.maps), dim=1)
