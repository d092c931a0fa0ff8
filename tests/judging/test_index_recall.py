from dataclasses import replace

import numpy as np
import pytest

from tiefvision.evaluation.intervals import Figure
from tiefvision.evaluation.searches import Search
from tiefvision.index.neighbours import Neighbours, search_exactly
from tiefvision.judging import index_recall as module
from tiefvision.judging.index_recall import judge_index
from tiefvision.judging.results import run_search
from tiefvision.ranking.cosine import embed_cells
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.ranking.similarity import normalise_cells
from tiefvision.records import View

COUNT, QUERIES = 24, 6
MAPS = normalise_cells(
    np.random.default_rng(3).standard_normal((COUNT + QUERIES, 4, 2, 2), np.float32)
)
# Each query resembles a photograph of its item.
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


def embedded(rows):
    return embed_cells(GarmentBatch(MAPS[rows]))


class Forgetful:
    """An exact index that lacks some rows."""

    def __init__(self, lost=()):
        self.gallery = embedded(slice(COUNT))
        self.lost = list(lost)
        self.asked = []

    def search(self, queries, k):
        self.asked.append((len(queries), k))
        kept = [row for row in range(COUNT) if row not in self.lost]
        found = search_exactly(queries, self.gallery[kept], k)
        return Neighbours(np.array(kept)[found.rows], found.similarities)


def exact():
    (result,) = run_search(SEARCH, {"cosine": embed_cells}, garments_of)
    return result


def test_an_exact_index_loses_nothing():
    judged = judge_index(SEARCH, exact(), Forgetful(), embed_cells, garments_of)
    assert judged.recall_of_exact == 1.0
    nothing = Figure(0.0, 0.0, 0.0)
    assert judged.differences == {"recall@1": nothing, "recall@10": nothing}


def test_differences_against_a_loop():
    result = exact()
    lost = {int(result.closest[0, 0]), *(0, 1)}  # 0 and 1 are all of item 0
    index = Forgetful(lost)
    judged = judge_index(SEARCH, result, index, embed_cells, garments_of)
    kept = [sum(row not in lost for row in rows) / 10 for rows in result.closest]
    assert judged.recall_of_exact == pytest.approx(np.mean(kept))
    for k in (1, 10):
        gone = 0
        for query in range(QUERIES):
            cosines = embedded([COUNT + query]) @ embedded(slice(COUNT)).T
            order = np.argsort(-cosines[0]).tolist()
            for left, sign in ((order, -1), ([r for r in order if r not in lost], 1)):
                items = list(dict.fromkeys(f"item{row // 2}" for row in left))
                gone += sign * (f"item{query}" in items[:k])
        assert judged.differences[f"recall@{k}"].value == pytest.approx(gone / QUERIES)
    assert judged.differences["recall@10"].value < 0


def test_blocks_of_queries_change_nothing(monkeypatch):
    whole = judge_index(SEARCH, exact(), Forgetful((3, 4)), embed_cells, garments_of)
    monkeypatch.setattr(module, "BLOCK", 4)
    index = Forgetful((3, 4))
    assert judge_index(SEARCH, exact(), index, embed_cells, garments_of) == whole
    assert index.asked == [(4, 20), (2, 20)]  # ten items of two photographs


def test_a_miss_of_exact_search_is_a_miss_of_the_index():
    missed = exact().with_misses(np.ones(QUERIES, dtype=np.bool_))
    judged = judge_index(SEARCH, missed, Forgetful(), embed_cells, garments_of)
    assert judged.differences["recall@10"] == Figure(0.0, 0.0, 0.0)


def test_a_search_without_queries_loses_nothing():
    nothing = Search("mirror", (), (), SEARCH.gallery, SEARCH.gallery_items)
    (result,) = run_search(nothing, {"cosine": embed_cells}, garments_of)
    judged = judge_index(nothing, result, Forgetful(), embed_cells, garments_of)
    assert judged.recall_of_exact == 1.0


@pytest.mark.parametrize("within", ["category", "variants"])
def test_an_index_cannot_search_a_part_of_the_gallery(within):
    part = replace(SEARCH, within=within)
    with pytest.raises(ValueError, match=within):
        judge_index(part, exact(), Forgetful(), embed_cells, garments_of)
