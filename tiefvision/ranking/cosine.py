"""The unsupervised baseline: feature maps compared cell by cell."""

import numpy as np
from numpy.typing import NDArray

from tiefvision.ranking.garments import Garments
from tiefvision.ranking.similarity import flatten_cells


def embed_cells(garments: Garments) -> NDArray[np.float32]:
    """Embed B garments as their flattened feature maps (TiefVision's slides, step 5).

    Returns:
        Embeddings of unit length, (B, C * h * w) float32.
    """
    return flatten_cells(garments.maps)
