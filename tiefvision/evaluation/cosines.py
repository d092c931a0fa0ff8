"""Cosine similarities of many queries with a gallery, in blocks of bounded size."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

BLOCK_BYTES = 64 * 1024**2
"""Largest size of a block of similarities, whatever the size of the gallery."""


def unit_rows(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows of (N, D) scaled to unit length; a row of zeros stays zero.

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
    """Cosine similarities of all queries with the whole gallery, block by block.

    Args:
        queries: (Q, D) embeddings, of any length.
        gallery: (N, D) embeddings, of any length.
        block_bytes: Largest size of a block in bytes; a block holds at least one query.

    Yields:
        (b, N) float32 in [-1, 1]: the similarities of the next b queries.
    """
    targets = unit_rows(gallery).T
    rows = max(1, block_bytes // max(1, 4 * len(gallery)))
    for start in range(0, len(queries), rows):
        yield unit_rows(queries[start : start + rows]) @ targets
