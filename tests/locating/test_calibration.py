import math

import numpy as np
import pytest

from tiefvision.locating.calibration import NEAR, Calibration, fit_calibration


def drawn(count, share, seed=0):
    """Raw scores, and whether each box is right: with probability ``share(score)``."""
    generator = np.random.default_rng(seed)
    scores = generator.random(count)
    return scores, generator.random(count) < share(scores)


def test_the_log_odds_by_hand():
    said = Calibration(low=2.0, high=0.5, shift=1.0).apply(0.25)
    odds = 0.25**2 / 0.75**0.5 * math.e
    assert said == pytest.approx(odds / (1 + odds))


@pytest.mark.parametrize("seed", range(3))
def test_the_parameters_that_generated_the_boxes_are_recovered(seed):
    made = Calibration(low=0.7, high=2.0, shift=-1.0)
    fitted = fit_calibration(*drawn(40_000, made.apply, seed))
    assert fitted.low == pytest.approx(made.low, abs=0.1)
    assert fitted.high == pytest.approx(made.high, abs=0.2)
    assert fitted.shift == pytest.approx(made.shift, abs=0.15)


@pytest.mark.parametrize(
    "share", [lambda raw: raw**2, lambda raw: 0.2 + 0.6 * raw**2, np.sqrt]
)
def test_a_calibrated_score_is_the_share_of_right_boxes(share):
    fitted = fit_calibration(*drawn(20_000, share))
    fresh = np.linspace(0.1, 0.9, 17)
    assert fitted.apply(fresh) == pytest.approx(share(fresh), abs=0.06)


def test_no_other_parameters_have_a_higher_likelihood():
    scores, hits = drawn(60, lambda raw: raw)
    fitted = fit_calibration(scores, hits)
    count = hits.sum()
    targets = np.where(hits, (count + 1) / (count + 2), 1 / (60 - count + 2))

    def loss(low, high, shift):
        said = Calibration(low, high, shift).apply(scores)
        return -(targets * np.log(said) + (1 - targets) * np.log(1 - said)).sum()

    numbers = np.array([fitted.low, fitted.high, fitted.shift])
    least = loss(*numbers)
    for step in 0.05 * np.random.default_rng(0).normal(size=(200, 3)):
        other = numbers + step
        other[:2] = other[:2].clip(0)
        assert loss(*other) >= least - 1e-6


def test_separable_scores_give_a_steep_calibration():
    scores = np.concatenate([np.linspace(0.1, 0.4, 90), np.linspace(0.6, 0.9, 70)])
    fitted = fit_calibration(scores, scores > 0.5)
    assert fitted.apply(0.4) < 0.15 and fitted.apply(0.6) > 0.85


@pytest.mark.parametrize("right", [False, True])
def test_probabilities_are_never_0_or_1(right):
    scores = np.linspace(0.0, 1.0, 60)
    said = fit_calibration(scores, np.full(60, right)).apply([0.0, 0.5, 1.0])
    assert ((said > 0) & (said < 1)).all()
    assert abs(said[1] - right) < 0.05


def test_few_boxes_change_the_calibration_little_and_none_do_not():
    scores = np.array([0.1, 0.2, 0.3, 0.6, 0.7, 0.8])
    low, high = fit_calibration(scores, scores > 0.5).apply([0.2, 0.7])
    assert 0.1 < low < 0.4 and 0.6 < high < 0.9
    assert fit_calibration(np.empty(0), np.empty(0, dtype=np.bool_)) == Calibration()


def test_the_default_calibration_is_the_identity():
    scores = np.random.default_rng(0).uniform(NEAR, 1 - NEAR, (3, 4))
    assert Calibration().apply(scores) == pytest.approx(scores)
    assert Calibration().apply([0.0, 1.0]) == pytest.approx([NEAR, 1 - NEAR])


@pytest.mark.parametrize(
    "share", [lambda raw: raw, lambda raw: 1 - raw, lambda raw: 0 * raw + 0.5]
)
def test_calibration_keeps_the_order_of_scores(share):
    fitted = fit_calibration(*drawn(300, share))
    assert (np.diff(fitted.apply(np.linspace(0.0, 1.0, 1001))) >= 0).all()


@pytest.mark.parametrize(
    "numbers",
    [(-0.1, 1.0, 0.0), (1.0, -0.1, 0.0), (1.0, 1.0, math.nan), (math.inf, 1, 0)],
)
def test_decreasing_or_infinite_calibrations_are_refused(numbers):
    with pytest.raises(ValueError):
        Calibration(*numbers)
