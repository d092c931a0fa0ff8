"""Results of rankers on the same queries and gallery, by exact search."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tiefvision.evaluation.intervals import (
    Figure,
    bootstrap_difference,
    bootstrap_mean,
    randomisation_test,
)
from tiefvision.evaluation.ranked_lists import (
    average_precision,
    hits_in_order,
    precision_at,
    score_at,
    triplet_accuracy,
    worst_score_at,
)
from tiefvision.evaluation.restricting import allowed, same_kind
from tiefvision.evaluation.retrieval import (
    ranks_of_first_hit,
    recall_at,
    reciprocal_rank,
)
from tiefvision.evaluation.searches import Search, same_names
from tiefvision.progress import Track, untracked
from tiefvision.ranking.garments import Embed, GarmentsOf
from tiefvision.ranking.views import similarity_rows

CUTS = (1, 3, 5, 10, 20, 30, 50)
"""The k of recall@k."""

LIST_CUT = 30
"""The k of precision@k and score@k, as in Deep Ranking (arXiv:1404.4661)."""

FORBIDDEN = np.float32(-2.0)
"""Similarity of rows that a query may not find, below every cosine."""

LISTED = 10
"""Number of closest and of farthest results of a query that are kept."""

OF_FIRST_HIT = ("recall@", "reciprocal_rank", "average_precision")
"""How the names of figures begin that are 0 for a query that cannot be asked."""

CHANCE = 0.5
"""Expected share of triplets in the right order if similarities were random."""


@dataclass(frozen=True)
class RankerResult:
    """The result of a search by a ranker.

    Attributes:
        ranker: name of the ranker.
        ranks: rank of each query's item, from 1, (Q,); 0 for a miss.
        lists: figures of ranked lists of photographs, by name, a value for each query,
            (Q,) each.
        closest: rows of the gallery, the closest first, (Q, <= LISTED); -1 if a query
            may find no more.
        similarities: cosine of each row in ``closest``, in [-1, 1].
        farthest: rows of the gallery, the farthest first, (Q, <= LISTED); -1 if a query
            may find no more.
        least_similarities: cosine of each row in ``farthest``, in [-1, 1].
        worst: lowest possible value of each query by name of a figure in ``lists``,
            (Q,) each; a miss gets this value, or 0 if the figure is not listed.
    """

    ranker: str
    ranks: NDArray[np.int64]
    lists: Mapping[str, NDArray[np.float64]]
    closest: NDArray[np.int64]
    similarities: NDArray[np.float32]
    farthest: NDArray[np.int64]
    least_similarities: NDArray[np.float32]
    worst: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)

    def with_misses(self, missed: NDArray[np.bool_]) -> "RankerResult":
        """The result with some queries counted as misses.

        Args:
            missed: whether each query is a miss, (Q,).
        """
        lists = {
            name: np.where(missed, self.worst.get(name, 0.0), values)
            for name, values in self.lists.items()
        }
        return replace(self, ranks=np.where(missed, 0, self.ranks), lists=lists)

    def values(self) -> dict[str, NDArray[np.float64]]:
        """The values of every figure by name, (Q,) each."""
        return {
            **{f"recall@{k}": recall_at(self.ranks, k) for k in CUTS},
            "reciprocal_rank": reciprocal_rank(self.ranks),
            **self.lists,
        }

    def figures(self, seed: int = 0) -> dict[str, Figure]:
        """The mean of every figure with its bootstrap interval, by name."""
        return {
            name: bootstrap_mean(values, seed) for name, values in self.values().items()
        }


def figures_of_all(
    result: RankerResult, published: int, seed: int = 0
) -> dict[str, Figure]:
    """Figures over all queries of a published dataset, of which some are lost.

    Without the lost ones a figure is one on another, mostly easier set of queries
    (fk-visual-search leaves them out). Here they count as misses.

    Args:
        result: the result of the queries that are left.
        published: number of published queries, at least as many.
        seed: seed of the bootstrap.

    Returns:
        Means over all published queries by name: recall, reciprocal rank and average
        precision, which are 0 for a miss.
    """
    lost = np.zeros(published - len(result.ranks))
    return {
        name: bootstrap_mean(np.concatenate([values, lost]), seed)
        for name, values in result.values().items()
        if name.startswith(OF_FIRST_HIT)
    }


def run_search(
    search: Search,
    rankers: Mapping[str, Embed],
    garments_of: GarmentsOf,
    track: Track = untracked,
    query_garments_of: GarmentsOf | None = None,
) -> list[RankerResult]:
    """Run a search with every ranker.

    Args:
        search: queries and gallery.
        rankers: rankers by name.
        garments_of: reader of the crops of views.
        track: shows progress.
        query_garments_of: reader of the crops of queries, if another one than that of
            the gallery; None for ``garments_of``.
    """
    rows_of = partial(
        similarity_rows,
        search.queries,
        search.gallery,
        garments_of,
        track=track,
        query_garments_of=query_garments_of,
    )
    return [_collect(search, name, rows_of(embed)) for name, embed in rankers.items()]


def differences(
    result: RankerResult, baseline: RankerResult, seed: int = 0
) -> dict[str, Figure]:
    """Mean paired difference of every figure, ``result`` minus ``baseline``."""
    other = baseline.values()
    return {
        name: bootstrap_difference(values, other[name], seed)
        for name, values in result.values().items()
    }


def chances(
    result: RankerResult, baseline: RankerResult, seed: int = 0
) -> dict[str, float]:
    """p of every difference between two rankers, by ``randomisation_test``."""
    other = baseline.values()
    return {
        name: randomisation_test(values, other[name], seed)
        for name, values in result.values().items()
    }


def _collect(
    search: Search, name: str, blocks: Iterable[NDArray[np.float32]]
) -> RankerResult:
    """The result of all queries, from blocks of their similarities in order."""
    parts, done = [_judge(name, search, 0, _no_rows(search))], 0
    for rows in blocks:
        parts.append(_judge(name, search, done, rows))
        done += len(rows)
    return RankerResult(
        name,
        np.concatenate([part.ranks for part in parts]),
        _joined([part.lists for part in parts]),
        np.concatenate([part.closest for part in parts]),
        np.concatenate([part.similarities for part in parts]),
        np.concatenate([part.farthest for part in parts]),
        np.concatenate([part.least_similarities for part in parts]),
        _joined([part.worst for part in parts]),
    )


def _joined(
    parts: Sequence[Mapping[str, NDArray[np.float64]]],
) -> dict[str, NDArray[np.float64]]:
    """Concatenate the figures of several blocks of queries, by name."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _no_rows(search: Search) -> NDArray[np.float32]:
    """Similarities of no queries, so that a search without queries has all figures."""
    return np.empty((0, len(search.gallery)), dtype=np.float32)


def _judge(
    name: str, search: Search, first: int, table: NDArray[np.float32]
) -> RankerResult:
    """The result of a block of queries.

    Args:
        name: name of the ranker.
        search: queries and gallery.
        first: number of the block's first query.
        table: similarities of the block's queries to the gallery, (B, N).
    """
    items = search.query_items[first : first + len(table)]
    relevant = same_names(items, search.gallery_items)
    rows = slice(first, first + len(table))
    mask = allowed(search, rows)
    lengths = None
    if mask is not None:
        # Rows that a query may not find are ranked last and do not count as results.
        table, relevant = np.where(mask, table, FORBIDDEN), relevant & mask
        lengths = mask.sum(axis=1)
    hits = hits_in_order(table, relevant)
    order = np.argsort(-table, axis=1, kind="stable")
    closest, farthest = _ends(order, lengths)
    within, no_triplet = _in_category(search, rows, table, relevant, mask)
    return RankerResult(
        name,
        ranks_of_first_hit(table, items, search.gallery_items),
        {
            "average_precision": average_precision(hits),
            f"precision@{LIST_CUT}": precision_at(hits, LIST_CUT),
            "triplet_accuracy": triplet_accuracy(hits, lengths),
            **within,
            f"score@{LIST_CUT}": score_at(hits, LIST_CUT, lengths),
        },
        closest,
        _similarities(table, closest),
        farthest,
        _similarities(table, farthest),
        {
            f"score@{LIST_CUT}": worst_score_at(hits, LIST_CUT, lengths),
            **no_triplet,
        },
    )


def _ends(
    order: NDArray[np.int64], lengths: NDArray[np.int64] | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first and the last results of each list, (Q, <= LISTED) each.

    Lists with fewer results than others are padded with -1.
    """
    count = order.shape[1]
    first = np.arange(min(LISTED, count))
    if lengths is None:
        # Indexing with an array copies; a slice would keep the whole table in memory.
        return order[:, first], order[:, ::-1][:, first]
    last = lengths[:, None] - 1 - first
    beyond = last < 0
    farthest = np.take_along_axis(order, last.clip(0), axis=1)
    return np.where(beyond, -1, order[:, first]), np.where(beyond, -1, farthest)


def _similarities(
    table: NDArray[np.float32], columns: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Similarities at the given columns of each row; 0 at a column of -1."""
    found = np.take_along_axis(table, columns.clip(0), axis=1)
    return np.where(columns < 0, np.float32(0.0), found)


def _in_category(
    search: Search,
    rows: slice,
    table: NDArray[np.float32],
    relevant: NDArray[np.bool_],
    mask: NDArray[np.bool_] | None,
) -> tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[np.float64]]]:
    """Similarity precision: triplet accuracy over negatives of the query's category.

    A query without such a triplet gets ``CHANCE`` for every ranker, and as a miss too.

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
