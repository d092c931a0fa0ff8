import numpy as np
import pytest

from tiefvision.evaluation.changes import Change, Condition, changes_between
from tiefvision.evaluation.intervals import Figure

BEFORE = {
    "cosine": {"recall@1": np.array([0.0, 1.0, 0.0, 1.0]), "rank": np.ones(4)},
    "gone": {"recall@1": np.zeros(4)},
}
AFTER = {
    "cosine": {"recall@1": np.array([1.0, 1.0, 0.0, 1.0]), "other": np.ones(4)},
    "new": {"recall@1": np.ones(4)},
}


def test_what_both_have_is_compared_query_by_query():
    (change,) = changes_between(BEFORE, AFTER)
    assert (change.ranker, change.figure) == ("cosine", "recall@1")
    assert (change.before.value, change.after.value) == (0.5, 0.75)
    assert change.difference.value == 0.25
    assert change.difference.low == 0.0  # no query became worse
    assert change.chance == 1.0  # one query, which may as well have been exchanged


def test_changes_of_one_product_are_one_change():
    zeros, ones = {"a": {"recall@1": np.zeros(12)}}, {"a": {"recall@1": np.ones(12)}}
    (alone,) = changes_between(zeros, ones)
    (together,) = changes_between(zeros, ones, products=np.repeat([0, 1], 6))
    assert alone.chance < 0.01 and together.chance > 0.4
    assert together.difference.by_query == (1.0, 1.0)


def test_nothing_changes_against_itself():
    for change in changes_between(BEFORE, BEFORE):
        assert change.difference == Figure(0.0, 0.0, 0.0)
        assert change.chance == 1.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("recall@20<-0.01", Condition("", "recall@20", True, -0.01)),
        (" deeprank : recall@1 > 0.5 ", Condition("deeprank", "recall@1", False, 0.5)),
        ("reciprocal_rank<.2", Condition("", "reciprocal_rank", True, 0.2)),
        ("deeprank x3:a>1", Condition("deeprank x3", "a", False, 1.0)),
        ("score@30<-3", Condition("", "score@30", True, -3.0)),
    ],
)
def test_conditions_are_read(text, expected):
    assert Condition.parse(text) == expected


@pytest.mark.parametrize(
    "text", ["", "recall@1", "recall@1<", "<0.1", "recall@1<low", "a:b:c<1", "a<1<2"]
)
def test_what_is_no_condition_is_refused(text):
    with pytest.raises(ValueError):
        Condition.parse(text)


def change_of(ranker, figure, value):
    figures = (Figure(0.0, 0.0, 0.0),) * 2
    return Change(ranker, figure, *figures, Figure(value, value, value), 1.0)


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("recall@1<-0.01", True),  # of the second ranker
        ("cosine:recall@1<-0.01", False),
        ("deeprank:recall@1<-0.01", True),
        ("recall@1<-0.02", False),  # less, not as little
        ("recall@1>0.05", True),
        ("recall@5<1", False),  # of another figure
    ],
)
def test_a_condition_is_met_by_one_change(text, met):
    changes = [
        change_of("cosine", "recall@1", 0.1),
        change_of("deeprank", "recall@1", -0.02),
    ]
    assert Condition.parse(text).is_met(changes) == met


def test_a_condition_covers_the_rankers_that_have_its_figure():
    values = {
        "cosine": {"recall@1": np.ones(2), "rank": np.ones(2)},
        "deeprank": {"recall@1": np.ones(2)},
    }
    assert Condition.parse("recall@1<0").covers(values) == ["cosine", "deeprank"]
    assert Condition.parse("deeprank:recall@1<0").covers(values) == ["deeprank"]
    assert Condition.parse("rank<0").covers(values) == ["cosine"]
    assert Condition.parse("deeprank:rank<0").covers(values) == []
