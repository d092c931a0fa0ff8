"""Results of rankers on the same queries and gallery, by exact search."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tiefvision.evaluation.by_fold import Spread, spread_of
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
from tiefvision.evaluation.restricting import allowed
from tiefvision.evaluation.retrieval import (
    ranks_of_first_hit,
    recall_at,
    reciprocal_rank,
)
from tiefvision.evaluation.searches import Search, same_names
from tiefvision.judging.block_figures import (
    FORBIDDEN,
    figures_by_judgements,
    figures_in_category,
)
from tiefvision.judging.vectors import lacking
from tiefvision.progress import Track, untracked
from tiefvision.ranking.garments import Embed, GarmentsOf
from tiefvision.ranking.views import similarity_rows

CUTS = (1, 3, 5, 10, 20, 30, 50)
"""The k of recall@k."""

LIST_CUT = 30
"""The k of precision@k and score@k, as in Deep Ranking (arXiv:1404.4661)."""

LACKING = np.float32(-1.5)
"""Similarity of rows of which a ranker has nothing: behind every cosine, and before the
rows that a query may not find."""

LISTED = 10
"""Number of closest and of farthest results of a query that are kept."""

OF_FIRST_HIT = ("recall@", "reciprocal_rank", "average_precision")
"""How the names of figures begin that are 0 for a query that cannot be asked."""


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
        products: number of the product of each query, (Q,), which intervals and tests
            resample by; None if each query is a product of its own.
        seeds: results of the training seeds that this one stands for: its figures are
            means over them, its lists of results those of the first; () for a ranker
            that stands for itself.
    """

    ranker: str
    ranks: NDArray[np.int64]
    lists: Mapping[str, NDArray[np.float64]]
    closest: NDArray[np.int64]
    similarities: NDArray[np.float32]
    farthest: NDArray[np.int64]
    least_similarities: NDArray[np.float32]
    worst: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    products: NDArray[np.int64] | None = None
    seeds: tuple["RankerResult", ...] = ()

    @property
    def each_seed(self) -> tuple["RankerResult", ...]:
        """The results of the training seeds, or only this one."""
        return self.seeds or (self,)

    def with_misses(self, missed: NDArray[np.bool_]) -> "RankerResult":
        """The result with some queries counted as misses.

        Args:
            missed: whether each query is a miss, (Q,).
        """
        lists = {
            name: np.where(missed, self.worst.get(name, 0.0), values)
            for name, values in self.lists.items()
        }
        return replace(
            self,
            ranks=np.where(missed, 0, self.ranks),
            lists=lists,
            seeds=tuple(one.with_misses(missed) for one in self.seeds),
        )

    def recall_at(self, k: int) -> NDArray[np.float64]:
        """Recall at k of each query, (Q,); the mean over training seeds."""
        found = [recall_at(one.ranks, k) for one in self.each_seed]
        return np.asarray(np.mean(found, axis=0))

    def values(self) -> dict[str, NDArray[np.float64]]:
        """The values of every figure by name, (Q,) each; means over training seeds."""
        if self.seeds:
            rows = [one.values() for one in self.seeds]
            return {
                name: np.asarray(np.mean([row[name] for row in rows], axis=0))
                for name in rows[0]
            }
        return {
            **{f"recall@{k}": recall_at(self.ranks, k) for k in CUTS},
            "reciprocal_rank": reciprocal_rank(self.ranks),
            **self.lists,
        }

    def figures(self, seed: int = 0) -> dict[str, Figure]:
        """The mean of every figure with its bootstrap interval, by name."""
        return {
            name: bootstrap_mean(values, seed, self.products)
            for name, values in self.values().items()
        }

    def spreads(self) -> dict[str, Spread]:
        """Mean and deviation of every figure over training seeds, by name."""
        rows = [one.values() for one in self.each_seed]
        return {
            name: spread
            for name in rows[0]
            if (spread := spread_of([float(row[name].mean()) for row in rows]))
        }


def gather_seeds(
    results: Iterable[RankerResult], rows: Mapping[str, Sequence[str]]
) -> tuple[RankerResult, ...]:
    """Results with training seeds of one ranker in one row.

    Args:
        results: results of all rankers.
        rows: names of the rankers in each row, by the name of the row.
    """
    by_name = {result.ranker: result for result in results}
    return tuple(
        by_name[names[0]]
        if len(names) == 1
        else replace(
            by_name[names[0]],
            ranker=row,
            seeds=tuple(by_name[name] for name in names),
        )
        for row, names in rows.items()
    )


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
        precision, which are 0 for a miss. The products of lost queries are not known:
        each is taken for one of its own.
    """
    asked = len(result.ranks)
    lost, products = np.zeros(published - asked), result.products
    if products is not None:
        others = products.max(initial=-1) + 1 + np.arange(len(lost))
        products = np.concatenate([products, others])
    return {
        name: bootstrap_mean(np.concatenate([values, lost]), seed, products)
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
        closeups=search.closeups,
    )
    return [
        _collect(search, name, rows_of(embed), lacking(embed, search.gallery))
        for name, embed in rankers.items()
    ]


def differences(
    result: RankerResult, baseline: RankerResult, seed: int = 0
) -> dict[str, Figure]:
    """Mean paired difference of every figure, ``result`` minus ``baseline``."""
    other = baseline.values()
    return {
        name: bootstrap_difference(values, other[name], seed, result.products)
        for name, values in result.values().items()
    }


def chances(
    result: RankerResult, baseline: RankerResult, seed: int = 0
) -> dict[str, float]:
    """p of every difference between two rankers, by ``randomisation_test``."""
    other = baseline.values()
    return {
        name: randomisation_test(values, other[name], seed, result.products)
        for name, values in result.values().items()
    }


def _collect(
    search: Search,
    name: str,
    blocks: Iterable[NDArray[np.float32]],
    lacks: NDArray[np.bool_] | None = None,
) -> RankerResult:
    """The result of all queries, from blocks of their similarities in order.

    Args:
        search: queries and gallery.
        name: name of the ranker.
        blocks: similarities of the queries to the gallery, (<= Q, N) each.
        lacks: whether the ranker has nothing of each photograph of the gallery, (N,);
            None if it has all.
    """
    parts, done = [_judge(name, search, 0, _no_rows(search))], 0
    for rows in blocks:
        if lacks is not None:
            rows[:, lacks] = LACKING
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
        np.array(search.products, dtype=np.int64) if search.products else None,
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
    ranked = (table > LACKING).sum(axis=1) if (table <= LACKING).any() else None
    closest, farthest = _ends(order, ranked)
    within, no_triplet = figures_in_category(search, rows, table, relevant, mask)
    return RankerResult(
        name,
        ranks_of_first_hit(table, items, search.gallery_items),
        {
            "average_precision": average_precision(hits),
            f"precision@{LIST_CUT}": precision_at(hits, LIST_CUT),
            "triplet_accuracy": triplet_accuracy(hits, lengths),
            **within,
            f"score@{LIST_CUT}": score_at(hits, LIST_CUT, lengths),
            **figures_by_judgements(search, rows, table, mask),
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
