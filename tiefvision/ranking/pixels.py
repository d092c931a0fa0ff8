"""Unsupervised rankers over pixels: colours, and visual words of what stands out."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from tiefvision.ranking.colours.histogram import colour_histogram
from tiefvision.ranking.garments import Garments
from tiefvision.ranking.words.codebook import Codebook, Descriptors, embed_words

Describe = Callable[[NDArray[np.uint8]], Descriptors]
"""A crop, (S, S, 3) uint8 RGB, to (N, D) descriptors of places in it."""


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


class WordsRanker(nn.Module):
    """A crop as the histogram of its visual words.

    Args:
        describe: Gives the descriptors of a crop.
        codebook: The words, learnt on descriptors of the same kind.
    """

    def __init__(self, describe: Describe, codebook: Codebook) -> None:
        super().__init__()
        self.describe, self.codebook = describe, codebook

    def forward(self, garments: Garments) -> Tensor:
        """B garments to (B, K) of unit length, zeros where nothing stands out."""
        rows = [
            embed_words(self.describe(crop), self.codebook) for crop in garments.pixels
        ]
        return torch.from_numpy(np.stack(rows))
