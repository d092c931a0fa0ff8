"""The unsupervised baseline: feature maps compared cell by cell."""

from torch import Tensor, nn

from tiefvision.ranking.garments import Garments
from tiefvision.ranking.similarity import flatten_cells


class CosineRanker(nn.Module):
    """Embeds a crop as its flattened feature map (TiefVision's slides, step 5)."""

    def forward(self, garments: Garments) -> Tensor:
        """Embed B garments: (B, C * h * w) float32 of unit length."""
        return flatten_cells(garments.maps)
