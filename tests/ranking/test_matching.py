import numpy as np
import pytest

from tiefvision.ranking.matching import (
    COMPARED,
    KnownSearch,
    MatchCalibration,
    densities_of,
    fit_matching,
    in_words,
    leads_over,
)

NOWHERE = np.full(COMPARED + 20, np.nan, dtype=np.float32)
"""Densities of items that no other item surrounds."""


def odds(matches):
    return np.log(matches / (1 - matches))


def known(similarities, right, densities=NOWHERE):
    similarities = np.array(similarities, dtype=np.float32)
    return KnownSearch(similarities, densities[: len(similarities)], np.array(right))


def test_the_probability_rises_with_similarity_and_lead():
    calibration = MatchCalibration(4.0, 10.0, 0.0, -5.0)
    alone, among = (
        calibration.apply(s, NOWHERE[:3])[0] for s in ([0.9, 0.5, 0.5], [0.9, 0.9, 0.9])
    )
    assert 0 < among < alone < 1
    single = calibration.apply([0.9], NOWHERE[:1])
    assert single == pytest.approx(1 / (1 + np.exp(5.0 - 3.6)))
    falling = calibration.apply(np.linspace(0.9, 0.1, 15), NOWHERE[:15])
    assert (np.diff(falling) < 0).all()


def test_a_lead_is_over_the_others_of_the_closest():
    calibration = MatchCalibration(0.0, 1.0, 0.0, 0.0)
    values = [0.9, *[0.5] * (COMPARED - 1), 0.4]
    found = odds(calibration.apply(values, NOWHERE[: len(values)]))
    assert found[0] == pytest.approx(0.4)
    mean = (0.9 + 0.5 * (COMPARED - 2)) / (COMPARED - 1)
    assert found[-1] == pytest.approx(0.4 - mean)


def test_one_product_that_is_listed_twice_does_not_lessen_its_own_lead():
    alike = np.array([[True, True, False], [True, True, False], [False, False, True]])
    found = leads_over([0.9, 0.8, 0.4], [0.9, 0.8, 0.4], alike)
    np.testing.assert_allclose(found, [0.5, 0.4, 0.4 - 0.85])
    assert np.isnan(leads_over([0.9], [0.9, 0.9], alike[:1, :2])).all()
    assert np.isnan(MatchCalibration(1, 1, 1, 0).apply([0.9], [np.nan], [np.nan]))


def test_what_resembles_many_items_is_no_match_of_a_similar_photograph():
    calibration = MatchCalibration(0.0, 0.0, 2.0, 0.5)
    densities = np.array([0.8, 0.3, np.nan], dtype=np.float32)
    found = odds(calibration.apply([0.7, 0.7, 0.7], densities))
    assert found == pytest.approx([0.3, 1.3, 0.5])


def test_the_density_is_that_of_the_closest_other_items():
    """A photograph of the same item, and a second one of another, do not count."""
    items = np.array([0, 0, 1, 1, 2, *range(3, 20)])
    similarities = np.full((1, len(items)), 0.1, dtype=np.float32)
    similarities[0, :5] = [1.0, 0.95, 0.8, 0.7, 0.6]
    expected = (0.8 + 0.6 + 0.1 * (COMPARED - 2)) / COMPARED
    assert densities_of(similarities, items[:1], items) == pytest.approx([expected])


def test_neighbours_of_an_index_give_the_same_density():
    generator = np.random.default_rng(0)
    items = np.repeat(np.arange(30), 2)
    similarities = generator.normal(0, 0.2, (60, 60)).astype(np.float32)
    order = np.argsort(-similarities, axis=1)[:, :40]
    nearest = np.take_along_axis(similarities, order, axis=1)
    whole = densities_of(similarities, items, items)
    np.testing.assert_allclose(densities_of(nearest, items, items[order]), whole)


def test_an_item_that_is_alone_has_no_density():
    items = np.zeros(2, dtype=np.int64)
    assert np.isnan(densities_of(np.ones((2, 2), np.float32), items, items)).all()


def searches(count, seed):
    """Searches of 30 items in which the right one is closer by 0.3 on average."""
    generator = np.random.default_rng(seed)
    for _ in range(count):
        similarities = generator.normal(0.4, 0.1, 30)
        right = np.zeros(30, dtype=bool)
        right[0] = True
        similarities[0] += 0.3
        densities = generator.normal(0.5, 0.1, 30).astype(np.float32)
        yield known(similarities, right, densities)


def test_results_told_with_a_probability_are_right_as_often():
    """Half of the shops do not have the product."""
    calibration = fit_matching(searches(600, 0))
    told, right = [], []
    for search in searches(2000, 1):
        for listed in search.with_item_and_without():
            told.append(calibration.apply(listed.similarities, listed.densities))
            right.append(listed.right)
    told, right = np.concatenate(told), np.concatenate(right)
    for low, high in ((0.0, 0.1), (0.1, 0.4), (0.4, 0.8), (0.8, 1.0)):
        inside = (told >= low) & (told < high)
        assert right[inside].mean() == pytest.approx(told[inside].mean(), abs=0.04)


def test_a_search_counts_with_its_item_and_without():
    first, second = known([0.2, 0.9, 0.5], [True, False, False]).with_item_and_without()
    np.testing.assert_array_equal(first.right, [False, False, True])
    np.testing.assert_allclose(second.similarities, [0.9, 0.5])
    assert not second.right.any()


def test_nothing_can_be_learnt_without_right_and_wrong_results():
    assert fit_matching([]) is None
    assert fit_matching([known([0.5, 0.4], [False, False])]) is None
    assert fit_matching([known([0.5, 0.4], [True, True])]) is None


def test_validation_that_is_separated_perfectly_gives_finite_slopes():
    calibration = fit_matching([known([0.9, 0.1, 0.1], [True, False, False])] * 3)
    assert np.isfinite([calibration.similarity, calibration.lead]).all()
    assert calibration.apply([0.9, 0.1, 0.1], NOWHERE[:3])[0] > 0.5


def test_a_calibration_comes_back_from_a_header():
    values = {"similarity": 1.0, "lead": 2.0, "gap": 4.0, "shift": -3.0}
    assert MatchCalibration.from_dict(values) == MatchCalibration(1.0, 2.0, 4.0, -3.0)
    assert MatchCalibration.from_dict(None) is None
    with pytest.raises(KeyError):
        MatchCalibration.from_dict({"similarity": 1.0})


def test_words():
    assert in_words(0.6) == "likely" and in_words(0.59) == "maybe"
    assert in_words(0.2) == "maybe" and in_words(0.19) == "unlike"
