import numpy as np
import pytest

from tiefvision.evaluation.intervals import Figure
from tiefvision.evaluation.reliability import (
    Bin,
    expected_calibration_error,
    reliability_curve,
    wilson_interval,
)


def drawn(count, seed=0, power=1.0):
    """Scores, and hits with a probability of the score to a power."""
    generator = np.random.default_rng(seed)
    scores = generator.random(count)
    return scores, generator.random(count) < scores**power


def test_the_bins_by_hand():
    scores = np.array([0.1, 0.2, 0.3, 0.8, 1.0])
    hits = np.array([False, True, False, True, True])
    low, high = reliability_curve(scores, hits, bins=2)
    assert (low.mean_score, low.right.value, low.count) == pytest.approx(
        (0.2, 1 / 3, 3)
    )
    assert (high.mean_score, high.right.value, high.count) == pytest.approx((0.9, 1, 2))
    error = expected_calibration_error((low, high))
    assert error == pytest.approx((3 * (1 / 3 - 0.2) + 2 * 0.1) / 5)


def test_a_score_on_an_edge_belongs_to_the_upper_bin():
    hits = np.array([True, True, True])
    curve = reliability_curve(np.array([0.0, 0.5, 1.0]), hits, bins=2)
    assert [(one.mean_score, one.count) for one in curve] == [(0.0, 1), (0.75, 2)]


def test_empty_bins_are_left_out():
    curve = reliability_curve(np.array([0.05, 0.95]), np.array([False, True]))
    assert [one.mean_score for one in curve] == [0.05, 0.95]
    assert [one.count for one in curve] == [1, 1]


def test_a_calibrated_score_lies_on_the_diagonal():
    scores, hits = drawn(20_000)
    curve = reliability_curve(scores, hits)
    assert len(curve) == 10
    assert sum(one.count for one in curve) == 20_000
    assert sum(one.right.low <= one.mean_score <= one.right.high for one in curve) >= 8
    assert expected_calibration_error(curve) < 0.02


def test_an_overconfident_score_lies_below_the_diagonal():
    curve = reliability_curve(*drawn(20_000, power=2.0))
    # The mean of s - s^2 over [0, 1] is 1/6.
    assert expected_calibration_error(curve) == pytest.approx(1 / 6, abs=0.01)
    assert all(one.right.high < one.mean_score for one in curve[2:8])


def test_nothing_to_draw():
    curve = reliability_curve(np.empty(0), np.empty(0, dtype=np.bool_))
    assert curve == ()
    assert expected_calibration_error(curve) == 0.0


def test_the_error_weighs_by_boxes():
    right = Figure(1.0, 0.5, 1.0)
    curve = (Bin(1.0, right, 9), Bin(0.0, right, 1))
    assert expected_calibration_error(curve) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [
        (8, 10, 0.4901625, 0.9433178),
        (0, 10, 0.0, 0.2775328),
        (1, 1, 0.2065493, 1.0),
    ],
)
def test_wilson_by_hand(hits, count, low, high):
    # The ends p solve (hits/count - p)^2 = 1.96^2 p (1 - p) / count.
    figure = wilson_interval(hits, count)
    assert (figure.low, figure.high) == pytest.approx((low, high), abs=1e-6)
    for end in (figure.low, figure.high):
        left, right = (hits / count - end) ** 2, 1.959964**2 * end * (1 - end) / count
        assert left == pytest.approx(right, abs=1e-12)


def test_the_interval_holds_the_share_and_stays_in_range():
    for count in range(1, 40):
        for hits in range(count + 1):
            figure = wilson_interval(hits, count)
            assert 0 <= figure.low <= hits / count <= figure.high <= 1
            assert figure.low < figure.high
