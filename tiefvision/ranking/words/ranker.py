"""Rankers that compare the visual words of crops."""

from collections.abc import Callable
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tiefvision.ranking.garments import Garments
from tiefvision.ranking.words.codebook import Codebook, Descriptors, embed_words

Describe = Callable[[NDArray[np.uint8]], Descriptors]
"""A crop, (S, S, 3) uint8 RGB, to (N, D) float32 descriptors of N places in it."""


class WordsRanker(nn.Module):
    """A crop as the histogram of its visual words.

    The codebook is kept in buffers, so that it is saved and restored as the weights of
    a network are.

    Args:
        describe: Function from a crop to its descriptors.
        codebook: Words learnt on descriptors of the same kind.
    """

    words: Tensor
    scales: Tensor
    rarity: Tensor

    def __init__(self, describe: Describe, codebook: Codebook) -> None:
        super().__init__()
        self.describe = describe
        self.register_buffer("words", torch.tensor(codebook.words))
        self.register_buffer("scales", torch.tensor(codebook.scales))
        self.register_buffer("rarity", torch.tensor(codebook.rarity))

    @cached_property
    def codebook(self) -> Codebook:
        """The words as arrays; read first when the weights have been restored."""
        return Codebook(
            self.words.cpu().numpy(),
            self.scales.cpu().numpy(),
            self.rarity.cpu().numpy(),
        )

    def forward(self, garments: Garments) -> Tensor:
        """B garments to (B, K) of unit length; zeros where nothing was described."""
        rows = [
            embed_words(self.describe(crop), self.codebook) for crop in garments.pixels
        ]
        return torch.from_numpy(np.stack(rows))


def empty_codebook(words: int, length: int) -> Codebook:
    """A codebook of zeros: (words, length), to be filled with what was learnt."""
    return Codebook(
        np.zeros((words, length), dtype=np.float32),
        np.ones(length, dtype=np.float32),
        np.zeros(words, dtype=np.float32),
    )
