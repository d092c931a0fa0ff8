"""Rankers that compare the colours of crops, without a network."""

import numpy as np
from numpy.typing import NDArray

from tiefvision.ranking.colours.histogram import colour_histogram
from tiefvision.ranking.garments import Garments
from tiefvision.ranking.similarity import unit_rows


def embed_rgb(garments: Garments) -> NDArray[np.float32]:
    """Embed B garments as their 8x8x8 RGB histograms: the baseline without a network.

    Returns:
        Embeddings of unit length, (B, 512) float32.
    """
    return np.stack([colour_histogram(crop) for crop in garments.pixels])


def embed_lab(garments: Garments) -> NDArray[np.float32]:
    """Embed B garments as their histograms in CIE LAB.

    Returns:
        Embeddings of unit length, (B, K) float32.
    """
    return unit_rows(garments.colours)
