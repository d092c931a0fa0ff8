import numpy as np
import pytest

from tiefvision.evaluation.intervals import randomisation_test
from tiefvision.evaluation.retrieval import recall_at
from tiefvision.evaluation.searches import Search
from tiefvision.judging.comparison import Comparison
from tiefvision.judging.results import RankerResult
from tiefvision.judging.summary import (
    one_photograph_an_item,
    shown_once,
    verdict_in_words,
)
from tiefvision.records import View

QUERIES = 50


def search_of(gallery_items, kind="item"):
    queries = (View("q"),) * QUERIES
    gallery = tuple(View(str(number)) for number in range(len(gallery_items)))
    items = tuple(gallery_items)
    return Search(kind, queries, items[:1] * QUERIES, gallery, items)


def result_of(name, first, then=2):
    """A ranker with rank 1 in some queries and rank ``then`` in the others."""
    ranks = np.array([1] * first + [then] * (QUERIES - first))
    none = np.zeros((QUERIES, 0), np.int64), np.zeros((QUERIES, 0), np.float32)
    return RankerResult(name, ranks, {}, *none, *none)


def verdict(*results, kind="item"):
    search = search_of(("a", "b"), kind)
    return verdict_in_words(Comparison("", search, results, {}, {}, seed=3))


def p_of(last, other):
    ours, theirs = recall_at(last.ranks, 1), recall_at(other.ranks, 1)
    return f"{randomisation_test(ours, theirs, 3):.2g}"


def test_the_last_ranker_is_ahead():
    last, baseline = result_of("deeprank", 30), result_of("cosine", 20)
    assert verdict(baseline, last) == (
        "deeprank finds the right item first in 60 % of 50 searches, cosine in 40 %; "
        f"p {p_of(last, baseline)}.",
    )


def test_the_last_ranker_is_behind():
    last, baseline = result_of("deeprank", 20), result_of("cosine", 30)
    assert verdict(baseline, last) == (
        "cosine is ahead: deeprank finds the right item first in 40 % of 50 searches, "
        f"cosine in 60 %; p {p_of(last, baseline)}.",
    )


@pytest.mark.parametrize(("ours", "theirs"), [(21, 20), (20, 21)])
def test_a_difference_within_chance_is_called_so(ours, theirs):
    (said,) = verdict(result_of("cosine", theirs), result_of("deeprank", ours))
    assert said.endswith("a difference within chance; p 1.")
    assert f"{2 * ours} % of 50 searches, cosine in {2 * theirs} %:" in said


def test_equal_shares_are_called_equally_often():
    (said,) = verdict(result_of("cosine", 20), result_of("deeprank", 20, then=5))
    assert said.endswith("in 40 % of 50 searches, cosine in 40 %: equally often.")


def test_a_ranker_alone_is_compared_with_nobody():
    assert verdict(result_of("cosine", 20)) == (
        "cosine finds the right item first in 40 % of 50 searches; it was compared "
        "alone.",
    )


def test_the_baseline_and_the_best_rival_are_told_of():
    names = result_of("cosine", 10), result_of("mean", 12), result_of("lab", 20)
    baseline, rival = verdict(*names, result_of("deeprank", 40))
    assert "cosine in 20 %;" in baseline and "lab in 40 %;" in rival
    assert "mean" not in baseline + rival


def test_a_baseline_that_is_the_best_of_the_others_is_told_of_once():
    assert len(verdict(*(result_of(name, 20) for name in ("a", "b", "c")))) == 1


@pytest.mark.parametrize("theirs", [40, 21])
def test_a_rival_that_is_ahead_is_told_of_first(theirs):
    names = result_of("cosine", 5), result_of("lab", theirs)
    first, second = verdict(*names, result_of("deeprank", 20))
    assert f"lab in {2 * theirs} %" in first and "cosine in 10 %;" in second
    assert first.startswith("lab is ahead") == (theirs == 40)


def test_the_rival_is_the_one_that_is_first_most_often():
    """The rival has the highest recall@1, not the highest reciprocal rank."""
    steady, lucky = result_of("steady", 20), result_of("lucky", 22, then=90)
    first, _ = verdict(result_of("cosine", 5), steady, lucky, result_of("last", 10))
    assert "lucky in 44 %" in first


def test_of_several_rankers_p_against_the_first_is_corrected():
    # Nine queries more, p 0.004: too little among the 30 that are held against it.
    baseline, last = result_of("cosine", 20), result_of("deeprank", 29)
    (alone,) = verdict(baseline, last)
    assert "within chance" not in alone and "Holm" not in alone
    alike = [result_of(f"other{number}", 20) for number in range(29)]
    told = verdict(baseline, *alike, last)[0]
    assert "a difference within chance; p 0.00" in told
    assert "by Holm's correction." in told


def test_shares_that_round_alike_have_a_decimal():
    search = Search("item", (View("q"),) * 1000, (), (), ("a", "b"))
    ranks = [np.where(np.arange(1000) < first, 1, 2) for first in (444, 441)]
    none = np.zeros((1000, 0), np.int64), np.zeros((1000, 0), np.float32)
    names = ("cosine", "deeprank")
    results = (
        RankerResult(name, rank, {}, *none, *none)
        for name, rank in zip(names, ranks, strict=True)
    )
    (said,) = verdict_in_words(Comparison("", search, tuple(results), {}, {}, 0))
    assert "in 44.1 % of 1000 searches, cosine in 44.4 %:" in said


@pytest.mark.parametrize("kind", ["view", "mirror"])
def test_a_hit_may_be_a_photograph(kind):
    (said,) = verdict(result_of("cosine", 20), kind=kind)
    assert "finds the right photograph first" in said


def test_average_precision_is_left_out_where_it_is_the_reciprocal_rank():
    names = "recall@1", "reciprocal_rank", "average_precision"
    assert shown_once(names, search_of(("a", "b", "c"))) == names[:2]
    assert shown_once(names, search_of(("a", "b", "a"))) == names
    assert one_photograph_an_item(search_of(()))
