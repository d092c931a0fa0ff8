import math

import numpy as np
import pytest
import torch

from tiefvision.locating.evidence import (
    HEAT_CELLS,
    NEARNESS,
    explain_levels,
    gather_evidence,
    heat_map,
)
from tiefvision.locating.heads import BoxRegressors, CropClassifier, HeadSizes
from tiefvision.locating.locate import judge_levels, locate
from tiefvision.locating.votes import VotingRules, WindowPredictions
from tiefvision.locating.windows import Level, windows_in_image
from tiefvision.records import Garment

WIDTH, HEIGHT = 96, 144
"""Size in pixels of a photograph whose heat map has cells of 3 px."""

DRESS, COAT = (10.0, 10.0, 40.0, 80.0), (60.0, 60.0, 90.0, 140.0)
FOUND = (Garment("dress", DRESS, 0.9), Garment("coat", COAT, 0.8))


def windows_of(count, seed=0):
    generator = np.random.default_rng(seed)
    corners = generator.uniform(-20, 90, (count, 2))
    return np.concatenate([corners, corners + generator.uniform(20, 90, (count, 2))], 1)


CATEGORIES = ("coat", "dress")


def predictions_of(boxes, probabilities, spreads):
    """Predictions for a dress; those for a coat are wrong and of low probability."""
    probabilities = np.asarray(probabilities, dtype=np.float64)
    said = np.asarray(boxes, dtype=np.float64)
    spread = np.asarray(spreads, dtype=np.float64)[:, None]
    both = np.stack([said + 500.0, said], axis=1)
    return WindowPredictions(
        np.stack([probabilities / 4, probabilities], axis=1),
        both,
        np.stack([np.full((len(said), 4), 0.01), spread * np.ones(4)], axis=1),
        (said[:, :2] + said[:, 2:]) / 2,
    )


def gathered(windows, predictions, garments=FOUND, rules=None):
    return gather_evidence(
        windows, predictions, CATEGORIES, garments, WIDTH, HEIGHT, rules
    )


def heat_by_loop(windows, probabilities, x, y):
    total = heard = 0.0
    for (x0, y0, x1, y1), p in zip(windows, probabilities, strict=True):
        if not (x0 <= x <= x1 and y0 <= y <= y1):
            continue
        across = (x - (x0 + x1) / 2) / (x1 - x0) / NEARNESS
        down = (y - (y0 + y1) / 2) / (y1 - y0) / NEARNESS
        weight = math.exp(-(across**2 + down**2) / 2)
        total, heard = total + weight, heard + weight * p
    return heard / total if total else 0.0


def test_the_heat_map_against_a_loop():
    windows = windows_of(25)
    probabilities = np.random.default_rng(1).uniform(0, 1, 25)
    heat = heat_map(windows, probabilities, WIDTH, HEIGHT)
    assert heat.shape == (48, 32) and heat.dtype == np.float32
    for row, column in np.ndindex(*heat.shape):
        x, y = 3 * column + 1.5, 3 * row + 1.5
        expected = heat_by_loop(windows, probabilities, x, y)
        assert heat[row, column] == pytest.approx(expected, abs=1e-6)
    assert (heat == 0).any() and (heat > 0.5).any()


def test_equal_probabilities_give_a_constant_heat_map():
    heat = heat_map(windows_of(200), np.full(200, 0.7), WIDTH, HEIGHT)
    assert np.allclose(heat[heat > 0], 0.7)


@pytest.mark.parametrize(
    ("size", "shape"),
    [((4000, 10), (1, HEAT_CELLS)), ((1, 900), (HEAT_CELLS, 1)), ((50, 50), (48, 48))],
)
def test_the_longer_side_has_all_cells_and_the_shorter_at_least_one(size, shape):
    assert heat_map(windows_of(3), np.ones(3), *size).shape == shape


def test_voters_overlap_the_best_garment_and_have_a_vote():
    near = (DRESS[0] + 2, *DRESS[1:])
    boxes = [DRESS, near, COAT, DRESS, (0, 0, 5, 5)]
    predictions = predictions_of(boxes, [0.9, 0.8, 0.9, 0.4, 0.9], [4, 2, 1, 1, 1])
    windows = windows_of(5)
    evidence = gathered(windows, predictions)
    np.testing.assert_array_equal(evidence.voters_in_image, windows[[1, 0]])
    # Weights are P / spread squared: 0.8 / 4 against 0.9 / 16.
    np.testing.assert_allclose(evidence.weights, [1.0, (0.9 / 16) / (0.8 / 4)])
    assert evidence.heat.shape == (48, 32)


def test_windows_below_the_threshold_are_no_voters():
    predictions = predictions_of([DRESS] * 3, [0.9, 0.6, 0.4], [1, 1, 1])
    for rules, count in (
        (VotingRules(), 2),
        (VotingRules(threshold=0.8), 2),  # 0.6 is over 0.6 of 0.9
        (VotingRules(threshold=0.8, combination="mean"), 1),
        (VotingRules(threshold=0.3), 3),
        (VotingRules(weakest=0.95), 0),
    ):
        assert len(gathered(windows_of(3), predictions, rules=rules).weights) == count


def test_a_window_votes_for_the_closest_garment_of_its_category():
    between = (20.0, 10.0, 50.0, 80.0)
    other = (35.0, 10.0, 65.0, 80.0)
    predictions = predictions_of([DRESS, between, other], [0.9] * 3, [1, 1, 1])
    windows = windows_of(3)
    found = (Garment("dress", DRESS, 0.9), Garment("dress", other, 0.8))
    evidence = gathered(windows, predictions, found)
    np.testing.assert_array_equal(evidence.voters_in_image, windows[[0, 1]])
    evidence = gathered(windows, predictions, found[::-1])
    np.testing.assert_array_equal(evidence.voters_in_image, windows[[2]])
    # A garment of another category takes no voters, however close it is.
    found = (Garment("dress", DRESS, 0.9), Garment("coat", between, 0.8))
    evidence = gathered(windows, predictions, found)
    np.testing.assert_array_equal(evidence.voters_in_image, windows[[0, 1]])


def test_the_evidence_is_for_the_category_of_the_best_garment():
    boxes = np.array([[DRESS, COAT], [COAT, DRESS]])  # for a coat, for a dress
    predictions = WindowPredictions(
        np.array([[0.6, 0.9], [0.7, 0.8]]),
        boxes,
        np.ones((2, 2, 4)),
        np.zeros((2, 2)),
    )
    windows = np.tile([0.0, 0.0, WIDTH, HEIGHT], (2, 1))
    windows[1, :] += 1.0
    for category, box, voter in (("coat", COAT, 1), ("dress", DRESS, 1)):
        evidence = gathered(windows, predictions, (Garment(category, box, 0.5),))
        np.testing.assert_array_equal(evidence.voters_in_image, windows[[voter]])
        probabilities = predictions.probabilities[:, CATEGORIES.index(category)]
        expected = heat_map(windows, probabilities, WIDTH, HEIGHT)
        np.testing.assert_array_equal(evidence.heat, expected)
    assert not np.array_equal(
        *(gathered(windows, predictions, (one,)).heat for one in FOUND)
    )


def test_a_weight_is_the_mean_share_in_the_vote_on_the_four_sides():
    predictions = predictions_of([DRESS, DRESS], [1.0, 1.0], [1.0, 1.0])
    predictions.spreads[1, 1] = [1.0, 1.0, 1.0, 3.0]
    evidence = gathered(windows_of(2), predictions)
    # Halves on three sides; 0.9 and 0.1 on the fourth.
    assert evidence.weights == pytest.approx([1.0, (1.5 + 0.1) / (1.5 + 0.9)])


@pytest.mark.parametrize("combination", ["mean", "sides"])
def test_the_published_means_give_all_voters_weight_1(combination):
    predictions = predictions_of([DRESS, DRESS], [0.9, 0.8], [1, 30])
    rules = VotingRules(combination=combination)
    evidence = gathered(windows_of(2), predictions, rules=rules)
    assert evidence.weights.tolist() == [1.0, 1.0]


def test_boxes_are_clipped_before_they_are_compared():
    edge = (60.0, 60.0, 96.0, 144.0)
    predictions = predictions_of([(60, 60, 300, 500)], [0.9], [1])
    evidence = gathered(windows_of(1), predictions, (Garment("dress", edge, 0.9),))
    assert evidence.weights.tolist() == [1.0]


def test_without_garments_the_heat_is_of_the_best_category():
    """The best category is that of the highest probability, not of the highest sum."""
    windows = np.tile([0.0, 0.0, WIDTH, HEIGHT], (3, 1))
    predictions = predictions_of([DRESS] * 3, [0.1, 0.1, 0.1], [1, 1, 1])
    predictions.probabilities[:, 0] = [0.04, 0.2, 0.03]
    evidence = gathered(windows, predictions, ())
    assert evidence.voters_in_image.shape == (0, 4)
    assert evidence.weights.shape == (0,)
    assert evidence.heat.max() == pytest.approx(0.27 / 3)


def test_a_garment_that_no_window_overlaps_has_heat_but_no_voters():
    predictions = predictions_of([DRESS], [0.9], [1])
    elsewhere = (Garment("dress", (90, 0, 95, 5), 0.9),)
    evidence = gathered(windows_of(1), predictions, elsewhere)
    assert evidence.voters_in_image.shape == (0, 4)
    assert evidence.weights.shape == (0,)
    assert evidence.heat.max() == pytest.approx(0.9)


@torch.no_grad()
def test_the_heat_of_maps_is_that_of_all_their_windows(fold):
    """Windows without a vote, which ``locate`` does not evaluate, are included."""
    torch.manual_seed(0)
    heads = fold(
        CropClassifier(4, 3, CATEGORIES, HeadSizes(4, 5)),
        BoxRegressors(4, 3, len(CATEGORIES), HeadSizes(4, 5)),
    )
    levels = [
        Level(torch.randn(4, side, side).numpy() * 9, scale, scale, 16, 3, (48, 48))
        for side, scale in ((6, 0.9), (9, 1.6))
    ]
    rules = VotingRules(threshold=0.7, weakest=0.6, together=0.0)
    garments = locate(levels, WIDTH, HEIGHT, heads, rules)
    every = judge_levels(levels, heads, VotingRules(threshold=0.0, weakest=0.0))
    asked = judge_levels(levels, heads, rules)
    windows = np.concatenate([windows_in_image(level) for level in levels])
    assert garments
    assert 0 < len(asked.probabilities) < len(every.probabilities) == len(windows)
    evidence = explain_levels(levels, garments, WIDTH, HEIGHT, heads, rules)
    expected = gathered(windows, every, garments, rules)
    for name in ("heat", "voters_in_image", "weights"):
        np.testing.assert_array_equal(getattr(evidence, name), getattr(expected, name))
    assert 0 < len(evidence.weights) <= len(asked.probabilities)
