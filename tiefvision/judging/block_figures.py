"""Figures of a block of queries by other rules than their items alone."""

import numpy as np
from numpy.typing import NDArray

from tiefvision.evaluation.judged import gains_of
from tiefvision.evaluation.ranked_lists import (
    gains_in_order,
    hits_in_order,
    ndcg_at,
    triplet_accuracy,
)
from tiefvision.evaluation.restricting import same_kind
from tiefvision.evaluation.searches import Search

JUDGED_CUTS = {"recall": (1, 10), "ndcg": (5, 10)}
"""The k of recall@k and nDCG@k by a file of judgements."""

FORBIDDEN = np.float32(-2.0)
"""Similarity of rows that a query may not find, below every cosine."""

CHANCE = 0.5
"""Expected share of triplets in the right order if similarities were random."""


def figures_by_judgements(
    search: Search,
    rows: slice,
    table: NDArray[np.float32],
    mask: NDArray[np.bool_] | None,
) -> dict[str, NDArray[np.float64]]:
    """recall@k and nDCG@k by each file of judgements, (Q,) each.

    Recall at k is 1 if one of the first k photographs is relevant, else 0.

    Args:
        search: queries and gallery.
        rows: rows of the Q queries of the block.
        table: similarities of these queries to the gallery, (Q, N).
        mask: what each query may find, (Q, N); None for the whole gallery.
    """
    figures: dict[str, NDArray[np.float64]] = {}
    for name in search.grades:
        gains = gains_of(search, name, rows)
        if mask is not None:
            gains[~mask] = 0.0
        gains = gains_in_order(table, gains)
        for k in JUDGED_CUTS["recall"]:
            hit = (gains[:, :k] > 0).any(axis=1)
            figures[f"{name}_recall@{k}"] = np.asarray(hit, dtype=np.float64)
        for k in JUDGED_CUTS["ndcg"]:
            figures[f"{name}_ndcg@{k}"] = ndcg_at(gains, k)
    return figures


def figures_in_category(
    search: Search,
    rows: slice,
    table: NDArray[np.float32],
    relevant: NDArray[np.bool_],
    mask: NDArray[np.bool_] | None,
) -> tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[np.float64]]]:
    """Similarity precision: triplet accuracy over negatives of the query's category.

    A query without such a triplet gets ``CHANCE`` for every ranker, and as a miss too.

    Args:
        search: queries and gallery.
        rows: rows of the Q queries of the block.
        table: similarities of these queries to the gallery, (Q, N).
        relevant: whether each query should find each photograph, (Q, N).
        mask: what each query may find, (Q, N); None for the whole gallery.

    Returns:
        The figure by its name, (Q,), and its lowest possible value; {} and {} if
        categories are unknown.
    """
    kinds = same_kind(search, rows)
    if kinds is None:
        return {}, {}
    kinds = kinds if mask is None else kinds & mask
    right = relevant & kinds
    hits = hits_in_order(np.where(kinds, table, FORBIDDEN), right)
    figures = triplet_accuracy(hits, kinds.sum(axis=1))
    some = right.any(axis=1) & (kinds & ~relevant).any(axis=1)
    name = "similarity_precision"
    return (
        {name: np.where(some, figures, CHANCE)},
        {name: np.where(some, 0.0, CHANCE)},
    )
