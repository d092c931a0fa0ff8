import dataclasses
import json
import math

import numpy as np
import pytest

from tiefvision.boxes import iou
from tiefvision.locating.calibration import Calibration, fit_calibration
from tiefvision.locating.findings import (
    LEAST_SCORE,
    LEAST_TO_SEARCH,
    TellingRules,
    calibrate,
    is_unsure,
    tell,
    to_search,
)
from tiefvision.locating.targets import OUTFIT
from tiefvision.records import Garment

BOX = (100.0, 50.0, 200.0, 250.0)
APART = (300.0, 50.0, 400.0, 250.0)
ALIKE = (100.0, 50.0, 200.0, 210.0)
"""IoU 0.8 with ``BOX``, 160 of its 200 px."""


def test_calibrating_changes_only_the_scores():
    squared = Calibration(low=2.0, high=2.0)  # the odds
    found = (Garment("coat", APART, 0.75), Garment("dress", BOX, 0.25))
    assert calibrate(found, TellingRules(squared)) == (
        Garment("coat", APART, pytest.approx(0.9)),
        Garment("dress", BOX, pytest.approx(0.1)),
    )
    assert [one.score for one in found] == [0.75, 0.25]
    same = [one.score for one in calibrate(found, TellingRules())]
    assert same == pytest.approx([0.75, 0.25])
    assert calibrate((), TellingRules(squared)) == ()


def test_outfits_have_a_calibration_of_their_own():
    low, high = Calibration(shift=-math.log(9)), Calibration(shift=math.log(9))
    found = (Garment("coat", BOX, 0.5), Garment(OUTFIT, BOX, 0.5))
    coat, outfit = calibrate(found, TellingRules(low, outfits=high))
    assert (coat.score, outfit.score) == pytest.approx((0.1, 0.9))


def test_scores_are_plain_numbers_ready_for_json():
    (garment,) = calibrate((Garment("coat", BOX, 0.5),), TellingRules())
    assert json.loads(json.dumps(garment.score)) == pytest.approx(0.5)


def test_told_garments_are_sorted_by_score():
    found = (Garment("coat", BOX, 0.6), Garment("hat", APART, 0.9))
    assert tell(found, TellingRules()) == found[::-1]
    assert tell((), TellingRules()) == ()


def test_boxes_below_the_least_score_are_not_told():
    found = (
        Garment("coat", BOX, LEAST_SCORE),
        Garment("hat", APART, np.nextafter(LEAST_SCORE, 0)),
    )
    assert tell(found, TellingRules()) == found[:1]
    assert tell(found, TellingRules(least_score=0.0)) == found
    assert tell(found, TellingRules(least_score=0.9)) == ()


@pytest.mark.parametrize("order", [1, -1])
def test_of_equal_boxes_the_highest_score_is_told(order):
    assert iou(BOX, ALIKE) == pytest.approx(0.8)
    coat, dress = Garment("coat", BOX, 0.7), Garment("dress", ALIKE, 0.8)
    assert tell((coat, dress)[::order], TellingRules()) == (dress,)
    apart = TellingRules(same_garment=0.81)
    assert tell((coat, dress)[::order], apart) == (dress, coat)


def test_a_box_that_is_not_told_hides_no_other():
    """The third box overlaps only the second, which the first one hides."""
    first = Garment("coat", (0, 0, 100, 100), 0.9)
    second = Garment("dress", (0, 0, 100, 80), 0.8)
    third = Garment("skirt", (0, 0, 100, 64), 0.7)
    assert iou(second.box_in_image, third.box_in_image) == pytest.approx(0.8)
    assert tell((first, second, third), TellingRules()) == (first, third)


def test_two_people_in_one_kind_of_garment_are_both_told():
    found = (Garment("dress", BOX, 0.9), Garment("dress", APART, 0.8))
    assert tell(found, TellingRules()) == found


@pytest.mark.parametrize("scores", [(0.9, 0.8), (0.8, 0.9)])
def test_an_outfit_may_have_the_box_of_a_garment(scores):
    outfit, dress = (
        Garment(name, BOX, score)
        for name, score in zip((OUTFIT, "dress"), scores, strict=True)
    )
    assert set(tell((outfit, dress), TellingRules())) == {outfit, dress}


def test_rules_survive_json_exactly():
    generator = np.random.default_rng(0)
    scores = generator.random(500)
    fitted = fit_calibration(scores, generator.random(500) < scores**3)
    assert fitted != Calibration()
    rules = TellingRules(fitted, least_score=0.1 + 0.2, same_garment=0.7)
    text = json.dumps(dataclasses.asdict(rules))
    assert TellingRules.from_dict(json.loads(text)) == rules
    assert TellingRules.from_dict(dataclasses.asdict(rules)) == rules


@pytest.mark.parametrize(
    "changes",
    [
        {"calibration": None},
        {"calibration": [0, 1]},
        {"calibration": "line"},
        {"calibration": {"low": "steep"}},
        {"calibration": {"low": [0, 1]}},
        {"calibration": {"high": -1.0}},
        {"calibration": {"knots": [0, 1]}},
        {"most": 3},
    ],
)
def test_invalid_rules_are_refused(changes):
    good = dataclasses.asdict(TellingRules())
    with pytest.raises((KeyError, TypeError, ValueError)):
        TellingRules.from_dict({**good, **changes})
    with pytest.raises((KeyError, TypeError, ValueError)):
        TellingRules.from_dict({})


def test_if_nothing_is_told_the_outfit_is_searched_with():
    weak, weaker = Garment(OUTFIT, BOX, 0.4), Garment(OUTFIT, APART, 0.3)
    coat = Garment("coat", APART, 0.45)
    rules = TellingRules()
    assert to_search((weaker, coat, weak), rules) == (weak,)
    assert is_unsure(weak, rules)
    assert tell((weaker, coat, weak), rules) == ()
    assert to_search((coat,), rules) == ()


def test_told_garments_are_searched_with_unchanged():
    weak, coat = Garment(OUTFIT, BOX, 0.4), Garment("coat", APART, 0.6)
    rules = TellingRules()
    assert to_search((weak, coat), rules) == tell((weak, coat), rules) == (coat,)
    assert not is_unsure(coat, rules)


def test_below_the_lower_limit_there_is_nothing_to_search_with():
    scores = LEAST_TO_SEARCH, np.nextafter(LEAST_TO_SEARCH, 0)
    at, below = (Garment(OUTFIT, BOX, float(score)) for score in scores)
    assert to_search((at,), TellingRules()) == (at,)
    assert to_search((below,), TellingRules()) == ()
    assert to_search((), TellingRules()) == ()
