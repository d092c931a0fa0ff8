"""Precision at k by class: how many of the closest photographs show the query's class.

The course project on Deep Ranking judges a network by it, with k = 30, on Tiny
ImageNet: "accuracy" is the mean share of photographs of the query's class among its 30
closest training photographs by Euclidean distance. Rows of unit length have the same
order by distance as by cosine: |a - b|^2 = 2 - 2 cos(a, b).
"""

import numpy as np
from numpy.typing import NDArray

ABSENT = -1
"""Column of a query that is no photograph of the gallery."""

LEFT_OUT = np.float32(-np.inf)
"""Similarity of a query to itself, below every cosine."""


def without_itself(
    similarities: NDArray[np.float32], own: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Similarities in which no query can find itself; the argument stays as it is.

    A query of the training photographs would otherwise always be its own first result.

    Args:
        similarities: (Q, N) similarity of each query and photograph; higher is closer.
        own: (Q,) column of the query itself; ``ABSENT`` for one that is in none.

    >>> without_itself(np.array([[1, 0.5]], np.float32), np.array([0])).tolist()
    [[-inf, 0.5]]
    """
    table = similarities.copy()
    inside = np.flatnonzero(own != ABSENT)
    table[inside, own[inside]] = LEFT_OUT
    return table


def class_precision(
    similarities: NDArray[np.float32], relevant: NDArray[np.bool_], k: int
) -> NDArray[np.float64]:
    """Share of the k closest photographs that show the class of the query.

    Among photographs of equal similarity those of another class come first, so that a
    ranker that gives everything the same similarity is not rewarded. A gallery of fewer
    than k photographs is divided by k all the same.

    Source: precision at k, Manning, Raghavan & Schuetze, Introduction to Information
    Retrieval, 8.4.

    Args:
        similarities: (Q, N) similarity of each query and photograph, N at least 1; a
            query itself has ``LEFT_OUT``.
        relevant: (Q, N) whether each photograph shows the class of the query.
        k: number of photographs looked at, at least 1.

    Returns:
        (Q,) in [0, 1].

    >>> close = np.array([[0.9, 0.8, 0.8, 0.1]], dtype=np.float32)
    >>> class_precision(close, np.array([[True, True, False, True]]), 2).tolist()
    [0.5]
    """
    count = similarities.shape[1]
    among = min(k, count)
    place = count - among
    least = np.partition(similarities, place, axis=1)[:, place : place + 1]
    relevant = relevant & (similarities != LEFT_OUT)
    above, level = similarities > least, similarities == least
    left = among - above.sum(axis=1)
    others = (level & ~relevant).sum(axis=1)
    right = (above & relevant).sum(axis=1) + np.maximum(0, left - others)
    return np.asarray(right / k, dtype=np.float64)
