"""Recall of a search by an index, compared with exact search."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiefvision.evaluation.intervals import Figure, bootstrap_difference
from tiefvision.evaluation.retrieval import ranks_of_first_hit, recall_at
from tiefvision.evaluation.searches import Search
from tiefvision.index.hnsw import HnswIndex
from tiefvision.index.neighbours import Neighbours, recall_of_neighbours
from tiefvision.judging.results import LISTED, RankerResult
from tiefvision.ranking.garments import Embed, GarmentsOf
from tiefvision.ranking.views import BLOCK, embed_views
from tiefvision.records import View

COMPARED_CUTS = (1, LISTED)
"""The k of the recall@k that are compared."""


@dataclass(frozen=True)
class IndexRecall:
    """An index compared with exact search by the same queries.

    Attributes:
        recall_of_exact: share of the exact ten nearest neighbours that the index finds.
        differences: recall@1 and recall@10 of the index minus those of exact search.
    """

    recall_of_exact: float
    differences: Mapping[str, Figure]


def judge_index(
    search: Search,
    result: RankerResult,
    index: HnswIndex,
    embed: Embed,
    garments_of: GarmentsOf,
    seed: int = 0,
) -> IndexRecall:
    """Search by an index and compare the result with exact search.

    Args:
        search: queries and gallery; every query searches the whole gallery.
        result: result of exact search; its misses count as misses of the index too.
        index: index of the gallery's embeddings, in the order of the gallery.
        embed: ranker.
        garments_of: reader of the crops of views.
        seed: seed of the bootstrap.

    Raises:
        ValueError: Each query searches only a part of the gallery.
    """
    if search.within != "all":
        raise ValueError(f"an index does not search within {search.within}")
    found = _ask(index, search, embed, garments_of)
    # A query in whose photograph no garment was located stays a miss.
    ranks = np.where(
        result.ranks == 0,
        0,
        ranks_of_found(found, search.query_items, search.gallery_items),
    )
    return IndexRecall(
        recall_of_neighbours(
            Neighbours(found.rows[:, :LISTED], found.similarities[:, :LISTED]),
            Neighbours(result.closest, result.similarities),
        ),
        {
            f"recall@{k}": bootstrap_difference(
                recall_at(ranks, k), recall_at(result.ranks, k), seed, result.products
            )
            for k in COMPARED_CUTS
        },
    )


def _ask(
    index: HnswIndex, search: Search, embed: Embed, garments_of: GarmentsOf
) -> Neighbours:
    """Enough neighbours of every query to contain the ten closest items."""
    counts = np.unique(search.gallery_items, return_counts=True)[1]
    wanted = LISTED * int(counts.max(initial=1))
    parts = [
        index.search(embed_views(queries, garments_of, embed), wanted)
        for queries in _blocks(search.queries)
    ]
    width = min((part.rows.shape[1] for part in parts), default=0)
    rows = [np.empty((0, width), np.int64), *(part.rows[:, :width] for part in parts)]
    similarities = [part.similarities[:, :width] for part in parts]
    none = np.empty((0, width), np.float32)
    return Neighbours(np.concatenate(rows), np.concatenate([none, *similarities]))


def _blocks(views: Sequence[View]) -> list[Sequence[View]]:
    return [views[start : start + BLOCK] for start in range(0, len(views), BLOCK)]


def ranks_of_found(
    found: Neighbours, items: Sequence[str], gallery_items: Sequence[str]
) -> NDArray[np.int64]:
    """The rank of the right item among the neighbours that an index found.

    Args:
        found: neighbours of Q queries, the closest first.
        items: right item of each query.
        gallery_items: item of each row of the gallery.

    Returns:
        Ranks from 1, (Q,) int64, as ``ranks_of_first_hit`` counts them; 0 if the item
        was not found.
    """
    ranks = np.zeros(len(found.rows), dtype=np.int64)
    for query, (rows, similarities) in enumerate(
        zip(found.rows, found.similarities, strict=True)
    ):
        shown = [gallery_items[row] for row in rows]
        ranks[query] = ranks_of_first_hit(similarities[None], [items[query]], shown)[0]
    return ranks
