"""Pairs of a gallery that are closer than a limit, found by its own NMSLIB index."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiefvision.index.hnsw import HnswIndex, build_index
from tiefvision.index.neighbours import Neighbours, search_exactly

Rows = NDArray[np.int64]

BLOCK = 256
"""Rows compared with all others at a time."""

NEIGHBOURS = 10
"""Asked of every row at first; of rows that all of them are close to, twice as many
until one is not."""


@dataclass(frozen=True, order=True)
class ClosePair:
    """Two rows that are close.

    Attributes:
        first: The smaller of their numbers.
        second: The larger.
        similarity: Cosine in [-1, 1].
    """

    first: int
    second: int
    similarity: float


def close_pairs(
    embeddings: NDArray[np.float32], limits: NDArray[np.float32]
) -> list[ClosePair]:
    """Pairs of rows whose cosine reaches the limits of both, in the order of the rows.

    The time grows with N log N, not with its square. Many equal rows fill the links of
    each other, so that the graph loses its way to the rest: a row that does not find
    itself is compared with every other one.

    Args:
        embeddings: (N, D) of unit length.
        limits: (N,) the least cosine of each row to a row that is close to it.
    """
    found: dict[tuple[int, int], float] = {}
    lost = np.ones(len(embeddings), dtype=np.bool_)
    for rows, neighbours in _search(build_index(embeddings), embeddings, limits):
        lost[rows[(neighbours.rows == rows[:, None]).any(axis=1)]] = False
        found |= _pairs(rows, neighbours, limits)
    (left,) = np.nonzero(lost)
    for start in range(0, len(left), BLOCK):
        rows = left[start : start + BLOCK]
        exact = search_exactly(embeddings[rows], embeddings, len(embeddings))
        found |= _pairs(rows, exact, limits)
    return [ClosePair(*rows, found[rows]) for rows in sorted(found)]


def _search(
    index: HnswIndex, embeddings: NDArray[np.float32], limits: NDArray[np.float32]
) -> Iterator[tuple[Rows, Neighbours]]:
    """Rows and their neighbours, until one of each row is beyond the row's limit."""
    asking, k = np.arange(len(embeddings)), NEIGHBOURS
    while len(asking):
        found = index.search(embeddings[asking], k)
        yield asking, found
        if k >= len(embeddings) or not found.rows.shape[1]:
            return
        asking = asking[found.similarities[:, -1] >= limits[asking]]
        k *= 2


def _pairs(
    rows: Rows, found: Neighbours, limits: NDArray[np.float32]
) -> dict[tuple[int, int], float]:
    """Those of the neighbours that both limits let through, smaller row first."""
    least = np.maximum(limits[rows][:, None], limits[found.rows])
    kept = (found.similarities >= least) & (found.rows != rows[:, None])
    one = np.broadcast_to(rows[:, None], found.rows.shape)[kept]
    other = found.rows[kept]
    ends = np.minimum(one, other).tolist(), np.maximum(one, other).tolist()
    similarities = found.similarities[kept].tolist()
    return dict(zip(zip(*ends, strict=True), similarities, strict=True))
