import numpy as np
import pytest

from tiefvision.evaluation.logistic import fit_logistic, logistic


def test_probabilities_of_any_log_odds_are_finite():
    odds = np.array([-1e4, -1.0, 0.0, 1.0, 1e4])
    assert logistic(odds) == pytest.approx(
        [0, 1 / (1 + np.e), 0.5, np.e / (1 + np.e), 1]
    )


def data(count=4000):
    """Features whose log-odds are 2 x - 1, and a second one that says nothing."""
    generator = np.random.default_rng(0)
    features = generator.standard_normal((count, 2))
    hits = generator.random(count) < logistic(2 * features[:, 0] - 1)
    return features, hits.astype(float)


def test_weights_and_constant_are_found_again():
    first, second, shift = fit_logistic(*data())
    assert (first, shift) == (pytest.approx(2, abs=0.15), pytest.approx(-1, abs=0.1))
    assert second == pytest.approx(0, abs=0.1)


def test_no_weight_is_negative():
    features, targets = data()
    first, _, shift = fit_logistic(-features, targets)
    assert first == 0.0
    assert logistic(np.array([shift])) == pytest.approx(targets.mean(), abs=0.01)


def test_a_penalty_keeps_the_weights_of_what_is_separated_small():
    features, targets = np.array([[-1.0], [1.0]]), np.array([0.0, 1.0])
    (weight, _), (less, _) = (
        fit_logistic(features, targets, penalty=penalty) for penalty in (1e-4, 0.1)
    )
    assert 0 < less < 3 < weight < np.inf
