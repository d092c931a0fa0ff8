"""Rankers that compare the colours of crops, without a network."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tiefvision.ranking.colours.histogram import colour_histogram
from tiefvision.ranking.garments import Garments


class RgbRanker(nn.Module):
    """Embeds a crop as its 8x8x8 RGB histogram: the baseline without a network."""

    def forward(self, garments: Garments) -> Tensor:
        """Embed B garments: (B, 512) float32 of unit length."""
        rows = [colour_histogram(crop) for crop in garments.pixels]
        return torch.from_numpy(np.stack(rows))


class LabRanker(nn.Module):
    """Embeds a crop as its histogram in CIE LAB, where distances match perception."""

    def forward(self, garments: Garments) -> Tensor:
        """Embed B garments: (B, K) float32 of unit length."""
        return functional.normalize(garments.colours, dim=1)
