import math

import numpy as np
import pytest

from tiefvision.locating.calibration import RAW_SHARE, Calibration, fit_calibration


def drawn(count, share, seed=0):
    """Raw scores, and whether each box is right: as often as ``share`` says."""
    generator = np.random.default_rng(seed)
    scores = generator.random(count)
    return scores, generator.random(count) < share(scores)


def test_two_blocks_by_hand():
    scores = np.array([0.8, 0.6, 0.2, 0.4])
    hits = np.array([True, True, False, True])
    fitted = fit_calibration(scores, hits, least=2)
    # 0.2 and 0.4: (1 + 1) / (2 + 2). 0.6 and 0.8: (2 + 1) / (2 + 2).
    assert fitted.scores == pytest.approx((0.0, 0.3, 0.7, 1.0))
    shares = np.array([0.5, 0.5, 0.75, 0.75])
    expected = (1 - RAW_SHARE) * shares + RAW_SHARE * np.array(fitted.scores)
    assert fitted.shares == pytest.approx(expected.tolist())
    assert fitted.apply(0.5) == pytest.approx((expected[1] + expected[2]) / 2)


def test_blocks_that_would_fall_are_pooled():
    scores = np.arange(8) / 10
    hits = np.array([0, 1, 1, 1, 0, 0, 1, 1], dtype=np.bool_)
    fitted = fit_calibration(scores, hits, least=2)
    # Blocks of two have 1, 2, 0, 2 right; the second and third become one of 2 of 4,
    # which is no better than the first: 3 of 6.
    inner = np.array([(0 + 5) / 20, (6 + 7) / 20])
    assert fitted.scores == pytest.approx([0, *inner, 1])
    shares = np.array([4 / 8, 4 / 8, 3 / 4, 3 / 4])
    expected = (1 - RAW_SHARE) * shares + RAW_SHARE * np.array([0, *inner, 1])
    assert fitted.shares == pytest.approx(expected.tolist())


def least_squares(values, weights):
    """Isotonic regression by its min-max formula, in a naive loop."""
    count = len(values)

    def mean(start, stop):
        return np.average(values[start:stop], weights=weights[start:stop])

    return [
        max(
            min(mean(start, stop) for stop in range(place + 1, count + 1))
            for start in range(place + 1)
        )
        for place in range(count)
    ]


@pytest.mark.parametrize("seed", range(5))
def test_it_is_isotonic_regression(seed):
    """At the knots, up to Laplace's two boxes, which hardly count in large blocks."""
    scores, hits = drawn(4000, lambda raw: 0.5 + 0.3 * np.sin(7 * raw), seed)
    fitted = fit_calibration(scores, hits, least=400)
    ranked = hits[np.argsort(scores)].reshape(10, 400).mean(axis=1)
    expected = least_squares(ranked, np.full(10, 400))
    levels = np.unique(np.round(expected, 9))
    knots = np.array(fitted.shares[1:-1])
    raw = RAW_SHARE * np.array(fitted.scores[1:-1])
    assert ((knots - raw) / (1 - RAW_SHARE)) == pytest.approx(levels, abs=2 / 400)
    assert 2 <= len(levels) < 10


def test_a_calibrated_score_says_how_many_are_right():
    scores, hits = drawn(20_000, lambda raw: 0.2 + 0.6 * raw**2)
    fitted = fit_calibration(scores, hits, least=200)
    fresh = np.linspace(0.05, 0.95, 19)
    assert fitted.apply(fresh) == pytest.approx(0.2 + 0.6 * fresh**2, abs=0.06)


@pytest.mark.parametrize("right", [False, True])
def test_it_never_says_never_or_always(right):
    scores = np.linspace(0.0, 1.0, 60)
    said = fit_calibration(scores, np.full(60, right), least=50).apply([0.0, 0.5, 1.0])
    assert (said > 0.01).all()
    assert (said < 0.99).all()
    assert abs(said - right).max() < 0.04


def test_three_boxes_teach_nothing():
    scores, hits = np.array([0.3, 0.6, 0.9]), np.array([False, False, True])
    assert fit_calibration(scores, hits) == Calibration()
    assert fit_calibration(np.empty(0), np.empty(0, dtype=np.bool_)) == Calibration()


def test_the_calibration_that_nobody_chose_changes_nothing():
    scores = np.random.default_rng(0).random((3, 4))
    assert Calibration().apply(scores).tolist() == scores.tolist()
    assert Calibration().apply([0.0, 1.0]).tolist() == [0.0, 1.0]


@pytest.mark.parametrize("least", [1, 7, 50])
@pytest.mark.parametrize(
    "share", [lambda raw: raw, lambda raw: 1 - raw, lambda raw: 0 * raw + 0.5]
)
def test_the_order_is_kept(share, least):
    scores, hits = drawn(300, share, seed=least)
    fitted = fit_calibration(scores.round(2), hits, least)
    raw = np.linspace(0.0, 1.0, 1001)
    # Even between a knot and its nearest neighbours, where rounding could break it.
    knots = np.array(fitted.scores)
    raw = np.sort(np.concatenate([raw, np.nextafter(knots, 0), np.nextafter(knots, 1)]))
    said = fitted.apply(raw)
    assert (np.diff(said) >= 0).all()
    assert (np.diff(said[np.searchsorted(raw, np.linspace(0, 1, 1001))]) > 0).all()


def test_equal_scores_stay_in_one_block():
    # Were they cut by place, the first block would have none right and the second all.
    scores = np.full(100, 0.5)
    hits = np.arange(100) >= 50
    assert fit_calibration(scores, hits, least=50).apply(0.5) == pytest.approx(0.5)
    swapped = fit_calibration(scores, ~hits, least=50)
    assert swapped == fit_calibration(scores, hits, least=50)


def test_scores_at_the_very_ends():
    scores = np.repeat([0.0, 1.0], 50)
    fitted = fit_calibration(scores, scores > 0, least=50)
    assert fitted.scores == (0.0, 1.0)
    expected = [(1 - RAW_SHARE) * 1 / 52, (1 - RAW_SHARE) * 51 / 52 + RAW_SHARE]
    assert fitted.shares == pytest.approx(expected)


def test_too_few_at_the_end_join_the_block_before_them():
    scores = np.arange(5) / 10
    hits = np.array([False, False, True, True, True])
    fitted = fit_calibration(scores, hits, least=2)
    assert fitted.scores == pytest.approx((0.0, 0.05, 0.3, 1.0))


@pytest.mark.parametrize(
    ("scores", "shares"),
    [
        ((), ()),
        ((0.0, 1.0), (0.0,)),
        ((0.0, 1.0), ("a", "b")),
        ((0.0, math.nan), (0.0, 1.0)),
        ((0.5, 0.5), (0.0, 1.0)),
        ((0.0, 1.0), (0.6, 0.5)),
        ((0.0, 1.0), (0.0, 1.1)),
        ((-0.1, 1.0), (0.0, 1.0)),
    ],
)
def test_knots_that_do_not_rise_are_refused(scores, shares):
    with pytest.raises(ValueError):
        Calibration(scores, shares)
