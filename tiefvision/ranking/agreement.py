"""Where two crops agree: the similarity of the baseline, cell by cell."""

import numpy as np
from numpy.typing import NDArray

from tiefvision.ranking.garments import Garments


def agreement_of_cells(first: Garments, second: Garments) -> NDArray[np.float32]:
    """Cosine of each cell of one crop with the same cell of another one.

    A crop is stretched to a square, so that a cell is the same part of a garment in
    both. Cells have unit length; the mean of the cosines is the similarity by the
    ranker ``cosine``.

    Args:
        first: a batch of one crop.
        second: a batch of one crop, described by the same encoder.

    Returns:
        (h, w) float32 in [-1, 1].
    """
    agreement = np.einsum("bchw,bchw->hw", first.maps, second.maps)
    return np.asarray(agreement, dtype=np.float32)
