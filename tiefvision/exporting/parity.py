"""Whether another store finds what our exact search finds."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiefvision.exporting.records import Collection, ExportBatch
from tiefvision.index.neighbours import (
    Neighbours,
    recall_of_neighbours,
    search_exactly,
)

TOP = 20
"""Rows of each list that is compared."""

QUERIES = 50
"""Rows of the collection that are searched for."""

NOTHING = -1
"""Number of a row where a store found fewer rows than it was asked for."""

Vectors = tuple[NDArray[np.int64], NDArray[np.float32]]
"""Ids of rows, (n,) int64, ascending, and their vectors, (n, D) float32."""


@dataclass(frozen=True)
class Parity:
    """How far the lists of another store are those of exact search.

    Attributes:
        queries: number of queries.
        top: length of the exact lists.
        recall: mean share of the exact neighbours that the store found, in [0, 1];
            rows of equal similarity are interchangeable.
        same: share of queries whose lists have the same rows in the same order.
        difference: largest difference of the two similarities of one row; 0 if no row
            is in both lists.
    """

    queries: int
    top: int
    recall: float
    same: float
    difference: float


def parity(found: Neighbours, exact: Neighbours) -> Parity:
    """Compare the lists of a store with exact ones.

    Args:
        found: ids and similarities that the store found, (Q, k); ``NOTHING`` where it
            found fewer.
        exact: ids and similarities of exact search for the same queries, (Q, K).
    """
    both = found.rows[:, :, None] == exact.rows[:, None]  # (Q, k, K)
    apart = abs(found.similarities[:, :, None] - exact.similarities[:, None])
    same_shape = found.rows.shape == exact.rows.shape
    same = (found.rows == exact.rows).all(axis=1) if same_shape else np.zeros(1)
    return Parity(
        len(exact.rows),
        exact.rows.shape[1],
        recall_of_neighbours(found, exact),
        float(same.mean()) if same.size else 1.0,
        float(apart[both].max(initial=0)),
    )


def search_vectors(
    queries: NDArray[np.float32], vectors: Iterable[Vectors], top: int = TOP
) -> Neighbours:
    """Exact search of vectors that come in batches.

    Args:
        queries: embeddings of unit length, (Q, D) float32.
        vectors: batches.
        top: number of rows to find.

    Returns:
        The ids in place of row numbers. Rows of equal similarity are in the order of
        their ids.
    """
    ids = np.empty((len(queries), 0), dtype=np.int64)
    similarities = np.empty((len(queries), 0), dtype=np.float32)
    for numbers, block in vectors:
        found = search_exactly(queries, block, top)
        ids = np.concatenate([ids, numbers[found.rows]], axis=1)
        similarities = np.concatenate([similarities, found.similarities], axis=1)
        best = np.argsort(-similarities, axis=1, kind="stable")[:, :top]
        ids = np.take_along_axis(ids, best, axis=1)
        similarities = np.take_along_axis(similarities, best, axis=1)
    return Neighbours(ids, similarities)


def vectors_of(batches: Iterable[ExportBatch]) -> Iterable[Vectors]:
    """The ids and vectors of batches."""
    for batch in batches:
        yield np.array([row.id for row in batch.rows], dtype=np.int64), batch.vectors


def sampled_queries(
    collection: Collection, batches: Iterable[ExportBatch], count: int = QUERIES
) -> NDArray[np.float32]:
    """Vectors of rows in equal distances, (min(count, N), D) float32."""
    count = min(count, collection.count)
    wanted = np.linspace(0, collection.count - 1, count).astype(np.int64)
    start, chosen = 0, [np.empty((0, collection.dimension), dtype=np.float32)]
    for batch in batches:
        end = start + len(batch.rows)
        inside = wanted[(wanted >= start) & (wanted < end)]
        chosen.append(np.asarray(batch.vectors, dtype=np.float32)[inside - start])
        start = end
    return np.concatenate(chosen)


def padded(lists: Iterable[list[tuple[int, float]]], top: int) -> Neighbours:
    """Lists of (id, similarity) of a store as arrays, filled up with ``NOTHING``."""
    filled = [[*one[:top], *[(NOTHING, np.nan)] * (top - len(one))] for one in lists]
    array = np.array(filled, dtype=np.float64).reshape(len(filled), top, 2)
    return Neighbours(
        array[:, :, 0].astype(np.int64), array[:, :, 1].astype(np.float32)
    )
