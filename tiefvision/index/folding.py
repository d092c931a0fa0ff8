"""Short vectors for the graph: principal components, and the length of what is left.

A vector x of unit length is projected to the directions of most variance; the length of
the rest, which the projection loses, becomes one more number. The folded vector has
unit length again, and the inner product of two of them is never below that of the
vectors themselves: the rests are compared as if they had the same direction.

An index of folded vectors finds a shortlist in less time and memory; the vectors
themselves order it. It pays where the variance decays, as it does in embeddings of
photographs (docs/experiments/0014-index.md).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tiefvision.index.hnsw import HnswIndex
from tiefvision.index.neighbours import Neighbours

BLOCK = 64
"""Queries whose shortlists are ordered at a time: 6.5 MB for 100 rows of 256."""

LEARNT_FROM = 10_000
"""Most rows from which the directions are learnt."""


@dataclass(frozen=True, eq=False)
class Folding:
    """The directions that folded vectors keep.

    Attributes:
        directions: orthogonal columns of unit length, (D, K - 1) float32.
    """

    directions: NDArray[np.float32]

    def apply(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """Fold vectors of unit length, (N, D), to (N, K) float32 of unit length."""
        kept = embeddings @ self.directions
        rest = 1.0 - np.square(kept).sum(axis=1, keepdims=True)
        return np.concatenate([kept, np.sqrt(np.maximum(rest, 0.0))], axis=1)


def learn_folding(embeddings: NDArray[np.float32], width: int) -> Folding:
    """The directions in which vectors differ most in length.

    The mean is not subtracted, so that inner products of the vectors are kept.

    Args:
        embeddings: rows of unit length, (N, D) float32.
        width: length of a folded vector, K, from 2 to D.
    """
    rows = embeddings[:: -(-len(embeddings) // LEARNT_FROM) or 1]
    _, directions = np.linalg.eigh(rows.T @ rows)  # ascending
    return Folding(np.ascontiguousarray(directions[:, ::-1][:, : width - 1]))


@dataclass(frozen=True, eq=False)
class FoldedIndex:
    """An index of folded vectors, whose shortlists the vectors themselves order.

    Attributes:
        index: index of the folded rows.
        folding: how rows and queries are folded.
        embeddings: the rows themselves, (N, D) float32, in memory or mapped from disk.
    """

    index: HnswIndex
    folding: Folding
    embeddings: NDArray[np.float32]

    @property
    def rows(self) -> int:
        """Number of embeddings in the index."""
        return self.index.rows

    def with_search_effort(self, effort: int) -> "FoldedIndex":
        """The same index with another search effort; this one is used no more."""
        return replace(self, index=self.index.with_search_effort(effort))

    def search(
        self, queries: NDArray[np.float32], k: int, effort: int | None = None
    ) -> Neighbours:
        """Find the rows most similar to each query.

        Args:
            queries: embeddings of unit length, (Q, D) float32.
            k: number of rows to find.
            effort: size of the candidate list, all of which is compared with the query;
                that of the index's settings if None, and k at least.

        Returns:
            At most k rows per query; rows of equal similarity in the order of their
            numbers.
        """
        effort = max(effort or self.index.settings.search_effort, k)
        folded = self.folding.apply(queries)
        found = self.index.search(folded, effort, effort).rows
        rows = np.sort(found, axis=1)  # (Q, S)
        similarities = np.empty(rows.shape, dtype=np.float32)
        for start in range(0, len(rows), BLOCK):
            part = slice(start, start + BLOCK)
            listed = self.embeddings[rows[part]]  # (BLOCK, S, D)
            similarities[part] = np.matmul(listed, queries[part, :, None])[:, :, 0]
        best = np.argsort(-similarities, axis=1, kind="stable")[:, :k]
        return Neighbours(
            np.take_along_axis(rows, best, axis=1),
            np.clip(np.take_along_axis(similarities, best, axis=1), -1.0, 1.0),
        )
