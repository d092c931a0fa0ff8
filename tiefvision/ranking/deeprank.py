"""DeepRank: rankers with weights that stage 8 trained on triplets.

Source: TiefVision's slides, step 6. The networks that are trained lie in
``triplets/networks.py``; the rankers here compute the same embeddings with NumPy, from
the same weights by name, so that a search does not need torch.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiefvision.ranking.garments import Embed, Garments, Weights
from tiefvision.ranking.grid import flatten_grid, pooling_matrix
from tiefvision.ranking.similarity import normalise_in_place, unit_rows

SIZE = 512
"""Default dimension of the embedding of ``ColourRanker``."""

REGIONS = 4, 2
"""Rows and columns of regions to which ``ColourRanker`` pools a feature map: coarse
enough to absorb the shift of cells by a pose, fine enough to show where a garment
ends."""

LEAST_SHARE = 1e-6
"""Lower bound of a region's mean attention, which is a divisor: attention of 0 in all
cells of a region would give 0 / 0."""

BLOCK = 8
"""Feature maps mixed at a time: 1 MB for 256 channels by 11x11 cells, the size of a
core's second-level cache."""

CELLS, DEEP, COLOUR = "cells", "deep", "colour"
NETWORKS = (CELLS, DEEP, COLOUR)
"""Networks of DeepRank: one layer over the cells, two layers, or a branch of cells and
one of colours."""


@dataclass(frozen=True, eq=False)
class Layer:
    """A linear layer, or a 1x1 convolution, which is a linear layer over each cell.

    Attributes:
        weight: (D, C) float32.
        bias: (D,) float32.
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]

    @classmethod
    def of(cls, weights: Weights, name: str) -> "Layer":
        """The layer of a name; the weight of a convolution is (D, C, 1, 1)."""
        weight, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
        return cls(weight.reshape(weight.shape[:2]), bias)

    def rows(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Apply the layer to rows, (B, C) to (B, D)."""
        return rows @ self.weight.T + self.bias

    def cells(self, cells: NDArray[np.float32]) -> NDArray[np.float32]:
        """Apply the layer to the cells of maps, (B, C, n) to (B, D, n)."""
        mixed = self.weight @ cells
        mixed += self.bias[:, None]
        return mixed


@dataclass(frozen=True, eq=False)
class DeepRanker:
    """One 1x1 convolution over the feature map, followed by normalisation of each cell.

    Attributes:
        mix: convolution, from C to C channels.
    """

    mix: Layer

    def __call__(self, garments: Garments) -> NDArray[np.float32]:
        """Embed B garments: (B, C * h * w) float32 of unit length."""
        return _embed_mixed(garments.maps, self.mix.cells)


@dataclass(frozen=True, eq=False)
class DeeperRanker:
    """A residual block over the feature map: two 1x1 convolutions with a ReLU between.

    Attributes:
        inner: convolution from C to 2 C channels.
        outer: convolution from 2 C to C channels.
    """

    inner: Layer
    outer: Layer

    def __call__(self, garments: Garments) -> NDArray[np.float32]:
        """Embed B garments: (B, C * h * w) float32 of unit length."""
        return _embed_mixed(garments.maps, self._mix)

    def _mix(self, cells: NDArray[np.float32]) -> NDArray[np.float32]:
        inner = self.inner.cells(cells)
        added = self.outer.cells(np.maximum(inner, 0, out=inner))
        added += cells
        return added


@dataclass(frozen=True, eq=False)
class ColourRanker:
    """A branch over the feature map and a branch over the colours, concatenated.

    The equations are those of ``triplets.networks.ColourRank``.

    Attributes:
        attention: convolution from C channels to one, the attention before its sigmoid.
        cells: projection of the regions, from C * rows * columns numbers.
        colours: projection of the colours, from K numbers.
        balance: logarithms of the weights of both branches before their softmax, (2,)
            float32.
    """

    attention: Layer
    cells: Layer
    colours: Layer
    balance: NDArray[np.float32]

    def __call__(self, garments: Garments) -> NDArray[np.float32]:
        """Embed B garments: (B, size) float32 of unit length."""
        weights = np.exp(self.balance - self.balance.max())
        weights = np.sqrt(weights / weights.sum())
        cells = unit_rows(self.cells.rows(self.regions(garments.maps)))
        colours = unit_rows(self.colours.rows(garments.colours))
        return np.concatenate([weights[0] * cells, weights[1] * colours], axis=1)

    def regions(self, maps: NDArray[np.float32]) -> NDArray[np.float32]:
        """Pool the cells of feature maps to regions, weighted by attention.

        Args:
            maps: feature maps, (B, C, h, w) float32.

        Returns:
            Vectors of unit length, (B, C * rows * columns) float32.
        """
        count, channels, *sides = maps.shape
        cells = flatten_grid(maps)
        shares = _sigmoid(self.attention.cells(cells)[:, 0])  # (B, h * w)
        weighing = shares[:, :, None] * pooling_matrix(*sides, *REGIONS)
        pooled = cells @ weighing  # (B, C, rows * columns)
        pooled /= np.maximum(weighing.sum(axis=1), LEAST_SHARE)[:, None]
        by_region = pooled.reshape(count, channels, *REGIONS)
        mirrored = by_region + by_region[..., ::-1]
        return unit_rows(mirrored.reshape(count, channels * math.prod(REGIONS)))


def deeprank_shapes(details: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """The shapes of DeepRank's weights by name.

    Args:
        details: details of a header: "network" (one of ``NETWORKS``) and "channels";
            for ``COLOUR`` also "colours" and "size", the lengths of a histogram and of
            an embedding.
    """
    network, channels = _network(details), details["channels"]
    if network == COLOUR:
        size = details["size"]
        half = size // 2
        return {
            "balance": (2,),
            **_layer("attention", 1, channels, 1, 1),
            **_layer("cells", half, channels * math.prod(REGIONS)),
            **_layer("colours", size - half, details["colours"]),
        }
    if network == DEEP:
        return {
            **_layer("inner", 2 * channels, channels, 1, 1),
            **_layer("outer", channels, 2 * channels, 1, 1),
        }
    return _layer("mix", channels, channels, 1, 1)


def build_deeprank(details: Mapping[str, Any], weights: Weights) -> Embed:
    """A ranker with trained weights.

    Args:
        details: details of a header, as for ``deeprank_shapes``.
        weights: weights by name, float32, with the shapes of ``deeprank_shapes``.
    """
    network = _network(details)
    if network == COLOUR:
        return ColourRanker(
            Layer.of(weights, "attention"),
            Layer.of(weights, "cells"),
            Layer.of(weights, "colours"),
            weights["balance"],
        )
    if network == DEEP:
        return DeeperRanker(Layer.of(weights, "inner"), Layer.of(weights, "outer"))
    return DeepRanker(Layer.of(weights, "mix"))


def _network(details: Mapping[str, Any]) -> str:
    # Earlier releases had only one network and did not write its name.
    return str(details.get("network", CELLS))


def _layer(
    name: str, outputs: int, inputs: int, *kernel: int
) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (outputs, inputs, *kernel), f"{name}.bias": (outputs,)}


def _embed_mixed(
    maps: NDArray[np.float32],
    mix: Callable[[NDArray[np.float32]], NDArray[np.float32]],
) -> NDArray[np.float32]:
    """Mix the channels of cells, normalise each cell and flatten the maps."""
    cells = flatten_grid(maps)
    count, channels, grid = cells.shape
    unit = np.empty(cells.shape, dtype=np.float32)
    for start in range(0, count, BLOCK):
        part = slice(start, start + BLOCK)
        mixed = mix(cells[part])
        normalise_in_place(mixed)
        np.divide(mixed, math.sqrt(grid), out=unit[part])
    return unit.reshape(count, channels * grid)


def _sigmoid(numbers: NDArray[np.float32]) -> NDArray[np.float32]:
    """1 / (1 + exp(-x)), which neither overflows nor becomes 0 before exp(x) does."""
    return np.exp(-np.logaddexp(np.float32(0), -numbers))
