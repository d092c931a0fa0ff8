"""The unsupervised baseline: feature maps compared cell by cell."""

from torch import Tensor, nn

from tiefvision.ranking.garments import Garments
from tiefvision.ranking.similarity import flatten_cells


class CosineRanker(nn.Module):
    """Feature maps as they are, laid out flat (TiefVision's slides, step 5)."""

    def forward(self, garments: Garments) -> Tensor:
        """Maps of (B, C, h, w) to (B, C * h * w) of unit length."""
        return flatten_cells(garments.maps)
