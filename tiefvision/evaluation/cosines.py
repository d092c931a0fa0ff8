"""Cosines between many embeddings, a block of queries at a time."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

BLOCK_BYTES = 64 * 1024**2
"""Of one block of cosines, whatever the size of the gallery."""


def unit_rows(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    """Every row of (N, D) at unit length; a row of zeros stays zero.

    >>> unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]], dtype=np.float32)).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    units = np.zeros_like(embeddings)
    np.divide(embeddings, lengths, out=units, where=lengths > 0)
    return units


def cosine_blocks(
    queries: NDArray[np.float32],
    gallery: NDArray[np.float32],
    block_bytes: int = BLOCK_BYTES,
) -> Iterator[NDArray[np.float32]]:
    """Cosines of some queries with the whole gallery, until all queries are done.

    Args:
        queries: (Q, D), of any length.
        gallery: (N, D).
        block_bytes: Bound on a block, which holds one query at least.

    Yields:
        (b, N) in [-1, 1]: the next b queries.
    """
    targets = unit_rows(gallery).T
    rows = max(1, block_bytes // max(1, 4 * len(gallery)))
    for start in range(0, len(queries), rows):
        yield unit_rows(queries[start : start + rows]) @ targets
