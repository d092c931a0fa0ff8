"""DeepRank: a network over the maps of located garments, trained on triplets.

Source: TiefVision's slides, step 6. The published code trains dot products that are
not cosines, with a margin that is not an angle; here both are what the slides say.
"""

import torch
from torch import Tensor, nn

from tiefvision.ranking.similarity import angle, flatten_cells, normalise_cells


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

    def forward(self, maps: Tensor) -> Tensor:
        """Embed maps.

        Args:
            maps: (B, C, h, w) of unit cells.

        Returns:
            (B, C * h * w) of unit length; a dot product is a similarity in [-1, 1].
        """
        return flatten_cells(normalise_cells(self.mix(maps)))


def angle_hinge(
    anchors: Tensor, positives: Tensor, negatives: Tensor, margin: float
) -> Tensor:
    """max(0, margin + angle(H, H+) - angle(H, H-)), per triplet, in degrees.

    The hinge is taken for each triplet before any mean: easy triplets must not pay for
    hard ones.

    Args:
        anchors: (B, D) unit embeddings.
        positives: The same shape.
        negatives: The same shape.
        margin: Degrees by which the positive must be closer.

    Returns:
        (B,) losses of at least 0.

    >>> a, p = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    >>> angle_hinge(a, p, -a, margin=100.0).tolist()  # 100 + 90 - 180
    [10.0]
    """
    closer = angle(anchors, positives)
    farther = angle(anchors, negatives)
    return (margin + closer - farther).clamp_min(0.0)
