"""DeepRank: networks over the feature maps of garments, trained on triplets.

Source: TiefVision's slides, step 6: cosines of embeddings, and a margin in degrees. The
published code trains dot products of embeddings that are not normalised, with a margin
that is not an angle; this module follows the slides.

``ranking/deeprank.py`` computes the same embeddings from the trained weights, with
NumPy. A change of a network's equation, or of the name of a weight, belongs in both.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from tiefvision.ranking.deeprank import COLOUR, DEEP, LEAST_SHARE, REGIONS, SIZE
from tiefvision.ranking.garments import Embed, Garments, Weights
from tiefvision.ranking.needs import Need
from tiefvision.ranking.whitening import Whitening
from tiefvision.triplets.garment_tensors import GarmentTensors, to_tensors
from tiefvision.triplets.unit_cells import mix_cells, unit_cells

CELLS_SHARE = (1 / 2, 1 / 2)
"""Weights of the feature map and of the colours in the similarity of ``ColourRank``
before training."""


class DeepRank(nn.Module):
    """One 1x1 convolution over the feature map, followed by normalisation of each cell.

    The convolution is initialised as the identity, so that the untrained network ranks
    exactly as the cosine ranker does.

    Args:
        channels: channels C of the feature map.
    """

    needs: ClassVar[tuple[Need, ...]] = ("maps",)

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mix = nn.Conv2d(channels, channels, 1)
        with torch.no_grad():
            nn.init.dirac_(self.mix.weight)
            self.mix.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, garments: GarmentTensors) -> Tensor:
        """Embed the feature maps of B garments.

        Returns:
            Embeddings of unit length, (B, C * h * w) float32; their dot product is a
            similarity in [-1, 1].
        """
        assert self.mix.bias is not None
        return mix_cells(self.mix.weight, self.mix.bias, garments.maps)


class DeeperRank(nn.Module):
    """A residual block over the feature map: two 1x1 convolutions with a ReLU between.

    The second convolution is initialised with zeros, so that the untrained network
    ranks exactly as the cosine ranker does.

    Args:
        channels: channels C of the feature map.
    """

    needs: ClassVar[tuple[Need, ...]] = ("maps",)

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.inner = nn.Conv2d(channels, 2 * channels, 1)
        self.outer = nn.Conv2d(2 * channels, channels, 1)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)  # type: ignore[arg-type]

    def forward(self, garments: GarmentTensors) -> Tensor:
        """Embed B garments: (B, C * h * w) float32 of unit length, as ``DeepRank``."""
        maps = garments.maps
        added = self.outer(self.inner(maps).relu())
        return unit_cells(maps + added)


class ColourRank(nn.Module):
    """A branch over the feature map and a branch over the colours, concatenated.

    The map branch pools the cells to ``REGIONS`` with learnt attention, because cells
    of background and skin do not distinguish garments. Regions are added to their
    mirror images, so that a garment and its mirror image have the same embedding: the
    back of a garment resembles the mirrored front. Each branch is a linear projection
    to unit length, and the weights of the branches are learnt: the similarity of two
    garments is a weighted mean of a similarity by shape and one by colour. Source of a
    second, shallow branch for what the deep one discards: Wang et al., arXiv:1404.4661,
    section 4.

    Args:
        channels: channels C of the feature map.
        colours: bins K of the colour histogram.
        size: dimension of the embedding; each branch gives half of it.
    """

    needs: ClassVar[tuple[Need, ...]] = ("maps", "colours")

    def __init__(self, channels: int, colours: int, size: int = SIZE) -> None:
        super().__init__()
        rows, columns = REGIONS
        half = size // 2
        self.attention = nn.Conv2d(channels, 1, 1)
        self.cells = nn.Linear(channels * rows * columns, half)
        self.colours = nn.Linear(colours, size - half)
        self.balance = nn.Parameter(torch.tensor(CELLS_SHARE).log())
        nn.init.zeros_(self.attention.weight)
        nn.init.zeros_(self.attention.bias)  # type: ignore[arg-type]

    def forward(self, garments: GarmentTensors) -> Tensor:
        """Embed B garments: (B, size) float32 of unit length."""
        weights = self.balance.softmax(dim=0).sqrt()
        cells = functional.normalize(self.cells(self.regions(garments.maps)), dim=1)
        colours = functional.normalize(self.colours(garments.colours), dim=1)
        return torch.cat([weights[0] * cells, weights[1] * colours], dim=1)

    def regions(self, maps: Tensor) -> Tensor:
        """Pool the cells of feature maps to regions, weighted by attention.

        Args:
            maps: feature maps, (B, C, h, w) float32.

        Returns:
            Vectors of unit length, (B, C * rows * columns) float32.
        """
        shares = self.attention(maps).sigmoid()
        pooled = functional.adaptive_avg_pool2d(maps * shares, REGIONS)
        counted = functional.adaptive_avg_pool2d(shares, REGIONS)
        pooled = pooled / counted.clamp_min(LEAST_SHARE)
        pooled = pooled + pooled.flip(3)
        return functional.normalize(pooled.flatten(1), dim=1)

    @torch.no_grad()
    def attend_to(self, cells: Weights) -> None:
        """Initialise the attention as the share of garment in a cell.

        Args:
            cells: read-out "garment" of the encoder: "weight" (1, C) and "bias" (1,).
        """
        assert self.attention.bias is not None
        self.attention.weight.copy_(torch.from_numpy(cells["weight"])[:, :, None, None])
        self.attention.bias.copy_(torch.from_numpy(cells["bias"]))

    @torch.no_grad()
    def start_from(self, cells: Whitening, colours: Whitening) -> None:
        """Initialise both branches as whitened principal components.

        The untrained network is then an unsupervised ranker, which training has to
        improve on. If a whitening has fewer components than its branch has outputs, the
        remaining outputs start at zero.

        Args:
            cells: reduction learnt on what ``regions`` returns for training
                photographs.
            colours: reduction learnt on colour histograms of training photographs.
        """
        for layer, whitening in ((self.cells, cells), (self.colours, colours)):
            rows = len(whitening.projection)
            projection = torch.from_numpy(whitening.projection)
            layer.weight.zero_()
            layer.weight[:rows] = projection
            layer.bias.zero_()
            layer.bias[:rows] = -projection @ torch.from_numpy(whitening.mean)


RankNetwork = DeepRank | DeeperRank | ColourRank
"""A network that embeds garments at unit length, trained by a hinge of angles."""


def build_network(details: Mapping[str, Any]) -> RankNetwork:
    """An untrained DeepRank network, built from the details of a header.

    Args:
        details: "network" (one of ``NETWORKS``) and "channels"; for ``COLOUR`` also
            "colours" and "size", the lengths of a histogram and of an embedding.
    """
    network, channels = details["network"], details["channels"]
    if network == COLOUR:
        return ColourRank(channels, details["colours"], details["size"])
    return DeeperRank(channels) if network == DEEP else DeepRank(channels)


def device_of(network: RankNetwork) -> torch.device:
    """The device on which a network lies."""
    return next(network.parameters()).device


def embed_with(network: RankNetwork) -> Embed:
    """A ranker that embeds with the current weights of a network, without gradients.

    Args:
        network: network on any device; after a training step the ranker embeds with the
            new weights.
    """

    @torch.inference_mode()
    def embed(garments: Garments) -> NDArray[np.float32]:
        tensors = to_tensors(garments, network.needs, device_of(network))
        embeddings: Tensor = network(tensors)
        return embeddings.cpu().numpy()

    return embed
