"""Unsupervised rankers that pool a feature map over its cells to one vector.

The vector has one number a channel (256 for AlexNet, where the map has 30,976), and
discards the position of cells.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from tiefvision.ranking.garments import Garments
from tiefvision.ranking.grid import flatten_grid
from tiefvision.ranking.similarity import unit_rows

Pool = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""A pooling over the cells: (B, C, h, w) float32 to (B, C) float32."""

POWER = 3
"""Exponent of the generalised mean (Radenovic, Tolias & Chum, arXiv:1711.02512,
table 1)."""

LEAST = 1e-6
"""Lower bound to which activations are clamped before the generalised mean, which is
defined for positive numbers."""


def mean_pool(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean over the cells, (B, C, h, w) to (B, C)."""
    pooled: NDArray[np.float32] = flatten_grid(maps).mean(axis=2)
    return pooled


def max_pool(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """The maximum over the cells, (B, C, h, w) to (B, C).

    Maximum activations of convolutions, MAC (Tolias et al., arXiv:1511.05879,
    section 3).
    """
    pooled: NDArray[np.float32] = flatten_grid(maps).max(axis=2)
    return pooled


def generalised_mean_pool(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """The generalised mean over the cells, (B, C, h, w) to (B, C).

    GeM, the ``POWER``-th root of the mean of ``POWER``-th powers, lies between the mean
    and the maximum (Radenovic, Tolias & Chum, arXiv:1711.02512, equation 3).
    """
    pooled = np.empty(maps.shape[:2], dtype=np.float32)
    # Map by map, since a map fits into the cache of a core; and powers as products,
    # since ``np.power`` takes ten times as long.
    for means, cells in zip(pooled, flatten_grid(maps), strict=True):
        clamped = np.maximum(cells, LEAST)
        powers = clamped.copy()
        for _ in range(POWER - 1):
            powers *= clamped
        powers.mean(axis=1, out=means)
    return pooled ** (1 / POWER)


def centred_sum_pool(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """The sum over the cells, weighted towards the centre, (B, C, h, w) to (B, C).

    SPoC with its centring prior: a Gaussian of the distance to the centre of the map,
    whose standard deviation is a third of the distance from the centre to the nearest
    edge (Babenko & Lempitsky, arXiv:1510.07493, section 4.2). The whitening of SPoC,
    which would have to be learnt, is left out.
    """
    return flatten_grid(maps) @ _centring_prior(*maps.shape[2:])


@cache
def _centring_prior(height: int, width: int) -> NDArray[np.float32]:
    """The weight of each cell, (h * w,) float32; 1 at the centre of the map."""
    down, across = (np.arange(count) - (count - 1) / 2 for count in (height, width))
    deviation = min(height, width) / 2 / 3
    apart = np.square(down)[:, None] + np.square(across)[None]
    weights: NDArray[np.float32]
    weights = np.exp(-apart.ravel() / (2 * deviation**2)).astype(np.float32)
    weights.flags.writeable = False  # it is shared
    return weights


POOLS: Mapping[str, Pool] = MappingProxyType(
    {
        "mean": mean_pool,
        "max": max_pool,
        "gem": generalised_mean_pool,
        "spoc": centred_sum_pool,
    }
)
"""The poolings by the name of their ranker."""


@dataclass(frozen=True)
class PooledRanker:
    """A ranker that compares pooled feature maps by their cosine.

    Attributes:
        pool: pooling over the cells, one of ``POOLS``.
    """

    pool: Pool

    def __call__(self, garments: Garments) -> NDArray[np.float32]:
        """Embed B garments: (B, C) float32 of unit length."""
        return unit_rows(self.pool(garments.maps))
