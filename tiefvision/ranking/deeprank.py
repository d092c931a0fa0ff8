"""DeepRank: a network over the maps of located garments, trained on triplets.

Source: TiefVision's slides, step 6. The published code trains dot products that are
not cosines, with a margin that is not an angle; here both are what the slides say.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from tiefvision.ranking.garments import Garments
from tiefvision.ranking.similarity import flatten_cells, normalise_cells
from tiefvision.ranking.unit_cells import mix_cells
from tiefvision.ranking.whitening import Whitening

SIZE = 512
"""Numbers of the embedding of ``ColourRank``."""

REGIONS = 4, 2
"""Rows and columns that it pools a map to: where a garment ends matters, and a pose
shifts cells by about so much."""

LEAST_SHARE = 1e-6
"""Of the cells of a region, or one whose cells are all turned down would be 0 / 0."""

CELLS_SHARE = (1 / 3, 2 / 3)
"""What the map and the colours weigh in its similarity before training."""


class DeepRank(nn.Module):
    """One 1x1 convolution that starts as the identity, then unit cells again.

    Before training it therefore ranks exactly as the similarity of encodings does.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mix = nn.Conv2d(channels, channels, 1)
        with torch.no_grad():
            nn.init.dirac_(self.mix.weight)
            self.mix.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, garments: Garments) -> Tensor:
        """Embed the maps of garments.

        Returns:
            (B, C * h * w) of unit length; a dot product is a similarity in [-1, 1].
        """
        assert self.mix.bias is not None
        return mix_cells(self.mix.weight, self.mix.bias, garments.maps)


class DeeperRank(nn.Module):
    """Two 1x1 convolutions with a ReLU between, added to the map: a residual.

    The second starts at zero, so it too starts as the similarity of encodings.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.inner = nn.Conv2d(channels, 2 * channels, 1)
        self.outer = nn.Conv2d(2 * channels, channels, 1)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)  # type: ignore[arg-type]

    def forward(self, garments: Garments) -> Tensor:
        """As ``DeepRank``."""
        maps = garments.maps
        added = self.outer(self.inner(maps).relu())
        return flatten_cells(normalise_cells(maps + added))


class ColourRank(nn.Module):
    """A branch over the map and a branch over the colours, side by side.

    The map is pooled to a few regions, in which cells count as much as the network
    gives them: grounds and skin tell garments apart badly. A map and its mirror image
    are pooled as one, for a back is the mirror of a front. Each branch is a projection
    of unit length; the weights of both are learnt, so that the similarity of two
    garments is a weighted mean of how alike they are in shape and in colour. The idea
    of a second branch that keeps what the deep one forgets: Wang et al.,
    arXiv:1404.4661, section 4.

    Args:
        channels: Of the map.
        colours: Numbers of ``lab_histogram``.
        size: Numbers of the embedding, half of them of each branch.
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
        """B garments to (B, size) of unit length."""
        weights = self.balance.softmax(dim=0).sqrt()
        cells = functional.normalize(self.cells(self.regions(garments.maps)), dim=1)
        colours = functional.normalize(self.colours(garments.colours), dim=1)
        return torch.cat([weights[0] * cells, weights[1] * colours], dim=1)

    def regions(self, maps: Tensor) -> Tensor:
        """(B, C, h, w) to (B, C * rows * columns) of unit length."""
        shares = self.attention(maps).sigmoid()
        pooled = functional.adaptive_avg_pool2d(maps * shares, REGIONS)
        counted = functional.adaptive_avg_pool2d(shares, REGIONS)
        pooled = pooled / counted.clamp_min(LEAST_SHARE)
        pooled = pooled + pooled.flip(3)
        return functional.normalize(pooled.flatten(1), dim=1)

    @torch.no_grad()
    def start_from(self, cells: Whitening, colours: Whitening) -> None:
        """Start as whitened features, unsupervised: the mix that has to be beaten.

        Args:
            cells: Learnt on what ``regions`` gives for training photographs.
            colours: Learnt on their histograms. Where few photographs vary in fewer
                directions than a branch has numbers, the others start at zero.
        """
        for layer, whitening in ((self.cells, cells), (self.colours, colours)):
            rows = len(whitening.projection)
            projection = torch.from_numpy(whitening.projection)
            layer.weight.zero_()
            layer.weight[:rows] = projection
            layer.bias.zero_()
            layer.bias[:rows] = -projection @ torch.from_numpy(whitening.mean)


RankNetwork = DeepRank | DeeperRank | ColourRank
"""Networks that the angle hinge trains: garments to embeddings of unit length."""


def angle_hinge(angles: Tensor, margin: float) -> Tensor:
    """max(0, margin + angle(H, H+) - angle(H, H-)), per triplet, in degrees.

    The hinge is taken for each triplet before any mean: easy triplets must not pay for
    hard ones.

    Args:
        angles: (T, 2) degrees, to the positive and to the negative, as
            ``triplet_angles`` gives them.
        margin: Degrees by which the positive must be closer.

    Returns:
        (T,) losses of at least 0.

    >>> angle_hinge(torch.tensor([[90.0, 180.0], [10.0, 120.0]]), margin=100.0).tolist()
    [10.0, 0.0]
    """
    closer, farther = angles.unbind(1)
    return (margin + closer - farther).clamp_min(0.0)
