"""Rankers that compare the colours of crops, without a network."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tiefvision.ranking.colours.histogram import colour_histogram
from tiefvision.ranking.garments import Garments


class RgbRanker(nn.Module):
    """The 8x8x8 RGB histogram of a crop: the baseline that needs no network."""

    def forward(self, garments: Garments) -> Tensor:
        """B garments to (B, 512) of unit length."""
        rows = [colour_histogram(crop) for crop in garments.pixels]
        return torch.from_numpy(np.stack(rows))


class LabRanker(nn.Module):
    """The histogram of a crop in CIE LAB, whose bins lie as far apart as they look."""

    def forward(self, garments: Garments) -> Tensor:
        """B garments to (B, K) of unit length."""
        return functional.normalize(garments.colours, dim=1)
