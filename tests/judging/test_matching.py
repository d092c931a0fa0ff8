from dataclasses import replace

import numpy as np
import pytest

from tiefvision.evaluation.searches import Search
from tiefvision.judging.comparison import Comparison
from tiefvision.judging.matching import judge_matching, with_matching
from tiefvision.judging.results import run_search
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.ranking.matching import MatchCalibration
from tiefvision.records import View

# Photographs 0 to 3 are of items a to d; queries 4 and 5 are close to a and to b, and
# query 6, of item c, is closest to d.
ROWS = np.eye(4, dtype=np.float32)
QUERIES = np.array(
    [[0.96, 0.28, 0, 0], [0.28, 0.96, 0, 0], [0, 0, 0.28, 0.96]], np.float32
)
ALL = np.concatenate([ROWS, QUERIES])
VIEWS = tuple(View(str(number)) for number in range(len(ALL)))
SEARCH = Search("item", VIEWS[4:], ("a", "b", "c"), VIEWS[:4], ("a", "b", "c", "d"))
SURE_ABOVE_A_HALF = MatchCalibration(20.0, 0.0, 0.0, -10.0)


def garments_of(views):
    return GarmentBatch(ALL[[int(view.path) for view in views]][:, :, None, None])


def embed(garments):
    return garments.maps[:, :, 0, 0]


def test_results_told_as_likely_are_counted_with_their_item_and_without():
    judged = judge_matching(SURE_ABOVE_A_HALF, SEARCH, embed, garments_of)
    # a, b, and d twice, once with and once without c; d alone is wrong.
    assert (judged.results, judged.likely.value) == (4, 0.5)
    assert judged.found.value == pytest.approx(2 / 3)
    assert judged.misled.value == pytest.approx(1 / 3)
    assert sum(one.count for one in judged.curve) == 3 * (4 + 3)
    assert judged.in_words("mean") == (
        "match, mean: 50% of 4 results told as likely are right; where the item is "
        "missing, 33% of searches have such a result all the same."
    )


def test_a_ranker_that_is_never_sure():
    never = MatchCalibration(0.0, 0.0, 0.0, -5.0)
    judged = judge_matching(never, SEARCH, embed, garments_of)
    assert judged.likely is None and judged.to_dict()["likely"]["right"] is None
    assert "no result is told as likely" in judged.in_words("mean")


def test_only_rankers_that_tell_a_probability_are_judged():
    class Models:
        def matching(self, name):
            return SURE_ABOVE_A_HALF if name == "mean" else None

    rankers = {"mean": embed, "max": embed}
    results = tuple(run_search(SEARCH, rankers, garments_of))
    comparison = Comparison("", SEARCH, results, {}, {}, 0)
    judged = with_matching(comparison, rankers, Models(), garments_of)
    lines = {line["ranker"]: line for line in judged.to_lines()}
    assert lines["mean"]["match"]["likely"]["results"] == 4
    assert "match" not in lines["max"]
    restricted = replace(comparison, search=replace(SEARCH, within="category"))
    assert not with_matching(restricted, rankers, Models(), garments_of).matches
