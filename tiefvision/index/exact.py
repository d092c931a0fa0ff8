"""Exact search over rows that are still being added."""

import numpy as np
from numpy.typing import NDArray

from tiefvision.index.neighbours import Neighbours, search_exactly

_FIRST = 256
"""Rows for which room is made at first; it doubles when it is used up."""


class ExactIndex:
    """Embeddings that every query is compared with.

    Args:
        embeddings: rows of unit length, (N, D) float32.
    """

    def __init__(self, embeddings: NDArray[np.float32]) -> None:
        self._kept = np.ascontiguousarray(embeddings, dtype=np.float32)
        self.rows = len(embeddings)

    @property
    def embeddings(self) -> NDArray[np.float32]:
        """The rows, (N, D) float32."""
        return self._kept[: self.rows]

    def append(self, embeddings: NDArray[np.float32]) -> None:
        """Add rows of unit length, (n, D) float32, behind the others."""
        wanted = self.rows + len(embeddings)
        if wanted > len(self._kept):
            room = max(wanted, 2 * len(self._kept), _FIRST)
            grown = np.empty((room, embeddings.shape[1]), dtype=np.float32)
            grown[: self.rows] = self.embeddings
            self._kept = grown
        self._kept[self.rows : wanted] = embeddings
        self.rows = wanted

    def search(self, queries: NDArray[np.float32], k: int) -> Neighbours:
        """The min(k, N) most similar rows for each query, (Q, D) float32."""
        return search_exactly(queries, self.embeddings, k)
