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
"""Computes the local descriptors of a crop, (S, S, 3) uint8 RGB: (N, D) float32."""


class WordsRanker(nn.Module):
    """Embeds a crop as the histogram of its visual words.

    The codebook lies in buffers, so that it is saved and restored like the weights of a
    network.

    Args:
        describe: function from a crop to its local descriptors.
        codebook: visual words, learnt on descriptors of the same kind.
    """

    words: Tensor
    scales: Tensor

    def __init__(self, describe: Describe, codebook: Codebook) -> None:
        super().__init__()
        self.describe = describe
        self.register_buffer("words", torch.tensor(codebook.words))
        self.register_buffer("scales", torch.tensor(codebook.scales))

    @cached_property
    def codebook(self) -> Codebook:
        """The codebook as arrays; cached, so read it after the weights are restored."""
        return Codebook(self.words.cpu().numpy(), self.scales.cpu().numpy())

    def forward(self, garments: Garments) -> Tensor:
        """Embed B garments.

        Returns:
            Embeddings of unit length, (B, K) float32; zeros for a crop without
            descriptors.
        """
        rows = [
            embed_words(self.describe(crop), self.codebook) for crop in garments.pixels
        ]
        return torch.from_numpy(np.stack(rows))


def empty_codebook(words: int, length: int) -> Codebook:
    """A codebook to restore learnt weights into.

    Args:
        words: number of visual words K.
        length: numbers of a descriptor D.
    """
    return Codebook(
        np.zeros((words, length), dtype=np.float32),
        np.ones(length, dtype=np.float32),
    )
