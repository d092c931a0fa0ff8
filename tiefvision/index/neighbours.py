"""The result of a search; exact search, and the recall of an approximate one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BLOCK = 4096
"""Gallery rows compared at a time; it limits the memory for similarities."""


TIE = 1e-5
"""Largest difference of two cosines that count as equal: the index and exact search sum
the products of long embeddings in float32, in different orders."""


@dataclass(frozen=True)
class Neighbours:
    """The gallery rows that were found for each query, the most similar first.

    Attributes:
        rows: numbers of the gallery rows, (Q, k) int64.
        similarities: cosine of each row to its query, in [-1, 1], (Q, k) float32.
    """

    rows: NDArray[np.int64]
    similarities: NDArray[np.float32]


def search_exactly(
    queries: NDArray[np.float32], gallery: NDArray[np.float32], k: int
) -> Neighbours:
    """Find the nearest neighbours by comparing every query with every gallery row.

    Args:
        queries: embeddings of unit length, (Q, D) float32.
        gallery: embeddings of unit length, (N, D) float32.
        k: number of rows to find.

    Returns:
        min(k, N) rows per query. Rows of equal similarity are in the order of their
        numbers.
    """
    k = min(k, len(gallery))
    rows = np.empty((len(queries), 0), dtype=np.int64)
    similarities = np.empty((len(queries), 0), dtype=np.float32)
    for start in range(0, len(gallery), BLOCK):
        block = queries @ gallery[start : start + BLOCK].T  # (Q, <= BLOCK)
        numbers = np.broadcast_to(np.arange(start, start + block.shape[1]), block.shape)
        rows = np.concatenate([rows, numbers], axis=1)
        similarities = np.concatenate([similarities, block], axis=1)
        # A stable sort keeps equal rows in the order of their numbers across blocks.
        best = np.argsort(-similarities, axis=1, kind="stable")[:, :k]
        rows = np.take_along_axis(rows, best, axis=1)
        similarities = np.take_along_axis(similarities, best, axis=1)
    return Neighbours(rows, np.clip(similarities, -1.0, 1.0))


def recall_of_neighbours(found: Neighbours, exact: Neighbours) -> float:
    """Recall of a search: the mean share of the exact neighbours that it found.

    Rows as similar as the last exact neighbour are interchangeable with it: where
    thirty photographs are equal, any ten of them are the ten nearest. Nearer ones have
    to be found themselves.

    Args:
        found: result of the search, Q queries.
        exact: result of ``search_exactly`` for the same queries.

    Returns:
        Mean over queries, in [0, 1]; 1 if there is no query with a neighbour.
    """
    if not exact.rows.size:
        return 1.0
    last = exact.similarities[:, -1:]  # (Q, 1)
    tied = exact.similarities <= last + TIE  # (Q, K)
    same = found.rows[:, :, None] == exact.rows[:, None]  # (Q, k, K)
    nearer = (same & ~tied[:, None]).any(2)
    alike = abs(found.similarities - last) <= TIE
    replacing = ((same & tied[:, None]).any(2) | alike) & ~nearer
    counts = nearer.sum(axis=1) + np.minimum(replacing.sum(axis=1), tied.sum(axis=1))
    return float((counts / exact.rows.shape[1]).mean())
