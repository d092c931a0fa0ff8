"""Rankers that compare the visual words of crops."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiefvision.ranking.garments import Garments
from tiefvision.ranking.words.codebook import Codebook, Descriptors, embed_words

Describe = Callable[[NDArray[np.uint8]], Descriptors]
"""Computes the local descriptors of a crop, (S, S, 3) uint8 RGB: (N, D) float32."""


@dataclass(frozen=True)
class WordsRanker:
    """Embeds a crop as the histogram of its visual words.

    Attributes:
        describe: function from a crop to its local descriptors.
        codebook: visual words, learnt on descriptors of the same kind.
    """

    describe: Describe
    codebook: Codebook

    def __call__(self, garments: Garments) -> NDArray[np.float32]:
        """Embed B garments.

        Returns:
            Embeddings of unit length, (B, K) float32; zeros for a crop without
            descriptors.
        """
        return np.stack(
            [
                embed_words(self.describe(crop), self.codebook)
                for crop in garments.pixels
            ]
        )
