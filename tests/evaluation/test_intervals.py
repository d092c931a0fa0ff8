import itertools

import numpy as np
import pytest

from tiefvision.evaluation.intervals import (
    Figure,
    bootstrap_difference,
    bootstrap_mean,
    holm,
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
    both = Figure(0.5, 0.1, 0.9, (0.33333, 0.66666)).to_dict()
    assert both["by_query"] == {"low": 0.3333, "high": 0.6667}


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


PER_PRODUCT = 3


def searches(products, hits_of, seed=0):
    """Hits of queries, three a product, whose product decides how likely they are."""
    generator = np.random.default_rng(seed)
    chances = generator.beta(hits_of, hits_of, products)
    drawn = generator.random((products, PER_PRODUCT)) < chances[:, None]
    return drawn.astype(np.float64).ravel(), numbers_of(products)


def numbers_of(products):
    return np.repeat(np.arange(products), PER_PRODUCT)


def test_the_interval_by_product_is_as_wide_as_theory_says():
    # 36 products: 13 of them found by all three queries, 11 by none.
    found = np.array([3] * 13 + [2] * 6 + [1] * 6 + [0] * 11)
    values = (np.arange(PER_PRODUCT) < found[:, None]).astype(np.float64).ravel()
    figure = bootstrap_mean(values, products=numbers_of(36))
    assert figure.value == pytest.approx(57 / 108)
    expected = 2 * 1.96 * (found / PER_PRODUCT).std() / np.sqrt(36)
    assert figure.high - figure.low == pytest.approx(expected, rel=0.07)
    alone = bootstrap_mean(values)
    assert figure.by_query == (alone.low, alone.high)
    assert alone.high - alone.low < 0.72 * expected


def test_the_interval_by_product_covers_the_truth_and_that_by_query_does_not():
    by_product = by_query = 0
    for seed in range(200):
        values, products = searches(36, 0.15, seed)
        figure = bootstrap_mean(values, seed, products)
        by_product += figure.low <= 0.5 <= figure.high
        by_query += figure.by_query[0] <= 0.5 <= figure.by_query[1]
    assert by_product / 200 >= 0.92
    assert by_query / 200 <= 0.86


def test_products_of_one_query_change_nothing():
    values = np.random.default_rng(0).random(50)
    figure = bootstrap_mean(values, 4, np.arange(50))
    assert figure.by_query == (figure.low, figure.high)
    alone = bootstrap_mean(values, 4)
    assert (figure.value, figure.low, figure.high) == (
        alone.value,
        alone.low,
        alone.high,
    )
    other = values[::-1]
    assert randomisation_test(values, other, 4) == randomisation_test(
        values, other, 4, np.arange(50)
    )


def test_products_of_different_size_are_drawn_with_all_their_queries():
    values, products = np.array([1.0, 0.0, 0.0, 0.0]), np.array([0, 1, 1, 1])
    figure = bootstrap_mean(values, products=products)
    # Means of {1}, {0, 0, 0} and of all four queries: nothing else can be drawn.
    assert (figure.low, figure.value, figure.high) == (0.0, 0.25, 1.0)


def test_a_difference_by_product():
    values, products = searches(36, 0.3)
    ahead = bootstrap_difference(values, np.zeros(108), products=products)
    assert ahead == bootstrap_mean(values, products=products)


def test_whole_products_are_exchanged():
    # Four queries of one product, ahead by 1 each, are no better than one query.
    ahead, products = np.array([1.0] * 4 + [-0.5]), np.array([0, 0, 0, 0, 1])
    p = randomisation_test(ahead, np.zeros(5), products=products)
    assert p == pytest.approx(exact_p([4.0, -0.5]), abs=0.02)
    assert randomisation_test(ahead, np.zeros(5)) < 0.3


def test_values_that_cancel_within_a_product_are_no_difference():
    ahead, products = np.array([0.1, 0.2, -0.3, 0.0]), np.array([0, 0, 0, 1])
    assert randomisation_test(ahead, np.zeros(4), products=products) == 1.0


def test_products_that_are_alike_are_seldom_called_different():
    generator = np.random.default_rng(2)
    sure = {"product": 0, "query": 0}
    for seed in range(60):
        ahead = np.repeat(generator.choice([-1.0, 0.0, 1.0], 20), PER_PRODUCT)
        none = np.zeros(60)
        sure["product"] += randomisation_test(ahead, none, seed, numbers_of(20)) < 0.05
        sure["query"] += randomisation_test(ahead, none, seed) < 0.05
    assert sure["product"] <= 8  # three are expected
    assert sure["query"] >= 12


def test_holm_by_hand():
    # 0.005 * 4, 0.01 * 3, then 0.03 * 2, and 0.04, which may not be below it.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.2, 0.6, 0.9]) == pytest.approx([0.6, 1.0, 1.0])
    assert holm([0.03]) == [0.03] and holm([]) == []
    assert holm([0.02, 0.02]) == [0.04, 0.04]


def test_holm_seldom_finds_anything_where_there_is_nothing():
    chances = np.random.default_rng(0).random((400, 10))
    found = [min(holm(row.tolist())) < 0.05 for row in chances]
    assert np.mean(found) < 0.08
    assert np.mean(chances.min(axis=1) < 0.05) > 0.3
