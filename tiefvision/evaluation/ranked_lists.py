"""Figures of whole result lists, in which every relevant photograph counts.

Arguments that the functions share:
    hits: (Q, N) bool, whether each result is relevant, in the order of the list, as
        `hits_in_order` gives them.
    lengths: (Q,) number of results of each query, where a query searches only a part of
        the gallery; later places are neither relevant nor irrelevant. None if every
        list has N results.

All figures have the shape (Q,).
"""

import numpy as np
from numpy.typing import NDArray


def hits_in_order(
    similarities: NDArray[np.float32], relevant: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Whether each result is relevant, in the order of falling similarity.

    Among results of equal similarity the irrelevant ones come first, so that a ranker
    that gives everything the same similarity is not rewarded.

    Args:
        similarities: (Q, N) similarity of each query and photograph; higher is closer.
        relevant: (Q, N) whether each query should find each photograph.

    Returns:
        (Q, N) bool.

    >>> similar = np.array([[0.1, 0.9, 0.5]], dtype=np.float32)
    >>> hits_in_order(similar, np.array([[True, False, True]])).tolist()
    [[False, True, True]]
    """
    order = np.lexsort((relevant, -similarities))
    return np.take_along_axis(relevant, order, axis=1)


def gains_in_order(
    similarities: NDArray[np.float32], gains: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Gain of each result, in the order of falling similarity.

    Among results of equal similarity those of least gain come first, as in
    `hits_in_order`.

    Args:
        similarities: (Q, N) similarity of each query and photograph; higher is closer.
        gains: (Q, N) graded relevance of each photograph for each query, at least 0.

    Returns:
        (Q, N) float32.
    """
    order = np.lexsort((gains, -similarities))
    return np.take_along_axis(gains, order, axis=1)


def ndcg_at(gains: NDArray[np.float32], k: int) -> NDArray[np.float64]:
    """Normalised discounted cumulative gain at k.

    The gains of the first k results, each divided by log2(1 + rank), as a share of the
    largest possible sum. A query without gains has 0.

    Source: Järvelin & Kekäläinen, Cumulated Gain-Based Evaluation of IR Techniques, ACM
    TOIS 20(4), 2002, with the discount of trec_eval.

    Args:
        gains: (Q, N) gain of each result in the order of the list, as `gains_in_order`
            gives them.
        k: Number of results that count.

    >>> ndcg_at(np.array([[0, 2, 1]], dtype=np.float32), 2).round(4).tolist()
    [0.4796]
    """
    discounts = 1.0 / np.log2(np.arange(2, min(k, gains.shape[1]) + 2))
    count = len(discounts)
    best = np.sort(gains, axis=1)[:, ::-1][:, :count].astype(np.float64) @ discounts
    found = gains[:, :count].astype(np.float64) @ discounts
    share = np.divide(found, best, out=np.zeros(len(gains)), where=best > 0)
    return np.asarray(share, dtype=np.float64)


def precision_at(hits: NDArray[np.bool_], k: int) -> NDArray[np.float64]:
    """Precision at k: number of relevant results among the first k, divided by k.

    A list of fewer than k results is divided by k all the same.

    >>> precision_at(np.array([[True, False, True]]), 2).tolist()
    [0.5]
    """
    return np.asarray(hits[:, :k].sum(axis=1) / k)


def average_precision(hits: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Average precision: mean of the precision at the places of the relevant results.

    A query without relevant results has 0.

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
    """Share of a query's triplets in which the relevant photograph is closer.

    A query has a triplet for every pair of a relevant and an irrelevant photograph.
    With irrelevant photographs of the query's own category this is the similarity
    precision of Deep Ranking (Wang et al., arXiv:1404.4661, section 6.2). A query
    without triplets has 0.

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
    """Score at k of Deep Ranking (section 6.2, with k = 30).

    Triplets count if their relevant or irrelevant photograph is among the first k; the
    score is the number of those in the right order minus that of the others. It grows
    with the gallery, so it compares rankers, not datasets.

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
    """The smallest `score_at` of any list with these results.

    In the worst list all irrelevant results come first, so that every triplet that
    counts is in the wrong order: each relevant result with each irrelevant one among
    the first k.

    >>> worst_score_at(np.array([[True, False, False]]), 1).tolist()
    [-1.0]
    """
    wrong = _wrong(hits, lengths).sum(axis=1)
    return np.asarray(-hits.sum(axis=1) * np.minimum(wrong, k), dtype=np.float64)


def _wrong(
    hits: NDArray[np.bool_], lengths: NDArray[np.int64] | None
) -> NDArray[np.bool_]:
    """(Q, N) whether each place holds an irrelevant result."""
    if lengths is None:
        return ~hits
    return ~hits & (np.arange(hits.shape[1]) < lengths[:, None])


def _after(wrong: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(Q, N) number of irrelevant results after each place."""
    return np.asarray(wrong.sum(axis=1, keepdims=True) - wrong.cumsum(axis=1))


def _share(
    part: NDArray[np.float64] | NDArray[np.int64], whole: NDArray[np.int64]
) -> NDArray[np.float64]:
    """``part / whole``, (Q,); 0 where ``whole`` is 0."""
    return np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)
