"""Ranks of photographs: how well embeddings find other photographs of a product."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tiefvision.evaluation.cosines import cosine_blocks


def photo_ranks(
    queries: NDArray[np.float32],
    query_products: Sequence[str],
    gallery: NDArray[np.float32],
    gallery_products: Sequence[str],
) -> NDArray[np.int64]:
    """Rank of the most similar photograph of each query's product, by cosine.

    Every photograph of a wrong product takes a place of its own, unlike in
    `tiefvision.evaluation.retrieval.ranks_of_first_hit`, which counts items. A wrong
    photograph of equal similarity comes before the right one.

    Args:
        queries: (Q, D) embeddings, of any length; none of them is in the gallery.
        query_products: Product of each query, Q.
        gallery: (N, D) embeddings, of any length.
        gallery_products: Product of each row of the gallery, N.

    Returns:
        (Q,) ranks from 1; 0 if the gallery has no photograph of the product.

    >>> rows = np.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]], dtype=np.float32)
    >>> photo_ranks(rows[:1], ["a"], rows, ["b", "b", "a"]).tolist()
    [3]
    """
    owners = np.asarray(gallery_products, dtype=np.str_)
    wanted = np.asarray(query_products, dtype=np.str_)
    ranks = np.zeros(len(queries), dtype=np.int64)
    start = 0
    for cosines in cosine_blocks(queries, gallery):
        block = slice(start, start + len(cosines))
        own = wanted[block, None] == owners[None]  # (b, N)
        nearest = np.where(own, cosines, -np.inf).max(axis=1, initial=-np.inf)
        before = ~own & (cosines >= nearest[:, None])
        ranks[block] = np.where(own.any(axis=1), before.sum(axis=1) + 1, 0)
        start = block.stop
    return ranks
