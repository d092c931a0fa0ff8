"""Recall of each step of a search by reduced embeddings.

The steps are exact search by whole embeddings, exact search by reduced ones, a search
by their index, and re-ranking of the index's shortlist by whole embeddings
(``index.reranking``).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiefvision.evaluation.intervals import bootstrap_difference, bootstrap_mean
from tiefvision.evaluation.retrieval import ranks_of_first_hit, recall_at
from tiefvision.evaluation.searches import Search
from tiefvision.index.reranking import SHORTLIST, Searchable, rerank
from tiefvision.judging.index_recall import ranks_of_found
from tiefvision.judging.results import LISTED, RankerResult
from tiefvision.ranking.garments import Embed, GarmentsOf
from tiefvision.ranking.views import BLOCK, embed_views, similarity_rows
from tiefvision.ranking.whitening import WhitenedRanker

WHOLE, REDUCED = "whole", "reduced"
INDEXED, RERANKED = "indexed", "reranked"
STEPS = (WHOLE, REDUCED, INDEXED, RERANKED)
"""The steps in order: exact search by whole embeddings, exact search by reduced ones,
their index, and its shortlist re-ranked by whole embeddings."""

CUTS = (1, LISTED)
"""The k of recall@k."""


def reranking_facts(
    search: Search,
    result: RankerResult,
    index: Searchable,
    embed: Embed,
    garments_of: GarmentsOf,
    seed: int = 0,
    shortlist: int = SHORTLIST,
) -> dict[str, Any]:
    """Recall after each step of a search by reduced embeddings.

    Args:
        search: queries and gallery.
        result: result of exact search by the ranker; its misses count as misses in
            every step.
        index: index of the gallery's reduced embeddings, in the order of the gallery.
        embed: ranker.
        garments_of: reader of the crops of views.
        seed: seed of the bootstrap.
        shortlist: number of rows that are re-ranked.

    Returns:
        "steps": for each of ``STEPS`` recall@1 and recall@10, and "ahead", their
        differences to the step before; "shortlist": number of rows that are re-ranked;
        "shortlist_holds": share in [0, 1] of the ten nearest neighbours by whole
        embeddings that the shortlist contains. {} for a ranker that does not reduce its
        embeddings, or if each query searches only a part of the gallery.
    """
    if not isinstance(embed, WhitenedRanker) or search.within != "all":
        return {}
    parts: dict[str, list[NDArray[np.int64]]] = {
        step: [] for step in (WHOLE, INDEXED, RERANKED)
    }
    held: list[NDArray[np.float64]] = []

    def embeddings_of(rows: NDArray[np.int64]) -> NDArray[np.float32]:
        wanted = [search.gallery[row] for row in rows]
        return embed_views(wanted, garments_of, embed.embed)

    tables = similarity_rows(search.queries, search.gallery, garments_of, embed.embed)
    for number, table in enumerate(tables):
        part = slice(number * BLOCK, number * BLOCK + len(table))
        asking, items = search.queries[part], search.query_items[part]
        found = index.search(embed_views(asking, garments_of, embed), shortlist)
        queries = embed_views(asking, garments_of, embed.embed)
        ordered = rerank(found, queries, embeddings_of, shortlist)
        nearest = np.argsort(-table, axis=1, kind="stable")[:, :LISTED]
        held.append((nearest[:, :, None] == found.rows[:, None]).any(2).mean(1))
        whole = ranks_of_first_hit(table, items, search.gallery_items)
        parts[WHOLE].append(whole)
        parts[INDEXED].append(ranks_of_found(found, items, search.gallery_items))
        parts[RERANKED].append(ranks_of_found(ordered, items, search.gallery_items))
    ranks = {step: np.concatenate(some) for step, some in parts.items()}
    ranks[REDUCED] = result.ranks
    missed = result.ranks == 0
    counted = {step: np.where(missed, 0, ranks[step]) for step in STEPS}
    steps = _figures(counted, seed, result.products)
    share = float(np.concatenate(held).mean())
    ordered_again = min(shortlist, len(search.gallery))
    return {"steps": steps, "shortlist": ordered_again, "shortlist_holds": share}


def steps_in_words(indexes: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """A sentence for each ranker whose facts contain those of ``reranking_facts``."""
    return tuple(
        _describe(ranker, facts)
        for ranker, facts in indexes.items()
        if "steps" in facts
    )


def _describe(ranker: str, facts: Mapping[str, Any]) -> str:
    first, *others = (_recalls(facts["steps"][step]) for step in STEPS)
    reduced, indexed, reranked = others
    return (
        f"{ranker}, step by step, recall@1 and recall@{LISTED}: whole maps {first}; "
        f"reduced to {facts['embedding']:,} numbers {reduced}; by NMSLIB {indexed}; "
        f"its first {facts['shortlist']} ordered again by whole maps {reranked}. They "
        f"hold {facts['shortlist_holds']:.1%} of the ten nearest by whole maps."
    )


def _recalls(step: Mapping[str, Any]) -> str:
    """Recalls such as "0.5676 and 0.8784 (-0.0120 and +0.0000)", rounded as in JSON."""
    values = " and ".join(f"{step[f'recall@{k}']['value']:.4f}" for k in CUTS)
    if "ahead" not in step:
        return values
    gained = (f"{step['ahead'][f'recall@{k}']['value']:+.4f}" for k in CUTS)
    return f"{values} ({' and '.join(gained)})"


def _figures(
    ranks: Mapping[str, NDArray[np.int64]],
    seed: int,
    products: NDArray[np.int64] | None,
) -> dict[str, dict[str, Any]]:
    """Recalls of each step, and their differences to the step before."""
    figures: dict[str, dict[str, Any]] = {}
    before: NDArray[np.int64] | None = None
    for step, own in ranks.items():
        figures[step] = {
            f"recall@{k}": bootstrap_mean(recall_at(own, k), seed, products).to_dict()
            for k in CUTS
        }
        if before is not None:
            figures[step]["ahead"] = {
                f"recall@{k}": bootstrap_difference(
                    recall_at(own, k), recall_at(before, k), seed, products
                ).to_dict()
                for k in CUTS
            }
        before = own
    return figures
