"""Exact search over embeddings in memory, to which rows can be appended."""

import numpy as np
from numpy.typing import NDArray

from tiefvision.index.neighbours import Neighbours, search_exactly


class ExactIndex:
    """The embeddings of a gallery, searched by comparing a query with every row.

    The table grows by doubling, so that appending one row costs the same on average
    however many there are. One thread may append while others search: they see either
    all of the new rows or none.
    """

    def __init__(self, embeddings: NDArray[np.float32]) -> None:
        """Args: embeddings: rows of unit length, (N, D) float32; they are copied."""
        self._rows = np.array(embeddings, dtype=np.float32, order="C")
        self._table = self._rows

    @property
    def rows(self) -> int:
        """Number of embeddings in the index."""
        return len(self._rows)

    @property
    def embeddings(self) -> NDArray[np.float32]:
        """The rows, (N, D) float32: a view, which appending does not change."""
        return self._rows

    def append(self, embeddings: NDArray[np.float32]) -> None:
        """Add rows of unit length, (n, D) float32, behind the last one.

        Raises:
            ValueError: They have another number of dimensions.
        """
        count, width = self._rows.shape
        if embeddings.ndim != 2 or embeddings.shape[1] != width:
            raise ValueError(f"Rows have {width} numbers, not {embeddings.shape[1:]}.")
        end = count + len(embeddings)
        if end > len(self._table):
            table = np.empty((max(end, 2 * count), width), dtype=np.float32)
            table[:count] = self._rows
            self._table = table
        self._table[count:end] = embeddings
        self._rows = self._table[:end]  # last, for those who search meanwhile

    def search(self, queries: NDArray[np.float32], k: int) -> Neighbours:
        """Find the min(k, N) rows most similar to each query, as ``search_exactly``.

        Args:
            queries: embeddings of unit length, (Q, D) float32.
            k: number of rows to find.
        """
        return search_exactly(queries, self._rows, k)
