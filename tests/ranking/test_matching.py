import numpy as np
import pytest

from tiefvision.ranking.matching import (
    COMPARED,
    MatchCalibration,
    fit_matching,
    in_words,
)


def test_the_probability_rises_with_similarity_and_lead():
    calibration = MatchCalibration(4.0, 10.0, -5.0)
    alone, among = (calibration.apply(s)[0] for s in ([0.9, 0.5, 0.5], [0.9, 0.9, 0.9]))
    assert 0 < among < alone < 1
    assert calibration.apply([0.9]) == pytest.approx(1 / (1 + np.exp(5.0 - 3.6)))
    falling = calibration.apply(np.linspace(0.9, 0.1, 15))
    assert (np.diff(falling) < 0).all()


def test_a_lead_is_over_the_others_of_the_closest():
    calibration = MatchCalibration(0.0, 1.0, 0.0)
    values = [0.9, *[0.5] * (COMPARED - 1), 0.4]
    odds = np.log(calibration.apply(values) / (1 - calibration.apply(values)))
    assert odds[0] == pytest.approx(0.4)
    mean = (0.9 + 0.5 * (COMPARED - 1)) / COMPARED
    assert odds[-1] == pytest.approx(0.4 - mean)


def searches(count, seed):
    """Searches of 30 items in which the right one is closer, by a varying amount."""
    generator = np.random.default_rng(seed)
    for _ in range(count):
        similarities = generator.normal(0.4, 0.1, 30)
        right = np.zeros(30, dtype=bool)
        right[0] = True
        similarities[0] += generator.uniform(0.0, 0.5)
        yield similarities.astype(np.float32), right


def test_results_told_with_a_probability_are_right_as_often():
    """Half of the shops do not have the product."""
    calibration = fit_matching(list(searches(600, 0)))
    told, right = [], []
    for number, (similarities, hits) in enumerate(searches(2000, 1)):
        if number % 2:
            similarities, hits = similarities[1:], hits[1:]
        order = np.argsort(-similarities)[:COMPARED]
        told += calibration.apply(similarities[order]).tolist()
        right += hits[order].tolist()
    told, right = np.array(told), np.array(right)
    for low, high in ((0.0, 0.1), (0.1, 0.4), (0.4, 0.8), (0.8, 1.0)):
        inside = (told >= low) & (told < high)
        assert right[inside].mean() == pytest.approx(told[inside].mean(), abs=0.06)


def test_nothing_can_be_learnt_without_right_and_wrong_results():
    similarities = np.array([0.5, 0.4], dtype=np.float32)
    assert fit_matching([]) is None
    assert fit_matching([(similarities, np.zeros(2, dtype=bool))]) is None
    assert fit_matching([(similarities, np.ones(2, dtype=bool))]) is None


def test_validation_that_is_separated_perfectly_gives_finite_slopes():
    similarities = np.array([0.9, 0.1, 0.1], dtype=np.float32)
    right = np.array([True, False, False])
    calibration = fit_matching([(similarities, right)] * 3)
    assert np.isfinite([calibration.similarity, calibration.lead]).all()
    assert calibration.apply(similarities)[0] > 0.5


def test_a_calibration_comes_back_from_a_header():
    values = {"similarity": 1.0, "lead": 2.0, "shift": -3.0}
    assert MatchCalibration.from_dict(values) == MatchCalibration(1.0, 2.0, -3.0)
    assert MatchCalibration.from_dict(None) is None
    with pytest.raises(KeyError):
        MatchCalibration.from_dict({"similarity": 1.0})


def test_words():
    assert in_words(0.6) == "likely" and in_words(0.59) == "maybe"
    assert in_words(0.2) == "maybe" and in_words(0.19) == "unlike"
