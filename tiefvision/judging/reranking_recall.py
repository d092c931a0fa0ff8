"""What each step of a search by few numbers wins or loses, against whole embeddings.

The steps: a reduction to few numbers, an index of them, and a shortlist from that index
which whole embeddings order again (``index.reranking``).
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
"""Exact search by whole embeddings, then by reduced ones; their index; its shortlist
in the order of whole embeddings."""

CUTS = (1, LISTED)
"""The k of the recall@k that are told."""


def reranking_facts(
    search: Search,
    result: RankerResult,
    index: Searchable,
    embed: Embed,
    garments_of: GarmentsOf,
    seed: int = 0,
    shortlist: int = SHORTLIST,
) -> dict[str, Any]:
    """What is told of the steps of a search by reduced embeddings.

    Args:
        search: Queries and gallery.
        result: What the ranker did with it by exact search; a query that counts as a
            miss there counts as one in every step.
        index: Over the reduced embeddings of the gallery, row by row.
        embed: The ranker.
        garments_of: Reads the maps of views.
        seed: Of the bootstrap.
        shortlist: Rows that are ordered again.

    Returns:
        Nothing for a ranker that reduces nothing, and where each query searches a part
        of the gallery, which an index cannot. Otherwise "steps": of each of ``STEPS``
        recall@1 and recall@10, and "ahead", those less those of the step before;
        "shortlist", how many were ordered again; and "shortlist_holds", the share in
        [0, 1] of the ten nearest by whole embeddings that are among them.
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
    steps = _figures({step: np.where(missed, 0, ranks[step]) for step in STEPS}, seed)
    share = float(np.concatenate(held).mean())
    ordered_again = min(shortlist, len(search.gallery))
    return {"steps": steps, "shortlist": ordered_again, "shortlist_holds": share}


def steps_in_words(indexes: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """A sentence for each ranker whose facts hold what ``reranking_facts`` gave."""
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
    """Such as "0.5676 and 0.8784 (-0.0120 and +0.0000)", digit for digit as in JSON."""
    values = " and ".join(f"{step[f'recall@{k}']['value']:.4f}" for k in CUTS)
    if "ahead" not in step:
        return values
    gained = (f"{step['ahead'][f'recall@{k}']['value']:+.4f}" for k in CUTS)
    return f"{values} ({' and '.join(gained)})"


def _figures(
    ranks: Mapping[str, NDArray[np.int64]], seed: int
) -> dict[str, dict[str, Any]]:
    """Recalls of each step, and what they are more than those of the step before."""
    figures: dict[str, dict[str, Any]] = {}
    before: NDArray[np.int64] | None = None
    for step, own in ranks.items():
        figures[step] = {
            f"recall@{k}": bootstrap_mean(recall_at(own, k), seed).to_dict()
            for k in CUTS
        }
        if before is not None:
            figures[step]["ahead"] = {
                f"recall@{k}": bootstrap_difference(
                    recall_at(own, k), recall_at(before, k), seed
                ).to_dict()
                for k in CUTS
            }
        before = own
    return figures
