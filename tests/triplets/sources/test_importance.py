from collections import Counter
from functools import partial

import numpy as np
import pytest
from scipy.stats import chisquare

from tests.triplets.sources.made import draw, noise, shop
from tiefvision.errors import BadDataset
from tiefvision.triplets.sources import importance
from tiefvision.triplets.sources.importance import Relevance
from tiefvision.triplets.sources.reservoir import Reservoir

PHOTOS = shop({"skirt": 12, "coat": 8}, street=1)
ROW = {one.path: number for number, one in enumerate(PHOTOS)}
KIND = {one.path: one.garments[0].category for one in PHOTOS}
TABLE = noise(PHOTOS)
DRAWN = 2000

drawn = partial(draw, "importance", PHOTOS, {"one": TABLE}, count=DRAWN)


def relevance(one, other):
    return float(TABLE[ROW[one], ROW[other]]) * (KIND[one] == KIND[other])


def test_a_place_in_a_buffer_is_as_probable_as_relevance_says():
    """With one place, the probability is r_i over the sum of all."""
    weights = np.array([1.0, 2.0, 3.0, 10.0])
    generator = np.random.default_rng(0)
    found = Counter()
    for _ in range(4000):
        buffers = Reservoir(1, generator)
        for number, weight in enumerate(weights):
            buffers.offer("skirt", number, weight)
        found.update(buffers.numbers("skirt"))
    counts = [found[number] for number in range(4)]
    assert chisquare(counts, 4000 * weights / weights.sum()).pvalue > 0.001
    # Weights that are all alike would have been told apart.
    assert chisquare(counts).pvalue < 1e-6


def test_two_places_are_drawn_one_after_the_other_without_repetition():
    weights = [1.0, 2.0, 5.0]
    generator = np.random.default_rng(1)
    found = Counter()
    for _ in range(4000):
        buffers = Reservoir(2, generator)
        for number, weight in enumerate(weights):
            buffers.offer("skirt", number, weight)
        found[tuple(buffers.numbers("skirt"))] += 1
    # First i, then j of the rest, or the other way round.
    expected = {
        (i, j): weights[i] / 8 * weights[j] / (8 - weights[i])
        + weights[j] / 8 * weights[i] / (8 - weights[j])
        for i, j in ((0, 1), (0, 2), (1, 2))
    }
    observed = [found[pair] for pair in expected]
    assert sum(expected.values()) == pytest.approx(1)
    assert chisquare(observed, 4000 * np.array([*expected.values()])).pvalue > 0.001


def test_a_buffer_does_not_grow_with_what_is_offered():
    buffers = Reservoir(16, np.random.default_rng(0))
    for number in range(3000):
        kept = buffers.offer(number % 3, number, 1e-9 if number % 2 else 1e9)
        assert kept == (number in buffers.numbers(number % 3))
        assert len(buffers) <= 3 * 16
    assert len(buffers) == 48 and sorted(buffers.categories) == [0, 1, 2]
    assert not buffers.offer(0, 9999, 0.0)
    # The relevant ones stay, whatever their scale is.
    assert not any(number % 2 for kind in range(3) for number in buffers.numbers(kind))


def test_the_sampler_keeps_no_more_photographs_than_its_buffers_hold(monkeypatch):
    most = []

    class Watched(Reservoir):
        def offer(self, *offered):
            kept = super().offer(*offered)
            most.append(len(self))
            return kept

    monkeypatch.setattr(importance, "Reservoir", Watched)
    drawn(buffer=3)
    assert max(most) == 2 * 3


@pytest.mark.parametrize("margin", [0.05, 0.4])
def test_the_margin_is_never_violated(margin):
    paths, _ = drawn(margin=margin, out_of_class=0.5)
    assert len(paths) == DRAWN
    for query, positive, negative in paths:
        assert KIND[query] == KIND[positive] and query != positive
        apart = relevance(query, positive) - relevance(query, negative)
        assert apart >= margin - 1e-6


@pytest.mark.parametrize("share", [0.0, 0.2, 1.0])
def test_the_share_of_out_of_class_negatives_is_met(share):
    # A margin that many queries have no in-class negative for.
    paths, _ = drawn(margin=0.6, out_of_class=share)
    outside = sum(KIND[query] != KIND[negative] for query, _, negative in paths)
    deviation = (DRAWN * share * (1 - share)) ** 0.5
    assert abs(outside - DRAWN * share) <= 4 * deviation


def test_positives_are_as_probable_as_their_acceptance_says():
    paths, _ = drawn(margin=0.0, out_of_class=1.0)
    table = Relevance(PHOTOS, TABLE)
    totals = table.totals()
    query = PHOTOS[ROW["shop/coat00.jpg"]].path
    others = [one.path for one in PHOTOS if KIND[one.path] == "coat"]
    others.remove(query)
    assert totals[ROW[query]] == pytest.approx(
        sum(relevance(query, other) for other in others), rel=1e-6
    )
    more, _ = draw(
        "importance",
        PHOTOS,
        {"one": TABLE},
        1,
        margin=0.0,
        out_of_class=1.0,
        count=9000,
    )
    found = Counter(p for q, p, _ in [*paths, *more] if q == query)
    accepted = np.array(
        [min(1.0, relevance(query, other) / totals[ROW[other]]) for other in others]
    )
    observed = np.array([found[other] for other in others])
    assert observed.sum() > 200
    assert (
        chisquare(observed, observed.sum() * accepted / accepted.sum()).pvalue > 0.001
    )


def test_a_margin_that_nothing_keeps_is_refused():
    with pytest.raises(BadDataset, match=r"by the margin 1.*smaller --set margin"):
        drawn(margin=1.0)
    one_class = shop({"skirt": 4}, street=1)
    with pytest.raises(BadDataset, match=r"out-of-class.*--set out_of_class=0"):
        draw("importance", one_class, {"one": noise(one_class)}, count=50)
