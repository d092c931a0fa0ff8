"""Appearance: where the first photograph of the right product stands."""

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
    """Rank of the nearest photograph of each query's product, counted in photographs.

    Nearness is the cosine. An equally near photograph of another product counts against
    the query. Unlike ``ranks_of_first_hit``, which counts items, the photographs of one
    wrong product take a place each.

    Args:
        queries: (Q, D), of any length; none of them may be in the gallery.
        query_products: Q products.
        gallery: (N, D).
        gallery_products: N products.

    Returns:
        (Q,) from 1; 0 where the gallery does not hold the product.

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
