"""Vectors for the benchmark of indexes: clusters, as products have many photographs."""

import numpy as np
from numpy.typing import NDArray

CLUSTER = 100
"""Mean number of rows of a cluster."""

DECAY = 0.53
"""Power by which the spread falls with the number of a component: that of the principal
components 5 to 256 of 5,398 photographs of garments, whose maps an encoder described
(docs/experiments/0014-index.md)."""


def clustered_vectors(
    rows: int, dimensions: int, queries: int, seed: int, decay: float = DECAY
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Draw vectors around random centres, and queries that are none of them.

    A centre and what is added to it have a normal distribution of the same spread, so
    that clusters overlap.

    Args:
        rows: number of vectors.
        dimensions: length of a vector.
        queries: number of queries.
        seed: seed of the random numbers.
        decay: power by which the spread falls; 0 for the same in all directions.

    Returns:
        The vectors, (N, D), and the queries, (Q, D), of unit length, float32.
    """
    random = np.random.default_rng(seed)
    spread = ((1.0 + np.arange(dimensions)) ** -decay).astype(np.float32)
    centres = random.standard_normal(
        (max(1, rows // CLUSTER), dimensions), dtype=np.float32
    )
    members = random.integers(len(centres), size=rows + queries)
    drawn = random.standard_normal((rows + queries, dimensions), dtype=np.float32)
    drawn = (drawn + centres[members]) * spread
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    return drawn[:rows], drawn[rows:]
