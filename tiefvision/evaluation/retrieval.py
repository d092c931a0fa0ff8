"""Retrieval figures: where the first right item stands, and what follows from that."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def ranks_of_first_hit(
    similarities: NDArray[np.float32],
    query_items: Sequence[str],
    gallery_items: Sequence[str],
) -> NDArray[np.int64]:
    """Rank of each query's own item, counted in items.

    An item stands where its closest photograph stands; its other photographs are
    passed over. An equal similarity counts against the query, so that a ranker that
    finds everything alike earns nothing.

    Args:
        similarities: (Q, N), higher is closer.
        query_items: Q items.
        gallery_items: N items.

    Returns:
        (Q,) from 1; 0 where the gallery does not hold the item.

    >>> table = np.array([[0.9, 0.8, 0.7]], dtype=np.float32)
    >>> ranks_of_first_hit(table, ["b"], ["a", "a", "b"]).tolist()
    [2]
    """
    items = sorted(set(gallery_items))
    number = {item: index for index, item in enumerate(items)}
    owner = np.array([number[item] for item in gallery_items], dtype=np.int64)
    best = np.full((len(query_items), len(items)), -np.inf, dtype=np.float32)
    for column in range(len(gallery_items)):
        target = best[:, owner[column]]
        np.maximum(target, similarities[:, column], out=target)
    ranks = np.zeros(len(query_items), dtype=np.int64)
    for row, item in enumerate(query_items):
        if item in number:
            own = best[row, number[item]]
            ranks[row] = np.count_nonzero(best[row] >= own)  # itself and ties included
    return ranks


def recall_at(ranks: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    """1.0 for each query whose item is among the first k items, else 0.0.

    >>> recall_at(np.array([1, 3, 0]), 2).tolist()
    [1.0, 0.0, 0.0]
    """
    return ((ranks > 0) & (ranks <= k)).astype(np.float64)


def reciprocal_rank(ranks: NDArray[np.int64]) -> NDArray[np.float64]:
    """1 / rank for each query; 0 where the item is not there.

    >>> reciprocal_rank(np.array([1, 4, 0])).tolist()
    [1.0, 0.25, 0.0]
    """
    return np.divide(1.0, ranks, out=np.zeros(len(ranks)), where=ranks > 0)
