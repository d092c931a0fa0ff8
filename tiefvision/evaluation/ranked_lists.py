"""Figures of whole lists of results: every right photograph counts, not the first item.

Each takes hits in the order of a list, as ``hits_in_order`` gives them. Where a query
searches a part of the gallery, ``lengths``, (Q,), says how long its list is: places
from there on are no results, neither right nor wrong.
"""

import numpy as np
from numpy.typing import NDArray


def hits_in_order(
    similarities: NDArray[np.float32], relevant: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Whether each result is right, from the closest on.

    Of equal similarities the wrong ones come first, so that a ranker that finds
    everything alike earns nothing.

    Args:
        similarities: (Q, N), higher is closer.
        relevant: (Q, N), what each query should find.

    >>> similar = np.array([[0.1, 0.9, 0.5]], dtype=np.float32)
    >>> hits_in_order(similar, np.array([[True, False, True]])).tolist()
    [[False, True, True]]
    """
    order = np.lexsort((relevant, -similarities))
    return np.take_along_axis(relevant, order, axis=1)


def precision_at(hits: NDArray[np.bool_], k: int) -> NDArray[np.float64]:
    """Right ones among the first k, by k; a shorter list has nothing more.

    >>> precision_at(np.array([[True, False, True]]), 2).tolist()
    [0.5]
    """
    return np.asarray(hits[:, :k].sum(axis=1) / k)


def average_precision(hits: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Mean over what is right of the precision where it stands; 0 where nothing is.

    Source: Manning, Raghavan & Schuetze, Introduction to Information Retrieval, 8.4.

    >>> average_precision(np.array([[True, False, True]])).tolist() == [(1 + 2 / 3) / 2]
    True
    """
    right = hits.cumsum(axis=1)
    precision = right / np.arange(1, hits.shape[1] + 1)
    return _share((precision * hits).sum(axis=1), hits.sum(axis=1))


def triplet_accuracy(
    hits: NDArray[np.bool_], lengths: NDArray[np.int64] | None = None
) -> NDArray[np.float64]:
    """Share of a query's triplets in which the right photograph is closer.

    Every right photograph makes a triplet with every wrong one. With wrong ones of the
    query's own category this is the similarity precision of Deep Ranking (Wang et al.,
    arXiv:1404.4661, 6.2). 0 where there is no triplet.

    >>> triplet_accuracy(np.array([[True, False, True]])).tolist()
    [0.5]
    >>> triplet_accuracy(np.array([[False, True, False]]), np.array([2])).tolist()
    [0.0]
    """
    wrong = _wrong(hits, lengths)
    in_order = (_after(wrong) * hits).sum(axis=1)
    return _share(in_order, wrong.sum(axis=1) * hits.sum(axis=1))


def score_at(
    hits: NDArray[np.bool_], k: int, lengths: NDArray[np.int64] | None = None
) -> NDArray[np.float64]:
    """Triplets in order less those that are not, of those that reach the first k.

    A triplet does if its right or its wrong photograph is there (Deep Ranking, 6.2,
    with k = 30). A count, which grows with the gallery: it compares rankers, not
    datasets.

    >>> score_at(np.array([[False, True, False]]), 1).tolist()
    [-1.0]
    """
    wrong = _wrong(hits, lengths)
    after = _after(wrong)
    before = wrong.sum(axis=1, keepdims=True) - after
    wrong_at_top = wrong[:, :k].sum(axis=1)
    at_top = ((after - before) * hits)[:, :k].sum(axis=1)
    below = hits[:, k:].sum(axis=1) * wrong_at_top
    return np.asarray(at_top - below, dtype=np.float64)


def worst_score_at(
    hits: NDArray[np.bool_], k: int, lengths: NDArray[np.int64] | None = None
) -> NDArray[np.float64]:
    """The least that ``score_at`` can be with so many right and wrong ones.

    All wrong ones then stand before all right ones, so that every triplet in reach is
    out of order: each right one with those of the wrong ones that the first k hold.

    >>> worst_score_at(np.array([[True, False, False]]), 1).tolist()
    [-1.0]
    """
    wrong = _wrong(hits, lengths).sum(axis=1)
    return np.asarray(-hits.sum(axis=1) * np.minimum(wrong, k), dtype=np.float64)


def _wrong(
    hits: NDArray[np.bool_], lengths: NDArray[np.int64] | None
) -> NDArray[np.bool_]:
    """(Q, N), the results that are wrong."""
    if lengths is None:
        return ~hits
    return ~hits & (np.arange(hits.shape[1]) < lengths[:, None])


def _after(wrong: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How many wrong ones stand behind each place, (Q, N)."""
    return np.asarray(wrong.sum(axis=1, keepdims=True) - wrong.cumsum(axis=1))


def _share(
    part: NDArray[np.float64] | NDArray[np.int64], whole: NDArray[np.int64]
) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)
