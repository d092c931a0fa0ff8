"""A day of merges on paper."""

import pytest

from tiefvision.benchmarks.merge_schedule import Plan, simulate
from tiefvision.index.merging import TAIL


def test_a_day_of_changes_is_bounded():
    outcome = simulate(Plan(100_000, 100_000, rows_a_second=3000))
    assert outcome.most_segments <= 4
    assert outcome.most_rows <= 4 * 100_000
    assert outcome.most_new <= 2 * TAIL
    # 2.4 million changes, three of four of which make a row.
    assert 1.8e6 <= outcome.built <= 10 * 1.8e6
    assert outcome.busy == pytest.approx(outcome.built / 3000)
    assert outcome.busy < 0.1 * 86_400


def test_without_changes_nothing_is_merged():
    outcome = simulate(Plan(100_000, 1.0, rows_a_second=3000))
    assert (outcome.merges, outcome.built) == (0, 0)


def test_twice_the_changes_cost_about_twice_the_work():
    few, many = (simulate(Plan(100_000, rate, 3000)) for rate in (5e4, 1e5))
    assert 1.5 <= many.built / few.built <= 2.5
