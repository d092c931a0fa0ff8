"""DeepRank: networks over the feature maps of garments, trained on triplets.

Source: TiefVision's slides, step 6: cosines of embeddings, and a margin in degrees. The
published code trains dot products of embeddings that are not normalised, with a margin
that is not an angle; this module follows the slides.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from tiefvision.ranking.garments import Garments
from tiefvision.ranking.similarity import flatten_cells, normalise_cells
from tiefvision.ranking.unit_cells import mix_cells
from tiefvision.ranking.whitening import Whitening

SIZE = 512
"""Default dimension of the embedding of ``ColourRank``."""

REGIONS = 4, 2
"""Rows and columns of regions to which ``ColourRank`` pools a feature map: coarse
enough to absorb the shift of cells by a pose, fine enough to show where a garment
ends."""

LEAST_SHARE = 1e-6
"""Lower bound of a region's mean attention, which is a divisor: attention of 0 in all
cells of a region would give 0 / 0."""

CELLS_SHARE = (1 / 3, 2 / 3)
"""Weights of the feature map and of the colours in the similarity of ``ColourRank``
before training."""


class DeepRank(nn.Module):
    """One 1x1 convolution over the feature map, followed by normalisation of each cell.

    The convolution is initialised as the identity, so that the untrained network ranks
    exactly as the cosine ranker does.

    Args:
        channels: channels C of the feature map.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mix = nn.Conv2d(channels, channels, 1)
        with torch.no_grad():
            nn.init.dirac_(self.mix.weight)
            self.mix.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, garments: Garments) -> Tensor:
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

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.inner = nn.Conv2d(channels, 2 * channels, 1)
        self.outer = nn.Conv2d(2 * channels, channels, 1)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)  # type: ignore[arg-type]

    def forward(self, garments: Garments) -> Tensor:
        """Embed B garments: (B, C * h * w) float32 of unit length, as ``DeepRank``."""
        maps = garments.maps
        added = self.outer(self.inner(maps).relu())
        return flatten_cells(normalise_cells(maps + added))


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

    def forward(self, garments: Garments) -> Tensor:
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
"""A network that embeds garments at unit length and is trained by ``angle_hinge``."""


def angle_hinge(angles: Tensor, margin: float) -> Tensor:
    """The triplet loss max(0, margin + angle(H, H+) - angle(H, H-)) in degrees.

    The hinge is applied to each triplet before any mean, so that easy triplets do not
    offset hard ones.

    Args:
        angles: angles from the anchor to the positive and to the negative in degrees,
            (T, 2), as ``triplet_angles`` returns them.
        margin: degrees by which the positive must be closer than the negative.

    Returns:
        Loss of each triplet, at least 0, (T,).

    >>> angle_hinge(torch.tensor([[90.0, 180.0], [10.0, 120.0]]), margin=100.0).tolist()
    [10.0, 0.0]
    """
    closer, farther = angles.unbind(1)
    return (margin + closer - farther).clamp_min(0.0)
