import pytest

from tests.labels.made import judgement, numbered
from tiefvision.labels.agreement import (
    contradictions,
    double_judgements,
    latest_of_each,
)


def names(groups):
    return [[one.number for one in group] for group in groups]


def test_nothing_is_no_contradiction():
    assert double_judgements([]) == contradictions([]) == latest_of_each([]) == []


def test_the_same_answer_twice_is_a_double():
    given = numbered(
        judgement("q", "a", "b"),
        judgement("r", "a", "b"),
        judgement("q", "b", "a"),
        judgement("q", "a", "b", who="ben"),
        judgement("q", "a", "b"),
    )
    assert names(double_judgements(given)) == [[1, 4, 5]]


def test_no_difference_twice_is_a_double_either_way_round():
    given = numbered(
        judgement("q", "a", "b", neither=True),
        judgement("q", "b", "a", neither=True),
        judgement("q", "a", "b"),
    )
    assert names(double_judgements(given)) == [[1, 2]]
    assert contradictions(given) == []


def test_the_other_way_round_is_a_contradiction():
    given = numbered(
        judgement("q", "a", "b"),
        judgement("q", "b", "c"),
        judgement("r", "b", "a"),
        judgement("q", "b", "a", who="ben"),
    )
    assert names(contradictions(given)) == [[1, 4]]


def test_a_longer_cycle_is_one_contradiction():
    given = numbered(
        judgement("q", "c", "a"),
        judgement("q", "a", "b"),
        judgement("q", "b", "c"),
        judgement("q", "a", "d"),
        judgement("q", "d", "e"),
    )
    assert names(contradictions(given)) == [[1, 2, 3]]


def test_each_cycle_is_told_once_and_by_its_shortest_way():
    given = numbered(
        judgement("q", "a", "b"),
        judgement("q", "b", "c"),
        judgement("q", "c", "a"),
        judgement("q", "b", "a"),
    )
    # 1 and 4 exclude each other; 2 and 3 need 1 for theirs.
    assert names(contradictions(given)) == [[1, 4], [1, 2, 3]]


def test_what_only_leads_to_a_cycle_is_no_part_of_it():
    given = numbered(
        judgement("q", "z", "a"), judgement("q", "a", "b"), judgement("q", "b", "a")
    )
    assert names(contradictions(given)) == [[2, 3]]


def test_a_chain_that_is_long_is_followed():
    chain = [judgement("q", f"{n}", f"{n + 1}") for n in range(40)]
    assert contradictions(numbered(*chain)) == []
    (cycle,) = contradictions(numbered(*chain, judgement("q", "40", "0")))
    assert len(cycle) == 41


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([("q", "a", "b"), ("q", "a", "b")], [2]),
        ([("q", "a", "b"), ("q", "b", "a")], [2]),
        ([("q", "a", "b"), ("r", "a", "b"), ("q", "b", "c")], [1, 2, 3]),
        ([("q", "a", "b"), ("q", "b", "c"), ("q", "a", "b")], [2, 3]),
    ],
)
def test_of_two_answers_to_a_question_the_later_counts(given, expected):
    kept = latest_of_each(numbered(*(judgement(*one) for one in given)))
    assert [one.number for one in kept] == expected
