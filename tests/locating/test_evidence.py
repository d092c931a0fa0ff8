import math

import numpy as np
import pytest

from tiefvision.locating.evidence import (
    HEAT_CELLS,
    NEARNESS,
    gather_evidence,
    heat_map,
)
from tiefvision.locating.votes import Opinions, VotingRules
from tiefvision.records import Garment

WIDTH, HEIGHT = 96, 144
"""Three pixels to a cell of the heat map."""

DRESS, COAT = (10.0, 10.0, 40.0, 80.0), (60.0, 60.0, 90.0, 140.0)
FOUND = (Garment("dress", DRESS, 0.9), Garment("coat", COAT, 0.8))


def windows_of(count, seed=0):
    generator = np.random.default_rng(seed)
    corners = generator.uniform(-20, 90, (count, 2))
    return np.concatenate([corners, corners + generator.uniform(20, 90, (count, 2))], 1)


def opinions_of(boxes, surety, spreads):
    surety = np.asarray(surety, dtype=np.float64)
    return Opinions(
        np.stack([surety / 4, 3 * surety / 4], axis=1),
        np.asarray(boxes, dtype=np.float64),
        np.broadcast_to(
            np.asarray(spreads, dtype=np.float64)[:, None], (len(boxes), 4)
        ),
    )


def heat_by_loop(windows, surety, x, y):
    total = heard = 0.0
    for (x0, y0, x1, y1), p in zip(windows, surety, strict=True):
        if not (x0 <= x <= x1 and y0 <= y <= y1):
            continue
        across = (x - (x0 + x1) / 2) / (x1 - x0) / NEARNESS
        down = (y - (y0 + y1) / 2) / (y1 - y0) / NEARNESS
        weight = math.exp(-(across**2 + down**2) / 2)
        total, heard = total + weight, heard + weight * p
    return heard / total if total else 0.0


def test_the_heat_against_a_loop():
    windows = windows_of(25)
    surety = np.random.default_rng(1).uniform(0, 1, 25)
    heat = heat_map(windows, surety, WIDTH, HEIGHT)
    assert heat.shape == (48, 32) and heat.dtype == np.float32
    for row, column in np.ndindex(*heat.shape):
        x, y = 3 * column + 1.5, 3 * row + 1.5
        expected = heat_by_loop(windows, surety, x, y)
        assert heat[row, column] == pytest.approx(expected, abs=1e-6)
    assert (heat == 0).any() and (heat > 0.5).any()


def test_windows_that_agree_make_an_even_heat():
    heat = heat_map(windows_of(200), np.full(200, 0.7), WIDTH, HEIGHT)
    assert np.allclose(heat[heat > 0], 0.7)


@pytest.mark.parametrize(
    ("size", "shape"),
    [((4000, 10), (1, HEAT_CELLS)), ((1, 900), (HEAT_CELLS, 1)), ((50, 50), (48, 48))],
)
def test_the_longer_side_has_all_cells_and_the_shorter_at_least_one(size, shape):
    assert heat_map(windows_of(3), np.ones(3), *size).shape == shape


def test_voters_mean_the_surest_garment_and_have_a_vote():
    near = (DRESS[0] + 2, *DRESS[1:])
    boxes = [DRESS, near, COAT, DRESS, (0, 0, 5, 5)]
    opinions = opinions_of(boxes, [0.9, 0.8, 0.9, 0.4, 0.9], [4, 2, 1, 1, 1])
    windows = windows_of(5)
    evidence = gather_evidence(windows, opinions, FOUND, WIDTH, HEIGHT)
    np.testing.assert_array_equal(evidence.voters_in_image, windows[[1, 0]])
    # Weights are P / spread squared: 0.8 / 4 against 0.9 / 16.
    np.testing.assert_allclose(evidence.weights, [1.0, (0.9 / 16) / (0.8 / 4)])
    assert evidence.heat.shape == (48, 32)


def test_a_weight_is_the_mean_share_in_the_vote_on_the_four_sides():
    opinions = opinions_of([DRESS, DRESS], [1.0, 1.0], [1.0, 1.0])
    spreads = np.array([[1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 3.0]])
    opinions = Opinions(opinions.probabilities, opinions.boxes_in_image, spreads)
    evidence = gather_evidence(windows_of(2), opinions, FOUND, WIDTH, HEIGHT)
    # Halves on three sides; 0.9 and 0.1 on the fourth.
    assert evidence.weights == pytest.approx([1.0, (1.5 + 0.1) / (1.5 + 0.9)])


def test_by_the_published_mean_all_voters_weigh_alike():
    opinions = opinions_of([DRESS, DRESS], [0.9, 0.8], [1, 30])
    rules = VotingRules(combination="mean")
    evidence = gather_evidence(windows_of(2), opinions, FOUND, WIDTH, HEIGHT, rules)
    assert evidence.weights.tolist() == [1.0, 1.0]


def test_a_box_that_leaves_the_photograph_votes_for_the_part_inside():
    edge = (60.0, 60.0, 96.0, 144.0)
    opinions = opinions_of([(60, 60, 300, 500)], [0.9], [1])
    found = (Garment("coat", edge, 0.9),)
    evidence = gather_evidence(windows_of(1), opinions, found, WIDTH, HEIGHT)
    assert evidence.weights.tolist() == [1.0]


@pytest.mark.parametrize("garments", [(), (Garment("hat", (90, 0, 95, 5), 0.9),)])
def test_without_voters_there_is_heat_alone(garments):
    opinions = opinions_of([DRESS], [0.9], [1])
    evidence = gather_evidence(windows_of(1), opinions, garments, WIDTH, HEIGHT)
    assert evidence.voters_in_image.shape == (0, 4)
    assert evidence.weights.shape == (0,)
    assert evidence.heat.max() == pytest.approx(0.9)
