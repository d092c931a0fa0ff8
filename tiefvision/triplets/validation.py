"""Figures of a validation, the best of which selects the weights that are kept."""

import numpy as np
from numpy.typing import NDArray

from tiefvision.evaluation.retrieval import ranks_of_first_hit, reciprocal_rank
from tiefvision.evaluation.searches import Search
from tiefvision.training.loop import Figures

RECIPROCAL_RANK = "val_reciprocal_rank"
"""Figure of a validation by search: the mean reciprocal rank."""

TRIPLET_ACCURACY = "val_triplet_accuracy"
"""Figure of a validation by triplets: the share of them that are in order."""


def search_figures(table: NDArray[np.float32], search: Search) -> Figures:
    """The mean reciprocal rank of a search with at least one query.

    Args:
        table: similarities of queries to the gallery, (Q, N) float32.
        search: the search.
    """
    ranks = ranks_of_first_hit(table, search.query_items, search.gallery_items)
    return {RECIPROCAL_RANK: float(reciprocal_rank(ranks).mean())}
