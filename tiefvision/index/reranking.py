"""Search in two steps: few numbers choose a shortlist, all numbers order it."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tiefvision.index.neighbours import Neighbours

SHORTLIST = 100
"""Rows that are ordered again: of each query, 12 MB of maps of 30,976 numbers."""

QUERIES = 64
"""Queries at a time. They share what is read, and have many rows in common."""

ROWS = 256
"""Gallery rows read at a time: 32 MB of maps of 30,976 numbers."""

EmbeddingsOf = Callable[[NDArray[np.int64]], NDArray[np.float32]]
"""Reads gallery rows: (n,) numbers to their full embeddings, (n, D) of unit length."""


class Searchable(Protocol):
    """An index of reduced embeddings, such as ``hnsw.HnswIndex``."""

    def search(self, queries: NDArray[np.float32], k: int) -> Neighbours:
        """The k closest rows of each query, or fewer."""


def rerank(
    found: Neighbours,
    queries: NDArray[np.float32],
    embeddings_of: EmbeddingsOf,
    k: int,
) -> Neighbours:
    """Order what was found by the exact similarity of full embeddings.

    Beside the arguments, memory holds ``ROWS`` full embeddings. A row that several of
    ``QUERIES`` neighbouring queries found is read once for them.

    Args:
        found: (Q, S) rows by reduced embeddings; their similarities are not used.
        queries: (Q, D) of unit length.
        embeddings_of: Reads full embeddings of the gallery; never asked for more than
            ``ROWS``, nor for none. The numbers ascend.
        k: How many are wanted; S where that is fewer.

    Returns:
        The closest k of the S, with their exact similarities. Equal ones are in the
        order of their numbers, as ``search_exactly`` has them, however they were found.

    Raises:
        ValueError: Not as many queries as were searched with.
    """
    if len(queries) != len(found.rows):
        raise ValueError(f"{len(queries)} queries, {len(found.rows)} shortlists.")
    rows = np.sort(found.rows, axis=1)
    similarities = np.empty(rows.shape, dtype=np.float32)
    for start in range(0, len(rows), QUERIES):
        part = slice(start, start + QUERIES)
        similarities[part] = _exact(rows[part], queries[part], embeddings_of)
    best = np.argsort(-similarities, axis=1, kind="stable")[:, :k]
    return Neighbours(
        np.take_along_axis(rows, best, axis=1),
        np.take_along_axis(similarities, best, axis=1),
    )


def _exact(
    rows: NDArray[np.int64],
    queries: NDArray[np.float32],
    embeddings_of: EmbeddingsOf,
) -> NDArray[np.float32]:
    """Similarities of (Q, S) pairs. The table takes less time than the reading."""
    similarities = np.empty(rows.shape, dtype=np.float32)
    wanted = np.unique(rows)
    for start in range(0, len(wanted), ROWS):
        block = wanted[start : start + ROWS]
        table = queries @ embeddings_of(block).T  # (Q, <= ROWS)
        asking, place = np.nonzero((rows >= block[0]) & (rows <= block[-1]))
        columns = np.searchsorted(block, rows[asking, place])
        similarities[asking, place] = table[asking, columns]
    return np.clip(similarities, -1.0, 1.0)
