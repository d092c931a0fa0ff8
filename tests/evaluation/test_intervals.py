import itertools

import numpy as np
import pytest

from tiefvision.evaluation.intervals import (
    Figure,
    bootstrap_difference,
    bootstrap_mean,
    randomisation_test,
)


def hits(count, share, seed=0):
    return (np.random.default_rng(seed).random(count) < share).astype(np.float64)


def test_the_interval_holds_the_mean():
    values = hits(200, 0.3)
    figure = bootstrap_mean(values)
    assert figure.value == values.mean()
    assert figure.low < figure.value < figure.high


def test_the_interval_is_as_wide_as_theory_says():
    values = hits(400, 0.5)
    figure = bootstrap_mean(values)
    expected = 2 * 1.96 * values.std() / np.sqrt(len(values))
    assert figure.high - figure.low == pytest.approx(expected, rel=0.1)


def test_more_queries_make_it_narrower():
    few, many = bootstrap_mean(hits(50, 0.5)), bootstrap_mean(hits(5000, 0.5))
    assert many.high - many.low < 0.2 * (few.high - few.low)


def test_the_seed_decides():
    values = np.random.default_rng(0).random(100)
    assert bootstrap_mean(values, seed=1) == bootstrap_mean(values, seed=1)
    assert bootstrap_mean(values, seed=1) != bootstrap_mean(values, seed=2)


def test_values_that_are_all_alike_have_no_spread():
    assert bootstrap_mean(np.ones(7)) == Figure(1.0, 1.0, 1.0)
    assert bootstrap_mean(np.array([0.25])) == Figure(0.25, 0.25, 0.25)


def test_no_queries():
    assert bootstrap_mean(np.empty(0)) == Figure(0.0, 0.0, 0.0)
    assert bootstrap_difference(np.empty(0), np.empty(0)) == Figure(0.0, 0.0, 0.0)


def test_a_difference_is_taken_query_by_query():
    baseline = hits(200, 0.5)
    ahead = bootstrap_difference(baseline + 0.1, baseline)
    # Each query is ahead by the same: resampling the two apart would widen this.
    assert (ahead.low, ahead.value, ahead.high) == pytest.approx((0.1, 0.1, 0.1))
    assert bootstrap_difference(baseline, baseline) == Figure(0.0, 0.0, 0.0)
    assert bootstrap_difference(baseline, baseline + 0.1).high < 0


def test_how_a_figure_is_written():
    figure = Figure(0.123456, 0.1, 0.2)
    assert str(figure) == "0.123 [0.100, 0.200]"
    assert figure.to_dict() == {"value": 0.1235, "low": 0.1, "high": 0.2}


def exact_p(ahead):
    """The exact p-value: over all ways to exchange the values of queries."""
    sums = [
        abs(sum(sign * value for sign, value in zip(signs, ahead, strict=True)))
        for signs in itertools.product([-1, 1], repeat=len(ahead))
    ]
    return np.mean([total >= abs(sum(ahead)) - 1e-9 for total in sums])


@pytest.mark.parametrize(
    "ahead",
    [
        [1, 1, 1, 1, 1, 1, 1, 1],
        [1, 1, 1, -1, 1, 0, 0, 1],
        [0.3, -0.2, 0.9, 0.4, -0.1, 0.2],
        [0.1, -0.1, 0.2],
    ],
)
def test_the_randomisation_test_against_every_exchange(ahead):
    ahead = np.array(ahead, dtype=np.float64)
    baseline = np.random.default_rng(0).random(len(ahead))
    p = randomisation_test(baseline + ahead, baseline)
    assert p == pytest.approx(exact_p(ahead.tolist()), abs=0.02)
    assert randomisation_test(baseline, baseline + ahead) == pytest.approx(p, abs=0.02)


def test_the_randomisation_test_of_rankers_that_are_alike_is_seldom_sure():
    generator = np.random.default_rng(1)
    tables = generator.random((100, 2, 40)) < 0.5
    sure = [randomisation_test(*table.astype(np.float64), 0) < 0.05 for table in tables]
    assert sum(sure) <= 12  # five are expected


def test_a_difference_in_every_query_is_no_chance():
    p = randomisation_test(np.ones(200), np.zeros(200))
    assert p == pytest.approx(1 / 10_001)
    assert randomisation_test(np.empty(0), np.empty(0)) == 1.0
