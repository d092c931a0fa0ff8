"""Retrieval figures of the first relevant item: rank, recall at k, reciprocal rank."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def ranks_of_first_hit(
    similarities: NDArray[np.float32],
    query_items: Sequence[str],
    gallery_items: Sequence[str],
) -> NDArray[np.int64]:
    """Rank of each query's own item among the items of the gallery.

    The similarity of an item is that of its closest photograph. Items of equal
    similarity come before the query's own, so that a ranker that gives everything the
    same similarity is not rewarded.

    Args:
        similarities: (Q, N) similarity of each query and photograph; higher is closer.
        query_items: Item of each query, Q.
        gallery_items: Item of each photograph of the gallery, N.

    Returns:
        (Q,) ranks from 1; 0 if the gallery does not hold the item.

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
    """Recall at k, (Q,): 1.0 if the query's item is among the first k items, else 0.0.

    >>> recall_at(np.array([1, 3, 0]), 2).tolist()
    [1.0, 0.0, 0.0]
    """
    return ((ranks > 0) & (ranks <= k)).astype(np.float64)


def reciprocal_rank(ranks: NDArray[np.int64]) -> NDArray[np.float64]:
    """Reciprocal rank, (Q,): 1 / rank of the query's item; 0 if it is not found.

    >>> reciprocal_rank(np.array([1, 4, 0])).tolist()
    [1.0, 0.25, 0.0]
    """
    return np.divide(1.0, ranks, out=np.zeros(len(ranks)), where=ranks > 0)
