from dataclasses import replace

import numpy as np
import pytest

from tiefvision.evaluation.searches import Search
from tiefvision.index.hnsw import build_index
from tiefvision.index.neighbours import Neighbours, search_exactly
from tiefvision.judging import reranking_recall as module
from tiefvision.judging.reranking_recall import (
    STEPS,
    reranking_facts,
    steps_in_words,
)
from tiefvision.judging.results import run_search
from tiefvision.ranking.cosine import embed_cells
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.ranking.similarity import normalise_cells
from tiefvision.ranking.views import embed_views
from tiefvision.ranking.whitening import WhitenedRanker, fit_whitening
from tiefvision.records import View

COUNT, QUERIES = 40, 8
MAPS = normalise_cells(
    np.random.default_rng(5).standard_normal((COUNT + QUERIES, 4, 2, 2), np.float32)
)
# Each query resembles the first photograph of its item.
MAPS[COUNT:] = normalise_cells(MAPS[COUNT:] + MAPS[: 2 * QUERIES : 2])
SEARCH = Search(
    "item",
    tuple(View(str(COUNT + number)) for number in range(QUERIES)),
    tuple(f"item{number}" for number in range(QUERIES)),
    tuple(View(str(number)) for number in range(COUNT)),
    tuple(f"item{number // 2}" for number in range(COUNT)),
)


def garments_of(views):
    return GarmentBatch(MAPS[[int(view.path) for view in views]])


GALLERY = embed_views(SEARCH.gallery, garments_of, embed_cells)
ASKING = embed_views(SEARCH.queries, garments_of, embed_cells)
PCA = WhitenedRanker(embed_cells, fit_whitening(GALLERY, size=3))


class Exact:
    """Exact search of reduced embeddings, without some rows."""

    def __init__(self, lost=()):
        self.kept = np.array([row for row in range(COUNT) if row not in lost])

    def search(self, queries, k):
        reduced = embed_views(SEARCH.gallery, garments_of, PCA)[self.kept]
        found = search_exactly(queries, reduced, k)
        return Neighbours(self.kept[found.rows], found.similarities)


def exact(embed=PCA, search=SEARCH):
    (result,) = run_search(search, {"pca": embed}, garments_of)
    return result


def facts_of(index, result=None, shortlist=6):
    return reranking_facts(
        SEARCH,
        result or exact(),
        index,
        PCA,
        garments_of,
        shortlist=shortlist,
    )


def by_hand(orders):
    """recall@1 and recall@10 of lists of rows, by items."""
    places = []
    for query, rows in enumerate(orders):
        items = list(dict.fromkeys(f"item{row // 2}" for row in rows))
        own = f"item{query}"
        places.append(items.index(own) if own in items else COUNT)
    return [np.mean([place < k for place in places]) for k in (1, 10)]


def recalls(step):
    return [step[f"recall@{k}"]["value"] for k in (1, 10)]


@pytest.mark.parametrize("lost", [(), (0, 2, 7, 31)])
@pytest.mark.parametrize("shortlist", [3, 6, 12])
def test_each_step_against_a_loop(lost, shortlist):
    facts = facts_of(Exact(lost), shortlist=shortlist)
    reduced = embed_views(SEARCH.gallery, garments_of, PCA)
    asking = embed_views(SEARCH.queries, garments_of, PCA)
    orders = {step: [] for step in STEPS}
    held = []
    for query in range(QUERIES):
        whole = (GALLERY @ ASKING[query]).tolist()
        few = (reduced @ asking[query]).tolist()
        every = range(COUNT)
        orders["whole"].append(sorted(every, key=lambda row: -whole[row]))
        orders["reduced"].append(sorted(every, key=lambda row: -few[row]))
        kept = [row for row in orders["reduced"][-1] if row not in lost]
        orders["indexed"].append(kept[:shortlist])
        again = sorted(kept[:shortlist], key=lambda row: -whole[row])
        orders["reranked"].append(again)
        held.append(len({*orders["whole"][-1][:10]} & {*again}) / 10)
    before = None
    for step in STEPS:
        expected = by_hand(orders[step])
        assert recalls(facts["steps"][step]) == pytest.approx(expected, abs=1e-4)
        if before:
            gained = recalls(facts["steps"][step]["ahead"])
            differences = np.subtract(expected, before)
            assert gained == pytest.approx(differences.tolist(), abs=1e-4)
        before = expected
    assert facts["shortlist"] == shortlist
    assert facts["shortlist_holds"] == pytest.approx(np.mean(held))


def test_a_shortlist_of_all_is_exact_search_by_whole_maps():
    index = build_index(embed_views(SEARCH.gallery, garments_of, PCA))
    facts = facts_of(index, shortlist=COUNT)
    steps = facts["steps"]
    assert list(steps) == list(STEPS)
    assert "ahead" not in steps["whole"]
    assert facts_of(index, shortlist=10 * COUNT) == facts
    assert facts["shortlist"] == COUNT
    assert recalls(steps["reranked"]) == recalls(steps["whole"])
    assert recalls(steps["indexed"]) == recalls(steps["reduced"])
    assert facts["shortlist_holds"] == 1.0


def test_blocks_of_queries_change_nothing(monkeypatch):
    whole = facts_of(Exact((3, 4)))
    rows = module.similarity_rows
    monkeypatch.setattr(module, "BLOCK", 3)
    monkeypatch.setattr(module, "similarity_rows", lambda *given: rows(*given, block=3))
    assert facts_of(Exact((3, 4))) == whole


def test_a_miss_counts_as_a_miss_in_every_step():
    missed = np.zeros(QUERIES, dtype=np.bool_)
    missed[:6] = True
    steps = facts_of(Exact(), exact().with_misses(missed), COUNT)["steps"]
    for step in STEPS:
        assert recalls(steps[step])[1] <= 2 / QUERIES


def test_a_search_of_parts_of_the_gallery_has_no_steps():
    within = replace(SEARCH, within="category")
    assert reranking_facts(within, exact(), Exact(), PCA, garments_of) == {}


def test_a_ranker_that_reduces_nothing_has_no_steps():
    result = exact(embed_cells)
    assert reranking_facts(SEARCH, result, Exact(), embed_cells, garments_of) == {}
    assert steps_in_words({"cosine": {"embedding": 16}}) == ()


def test_the_steps_in_words():
    def figure(value):
        return {"value": value, "low": value, "high": value}

    def step(one, ten, *gained):
        ahead = dict(zip(("recall@1", "recall@10"), map(figure, gained), strict=False))
        own = {"recall@1": figure(one), "recall@10": figure(ten)}
        return own | ({"ahead": ahead} if gained else {})

    facts = {
        "embedding": 256,
        "shortlist": 100,
        "shortlist_holds": 0.998,
        "steps": {
            "whole": step(0.5, 0.75),
            "reduced": step(0.25, 0.75, -0.25, 0.0),
            "indexed": step(0.25, 0.5, 0.0, -0.25),
            "reranked": step(0.5, 0.5, 0.25, 0.0),
        },
    }
    (said,) = steps_in_words({"cosine": {"embedding": 16}, "pca": facts})
    assert said == (
        "pca, step by step, recall@1 and recall@10: whole maps 0.5000 and 0.7500; "
        "reduced to 256 numbers 0.2500 and 0.7500 (-0.2500 and +0.0000); "
        "by NMSLIB 0.2500 and 0.5000 (+0.0000 and -0.2500); "
        "its first 100 ordered again by whole maps 0.5000 and 0.5000 "
        "(+0.2500 and +0.0000). They hold 99.8% of the ten nearest by whole maps."
    )
