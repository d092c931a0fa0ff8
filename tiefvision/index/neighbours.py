"""What a search returns, and exact search, by which the fast one is judged."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BLOCK = 4096
"""Gallery rows compared at a time: bounds the table of similarities."""


@dataclass(frozen=True)
class Neighbours:
    """The closest rows of a gallery, the closest first.

    Attributes:
        rows: (Q, k) int64 numbers of gallery rows.
        similarities: (Q, k) float32 cosines in [-1, 1], higher is closer.
    """

    rows: NDArray[np.int64]
    similarities: NDArray[np.float32]


def search_exactly(
    queries: NDArray[np.float32], gallery: NDArray[np.float32], k: int
) -> Neighbours:
    """Compare every query with every row of a gallery.

    Args:
        queries: (Q, D) of unit length.
        gallery: (N, D) of unit length.
        k: How many; fewer come back where the gallery is smaller.
    """
    k = min(k, len(gallery))
    rows = np.empty((len(queries), 0), dtype=np.int64)
    similarities = np.empty((len(queries), 0), dtype=np.float32)
    for start in range(0, len(gallery), BLOCK):
        block = queries @ gallery[start : start + BLOCK].T  # (Q, <= BLOCK)
        numbers = np.broadcast_to(np.arange(start, start + block.shape[1]), block.shape)
        rows = np.concatenate([rows, numbers], axis=1)
        similarities = np.concatenate([similarities, block], axis=1)
        # Stable, so that equal rows keep their order whatever the block.
        best = np.argsort(-similarities, axis=1, kind="stable")[:, :k]
        rows = np.take_along_axis(rows, best, axis=1)
        similarities = np.take_along_axis(similarities, best, axis=1)
    return Neighbours(rows, np.clip(similarities, -1.0, 1.0))


def recall_of_neighbours(found: Neighbours, exact: Neighbours) -> float:
    """Share of the exact neighbours that a search found, in [0, 1]."""
    pairs = zip(found.rows, exact.rows, strict=True)
    shares = [np.isin(truth, rows).mean() for rows, truth in pairs if len(truth)]
    return float(np.mean(shares)) if shares else 1.0
