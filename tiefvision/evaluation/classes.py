"""Accuracy of nearest neighbours: how well embeddings separate classes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tiefvision.evaluation.cosines import cosine_blocks

NEIGHBOURS = 10
"""Neighbours that vote by default: enough to outvote a stray photograph, and fewer than
the smallest class holds."""


def neighbour_class_hits(
    queries: NDArray[np.float32],
    query_classes: Sequence[str],
    gallery: NDArray[np.float32],
    gallery_classes: Sequence[str],
    k: int = NEIGHBOURS,
) -> NDArray[np.float64]:
    """Whether a k-nearest-neighbour classifier gives each query its class.

    Neighbours are ordered by cosine similarity, those of equal similarity by their rows
    in the gallery. Each has one vote; in a draw the class with the nearest neighbour
    wins.

    Args:
        queries: (Q, D) embeddings, of any length.
        query_classes: Class of each query, Q.
        gallery: (N, D) embeddings, of any length; N at least 1.
        gallery_classes: Class of each row of the gallery, N.
        k: Number of neighbours; a smaller gallery votes as a whole.

    Returns:
        (Q,) of 1.0 and 0.0; the mean is the accuracy.

    >>> side, top = [1.0, 0.0], [0.0, 1.0]
    >>> rows = np.array([side, top, top], dtype=np.float32)
    >>> neighbour_class_hits(rows[:1], ["hat"], rows, ["hat", "shoe", "shoe"], k=1)
    array([1.])
    """
    _, numbers = np.unique(gallery_classes, return_inverse=True)
    names = np.asarray(gallery_classes, dtype=np.str_)
    winners: list[NDArray[np.str_]] = []
    for cosines in cosine_blocks(queries, gallery):
        nearest = np.argsort(-cosines, axis=1, kind="stable")[:, :k]  # (b, k)
        voted = numbers[nearest]
        # Votes for the class of each neighbour; argmax takes the first, the nearest.
        votes = (voted[:, :, None] == voted[:, None, :]).sum(axis=2)
        best = nearest[np.arange(len(nearest)), votes.argmax(axis=1)]
        winners.append(names[best])
    found = np.concatenate(winners) if winners else np.empty(0, dtype=names.dtype)
    return np.array(found == np.asarray(query_classes, dtype=np.str_), dtype=np.float64)
