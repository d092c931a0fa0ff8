"""Re-ranking: reduced embeddings choose a shortlist, full embeddings order it."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tiefvision.index.neighbours import Neighbours

SHORTLIST = 100
"""Rows of each query that are re-ranked; their full embeddings, feature maps of 30,976
numbers, are 12 MB."""

QUERIES = 64
"""Queries re-ranked at a time. A row on the shortlists of several is read once."""

ROWS = 256
"""Gallery rows read at a time: 32 MB for feature maps of 30,976 numbers."""

EmbeddingsOf = Callable[[NDArray[np.int64]], NDArray[np.float32]]
"""Function that reads gallery rows: numbers of rows, (n,) int64 and ascending, to full
embeddings of unit length, (n, D) float32."""


class Searchable(Protocol):
    """An index of reduced embeddings, such as ``hnsw.HnswIndex``."""

    def search(self, queries: NDArray[np.float32], k: int) -> Neighbours:
        """Find at most k rows for each query, (Q, D) float32 of unit length."""


def rerank(
    found: Neighbours,
    queries: NDArray[np.float32],
    embeddings_of: EmbeddingsOf,
    k: int,
) -> Neighbours:
    """Order the rows of each shortlist by the cosine of full embeddings.

    At most ``ROWS`` full embeddings of the gallery are in memory at a time. A row on
    several shortlists of a group of ``QUERIES`` queries is read once for the group.

    Args:
        found: shortlists of S rows, found by reduced embeddings, (Q, S); their
            similarities are ignored.
        queries: full embeddings of the queries, of unit length, (Q, D) float32.
        embeddings_of: reads full embeddings of the gallery; a call asks for 1 to
            ``ROWS`` rows.
        k: number of rows to return per query.

    Returns:
        The min(k, S) most similar rows per query with their exact similarities. Rows of
        equal similarity are in the order of their numbers, as in ``search_exactly``.

    Raises:
        ValueError: The numbers of queries and of shortlists differ.
    """
    if len(queries) != len(found.rows):
        raise ValueError(
            f"There are {len(queries)} queries but {len(found.rows)} shortlists."
        )
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
    """Cosine of each query to the rows of its shortlist, (Q, S).

    Every query is compared with every row of a block, also with rows that are not on
    its shortlist: the matrix product takes less time than reading the rows.
    """
    similarities = np.empty(rows.shape, dtype=np.float32)
    wanted = np.unique(rows)
    for start in range(0, len(wanted), ROWS):
        block = wanted[start : start + ROWS]
        table = queries @ embeddings_of(block).T  # (Q, <= ROWS)
        asking, place = np.nonzero((rows >= block[0]) & (rows <= block[-1]))
        columns = np.searchsorted(block, rows[asking, place])
        similarities[asking, place] = table[asking, columns]
    return np.clip(similarities, -1.0, 1.0)
