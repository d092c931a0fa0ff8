"""Rankers side by side: the same queries, the same gallery, exact search."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiefvision.evaluation.intervals import (
    Figure,
    bootstrap_difference,
    bootstrap_mean,
)
from tiefvision.evaluation.retrieval import (
    ranks_of_first_hit,
    recall_at,
    reciprocal_rank,
)
from tiefvision.progress import Track, untracked
from tiefvision.ranking.searches import Search
from tiefvision.ranking.views import Embed, MapsOf, similarity_table

CUTS = (1, 5, 10, 20)
"""The k of recall@k."""

LISTED = 10
"""Results of a query that are kept for the page of examples."""


@dataclass(frozen=True)
class RankerResult:
    """What a ranker did with a search.

    Attributes:
        ranker: Its name.
        ranks: (Q,) rank of each query's item, from 1; 0 for none.
        closest: (Q, <= LISTED) rows of the gallery, the closest first.
        similarities: The same shape, in [-1, 1].
    """

    ranker: str
    ranks: NDArray[np.int64]
    closest: NDArray[np.int64]
    similarities: NDArray[np.float32]

    def values(self) -> dict[str, NDArray[np.float64]]:
        """One value a query for every figure."""
        figures = {f"recall@{k}": recall_at(self.ranks, k) for k in CUTS}
        return figures | {"reciprocal_rank": reciprocal_rank(self.ranks)}

    def figures(self, seed: int = 0) -> dict[str, Figure]:
        """Every figure with its interval."""
        return {
            name: bootstrap_mean(values, seed) for name, values in self.values().items()
        }


def run_search(
    search: Search,
    rankers: Mapping[str, Embed],
    maps_of: MapsOf,
    track: Track = untracked,
) -> list[RankerResult]:
    """Put a search to every ranker."""
    return [
        _run(search, name, embed, maps_of, track) for name, embed in rankers.items()
    ]


def differences(
    result: RankerResult, baseline: RankerResult, seed: int = 0
) -> dict[str, Figure]:
    """How far a ranker is ahead of another, query by query, with interval."""
    other = baseline.values()
    return {
        name: bootstrap_difference(values, other[name], seed)
        for name, values in result.values().items()
    }


def _run(
    search: Search, name: str, embed: Embed, maps_of: MapsOf, track: Track
) -> RankerResult:
    table = similarity_table(
        search.queries, search.gallery, maps_of, embed, track=track
    )
    ranks = ranks_of_first_hit(table, search.query_items, search.gallery_items)
    closest = np.argsort(-table, axis=1, kind="stable")[:, :LISTED]
    listed = np.take_along_axis(table, closest, axis=1)
    return RankerResult(name, ranks, closest, listed)
