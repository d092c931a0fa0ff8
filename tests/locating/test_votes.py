import dataclasses

import numpy as np
import pytest

from tiefvision.boxes import iou
from tiefvision.locating.votes import (
    JURY,
    SHARE_OF_BEST,
    VotingRules,
    WindowPredictions,
    combine,
    voters_on,
    weighted_median,
)

WIDTH, HEIGHT = 400, 300
DRESS, COAT = (100, 50, 180, 250), (220, 40, 380, 290)


def predictions_of(*groups, categories=2):
    """Groups of (count, box, probabilities, spreads), each window alike.

    A window says the same box for every category. It is centred on that box.
    """
    probabilities, boxes, spreads = [], [], []
    for count, box, probability, spread in groups:
        probabilities += [probability] * count
        boxes += [[box] * categories] * count
        spreads += [np.broadcast_to(spread, (categories, 4))] * count
    said = np.array(boxes, dtype=np.float64)
    return WindowPredictions(
        np.array(probabilities, dtype=np.float64),
        said,
        np.array(spreads, dtype=np.float64),
        (said[:, 0, :2] + said[:, 0, 2:]) / 2,
    )


def found(predictions, categories=("coat", "dress"), rules=None):
    return combine(predictions, categories, WIDTH, HEIGHT, rules)


def expected_overlap(box, spread):
    """Expected IoU factor of a box whose four sides have the same spread in pixels."""
    x0, y0, x1, y1 = box
    return np.exp(-2 * spread / (x1 - x0) - 2 * spread / (y1 - y0))


def median_by_counting(values, weights):
    reached = [
        value
        for value in values
        if 2 * sum(w for v, w in zip(values, weights, strict=True) if v <= value)
        >= sum(weights)
    ]
    return min(reached)


@pytest.mark.parametrize("seed", range(20))
def test_the_weighted_median_against_counting(seed):
    generator = np.random.default_rng(seed)
    count = int(generator.integers(1, 12))
    values = generator.integers(0, 6, count).astype(np.float64)
    weights = generator.integers(1, 5, count).astype(np.float64)
    expected = median_by_counting(values.tolist(), weights.tolist())
    assert weighted_median(values, weights) == expected


def test_the_weighted_median_by_hand():
    values = np.array([9.0, 1.0, 5.0])
    assert weighted_median(values, np.ones(3)) == 5
    assert weighted_median(values, np.array([5.0, 1.0, 1.0])) == 9
    assert weighted_median(values, np.array([1.0, 2.0, 1.0])) == 1  # exactly half
    assert weighted_median(np.array([4.0]), np.array([1e-9])) == 4


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        # 0.6 * 0.9 exceeds the threshold; 0.6 * 0.7 and 0.6 * 0.1 do not.
        (VotingRules(0.5), [0.5, 0.42, 0.06, np.inf]),
        (VotingRules(0.5, weakest=0.0), [0.5, 0.42, 0.06, 0.024]),
        (VotingRules(0.5, weakest=0.8), [0.5, np.inf, np.inf, np.inf]),
        # The published rules have no relative threshold.
        (VotingRules(0.8, combination="mean"), [0.8, 0.8, 0.8, np.inf]),
        (VotingRules(0.8, combination="sides"), [0.8, 0.8, 0.8, np.inf]),
    ],
)
def test_the_least_probability_of_a_voter_by_hand(rules, expected):
    probabilities = np.array([[0.9, 0.1, 0.1, 0.04], [0.2, 0.7, 0.1, 0.0]])
    assert SHARE_OF_BEST == 0.6
    assert rules.floors(probabilities) == pytest.approx(expected)


def test_where_there_are_no_windows_no_category_has_a_vote():
    assert VotingRules().floors(np.empty((0, 2))).tolist() == [np.inf] * 2


def test_the_voters_on_a_category():
    generator = np.random.default_rng(0)
    predictions = WindowPredictions(
        np.array([[0.9, 0.1], [0.2, 0.6], [0.5, 0.5]]),
        *generator.random((2, 3, 2, 4)),
        generator.random((3, 2)),
    )
    voters = voters_on(predictions, 1, 0.5)
    assert voters.probabilities.tolist() == [0.6, 0.5]
    assert voters.boxes.tolist() == predictions.boxes_in_image[[1, 2], 1].tolist()
    assert voters.spreads.tolist() == predictions.spreads[[1, 2], 1].tolist()
    assert voters.centres.tolist() == predictions.centres_in_image[[1, 2]].tolist()
    assert voters.at(np.array([1])).probabilities.tolist() == [0.5]
    for window, row in enumerate(voters.weights()):
        for side, weight in enumerate(row):
            spread = voters.spreads[window, side]
            assert weight == pytest.approx(voters.probabilities[window] / spread**2)


def test_predictions_of_windows_without_a_vote_do_not_matter():
    sure = predictions_of((5, DRESS, [0.0, 0.9], 4.0), (4, COAT, [0.8, 0.0], 4.0))
    both = predictions_of(
        (5, DRESS, [0.0, 0.9], 4.0),
        (90, (0, 0, 90, 90), [0.4, 0.4], 0.01),
        (4, COAT, [0.8, 0.0], 4.0),
    )
    assert len(found(sure)) == 2
    assert found(sure) == found(both)


def test_windows_that_cannot_see_a_side_do_not_move_it():
    """Most windows do not see the hem; they predict its usual place, imprecisely."""
    seeing = (8, DRESS, [0.0, 0.95], 4.0)
    usual = (DRESS[0], DRESS[1], DRESS[2], 150)
    blind = (30, usual, [0.0, 0.95], [4.0, 4.0, 4.0, 40.0])
    predictions = predictions_of(seeing, blind)
    (by_votes,) = found(predictions)
    (by_mean,) = found(predictions, rules=VotingRules(combination="mean"))
    assert by_votes.box_in_image == DRESS
    assert by_mean.box_in_image[3] == pytest.approx((8 * 250 + 30 * 150) / 38)
    assert iou(by_mean.box_in_image, DRESS) < 0.7


def test_votes_that_scatter_evenly_leave_the_box_where_it_is():
    generator = np.random.default_rng(0)
    boxes = np.array(DRESS) + generator.normal(0, 5, (200, 4))
    boxes[:30, 3] = 170  # badly wrong, with small spreads
    predictions = WindowPredictions(
        np.full((200, 1), 0.9),
        boxes[:, None],
        np.full((200, 1, 4), 5.0),
        (boxes[:, :2] + boxes[:, 2:]) / 2,
    )
    (garment,) = found(predictions, ["dress"])
    assert garment.box_in_image == pytest.approx(DRESS, abs=2.5)
    (by_mean,) = found(predictions, ["dress"], VotingRules(combination="mean"))
    assert abs(by_mean.box_in_image[3] - DRESS[3]) > 10


def test_the_mean_is_the_plain_average():
    other = tuple(value + 10 for value in DRESS)
    predictions = predictions_of((1, DRESS, [0, 0.9], 1.0), (3, other, [0, 0.9], 50.0))
    (garment,) = found(predictions, rules=VotingRules(combination="mean"))
    assert garment.box_in_image == pytest.approx([value + 7.5 for value in DRESS])


def sides_by_loop(boxes, centres):
    """The published side-wise mean, over the windows on each side of the centre."""
    mean = [sum(box[k] for box in boxes) / len(boxes) for k in range(4)]
    middle = (mean[0] + mean[2]) / 2, (mean[1] + mean[3]) / 2
    sides = []
    for side in range(4):
        told = []
        for box, centre in zip(boxes, centres, strict=True):
            apart = centre[side % 2] - middle[side % 2]
            if (side < 2 and apart <= 0) or (side >= 2 and apart >= 0):
                told.append(box[side])
        sides.append(sum(told) / len(told) if told else mean[side])
    return sides


@pytest.mark.parametrize("spread_of_centres", [5, 30, 120])
@pytest.mark.parametrize("seed", range(5))
def test_the_mean_by_sides_against_a_loop(seed, spread_of_centres):
    generator = np.random.default_rng(seed)
    boxes = np.array(DRESS) + generator.normal(0, 15, (12, 4))
    middle = generator.uniform((120, 110), (160, 190))
    centres = generator.normal(middle, spread_of_centres, (12, 2))
    predictions = WindowPredictions(
        generator.uniform(0.5, 1, (12, 1)),
        boxes[:, None],
        generator.uniform(1, 30, (12, 1, 4)),
        centres,
    )
    rules = VotingRules(combination="sides", together=0.0)
    (garment,) = found(predictions, ["dress"], rules)
    assert garment.box_in_image == pytest.approx(sides_by_loop(boxes, centres))


def test_the_mean_by_sides_by_hand():
    # The mean box is (110, 50, 190, 250), around (150, 150).
    boxes = np.array([[100, 50, 170, 230], [110, 40, 190, 250], [120, 60, 210, 270]])
    centres = np.array([[140, 100], [150, 150], [160, 120]])
    predictions = WindowPredictions(
        np.array([[0.9], [0.6], [0.7]]),
        boxes[:, None].astype(float),
        np.array([1.0, 9.0, 4.0])[:, None, None] * np.ones((3, 1, 4)),
        centres.astype(float),
    )
    (garment,) = found(predictions, ["dress"], VotingRules(combination="sides"))
    # Windows 1 and 2 are left of the centre, 2 and 3 right, all three above, 2 below: a
    # window at the centre is on both sides.
    expected = ((100 + 110) / 2, (50 + 40 + 60) / 3, (190 + 210) / 2, 250)
    assert garment.box_in_image == pytest.approx(expected)


def test_a_side_without_windows_is_averaged_over_all():
    predictions = predictions_of(
        (1, DRESS, [0.9], 1.0), (1, DRESS, [0.9], 1.0), categories=1
    )
    predictions.boxes_in_image[1, 0, :2] += 20
    predictions.centres_in_image[:] = (300, 280)  # right of it and below
    (garment,) = found(predictions, ["dress"], VotingRules(combination="sides"))
    assert garment.box_in_image == pytest.approx((110, 60, 180, 250))


@pytest.mark.parametrize("combination", ["votes", "mean", "sides"])
@pytest.mark.parametrize("categories", [("coat", "dress"), ("outfit",)])
def test_without_windows_nothing_is_found(categories, combination):
    boxes, spreads = np.empty((2, 0, len(categories), 4))
    nothing = WindowPredictions(
        np.empty((0, len(categories))), boxes, spreads, np.empty((0, 2))
    )
    for weakest in (0.0, 0.05):
        rules = VotingRules(combination=combination, weakest=weakest)
        assert found(nothing, categories, rules) == ()


def test_without_a_probable_window_nothing_is_found():
    unsure = predictions_of((5, DRESS, [0.02, 0.04], 3.0))
    assert found(unsure) == ()
    assert len(found(unsure, rules=VotingRules(weakest=0.03))) == 1


def test_a_weak_garment_is_found_but_not_by_the_published_rules():
    weak = predictions_of((5, DRESS, [0.0, 0.3], 3.0), (5, COAT, [0.0, 0.17], 3.0))
    (garment,) = found(weak)  # 0.17 is less than 0.6 of 0.3
    assert garment.box_in_image == DRESS
    expected = 5 * 0.3 * expected_overlap(DRESS, 3.0) / JURY
    assert garment.score == pytest.approx(expected)
    for combination in ("mean", "sides"):
        assert found(weak, rules=VotingRules(combination=combination)) == ()


def test_the_threshold_applies_to_each_category_alone():
    """Two categories at 0.45 are not one garment at 0.9."""
    torn = predictions_of((5, DRESS, [0.45, 0.4], 3.0))
    rules = VotingRules(combination="mean")
    assert found(torn, rules=rules) == ()
    just = predictions_of((1, DRESS, [0.45, 0.5], 3.0))
    (garment,) = found(just, rules=rules)
    assert garment.category == "dress"


def test_windows_below_the_threshold_have_no_vote():
    elsewhere = (DRESS[0] + 30, *DRESS[1:])
    predictions = predictions_of(
        (2, DRESS, [0, 0.9], 9.0), (50, elsewhere, [0, 0.4], 1.0)
    )
    (garment,) = found(predictions)
    assert garment.box_in_image == DRESS


def test_two_garments_apart_are_two_boxes():
    predictions = predictions_of(
        (6, DRESS, [0.01, 0.9], 5.0), (4, COAT, [0.95, 0.01], 8.0)
    )
    dress, coat = found(predictions)
    assert (coat.category, coat.box_in_image) == ("coat", COAT)
    assert (dress.category, dress.box_in_image) == ("dress", DRESS)


def test_the_score_is_the_mean_over_the_jury():
    """The most confident windows count; if there are fewer, missing ones count 0."""
    overlap = expected_overlap(DRESS, 5.0)
    few = predictions_of((6, DRESS, [0.0, 0.9], 5.0))
    (garment,) = found(few)
    assert garment.score == pytest.approx(6 * 0.9 * overlap / JURY)
    many = predictions_of((JURY - 2, DRESS, [0, 0.9], 5.0), (50, DRESS, [0, 0.6], 5.0))
    (garment,) = found(many)
    mean = ((JURY - 2) * 0.9 + 2 * 0.6) / JURY
    assert garment.score == pytest.approx(mean * overlap)


def test_probable_windows_with_large_spreads_give_a_low_score():
    """Windows between two people are as probable, but do not know the sides."""
    people = [(10, 40, 100, 260), (290, 40, 380, 260)]
    between = (150, 40, 240, 260)
    torn = [60.0, 4.0, 60.0, 4.0]
    predictions = predictions_of(
        *[(JURY, box, [0.0, 0.9], 4.0) for box in people],
        (JURY, between, [0.0, 0.9], torn),
    )
    *sure, unsure = found(predictions)
    assert {garment.box_in_image for garment in sure} == set(people)
    assert unsure.box_in_image == between
    assert unsure.score < 0.4 * sure[-1].score


@pytest.mark.parametrize("combination", ["votes", "mean", "sides"])
def test_several_people_in_one_kind_of_garment_are_several_boxes(combination):
    people = [(x, 40, x + 90, 260) for x in (10, 150, 290)]
    predictions = predictions_of(
        *[(8 - k, box, [0.0, 0.9 - 0.1 * k], 4.0) for k, box in enumerate(people)]
    )
    garments = found(predictions, rules=VotingRules(combination=combination))
    assert [garment.category for garment in garments] == ["dress"] * 3
    assert [garment.box_in_image for garment in garments] == people
    overlap = expected_overlap(people[0], 4.0)
    scores = [(8 - k) * (0.9 - 0.1 * k) * overlap / JURY for k in range(3)]
    assert [garment.score for garment in garments] == pytest.approx(scores)


def test_categories_do_not_share_windows():
    """A coat over a dress: the same windows see both, each with a box of its own."""
    predictions = predictions_of((6, DRESS, [0.8, 0.9], 5.0))
    longer = (90, 40, 190, 200)
    predictions.boxes_in_image[:, 0] = longer
    assert iou(longer, DRESS) > 0.3
    dress, coat = found(predictions)
    assert (dress.category, dress.box_in_image) == ("dress", DRESS)
    assert (coat.category, coat.box_in_image) == ("coat", longer)
    expected = 6 * 0.8 * expected_overlap(longer, 5.0) / JURY
    assert coat.score == pytest.approx(expected)


def test_at_most_so_many_garments_of_a_category():
    three = [(x, 40, x + 90, 260) for x in (10, 150, 290)]
    predictions = predictions_of(
        *[(9 - k, box, [0.9, 0.0], 4.0) for k, box in enumerate(three)],
        (2, DRESS, [0.0, 0.8], 4.0),
    )
    coats_and_dress = found(predictions, rules=VotingRules(most=2))
    assert [item.category for item in coats_and_dress] == ["coat", "coat", "dress"]
    assert [item.box_in_image for item in coats_and_dress[:2]] == three[:2]
    assert found(predictions, rules=VotingRules(most=0)) == ()


def test_a_probable_window_outweighs_an_improbable_one():
    longer = (*DRESS[:3], 270)
    # Weights of 6 x 0.81 against 5 x 1.0, with equal spreads.
    predictions = predictions_of((6, DRESS, [0, 0.81], 5.0), (5, longer, [0, 1.0], 5.0))
    (garment,) = found(predictions)
    assert garment.box_in_image == longer


def test_a_box_inside_a_better_one_is_dropped():
    sleeve = (100, 60, 130, 120)  # wholly inside the dress, IoU 0.11
    predictions = predictions_of(
        (6, DRESS, [0, 0.95], 2.0), (3, sleeve, [0, 0.85], 6.0)
    )
    (garment,) = found(predictions)
    assert garment.box_in_image == DRESS
    both = found(predictions, rules=VotingRules(inside=1.01))
    assert [item.box_in_image for item in both] == [DRESS, sleeve]


def test_a_box_inside_one_of_another_category_stays():
    belt = (100, 140, 180, 155)
    predictions = predictions_of((6, DRESS, [0, 0.95], 2.0), (3, belt, [0.85, 0], 2.0))
    assert [item.box_in_image for item in found(predictions)] == [DRESS, belt]


def test_a_box_half_inside_another_stays():
    beside = (160, 60, 200, 120)  # 20 of its 40 px across lie in the dress
    predictions = predictions_of(
        (6, DRESS, [0, 0.95], 2.0), (3, beside, [0, 0.85], 6.0)
    )
    assert [item.box_in_image for item in found(predictions)] == [DRESS, beside]


def test_boxes_end_at_the_edge_of_the_photograph():
    predictions = predictions_of((3, (-40, -10, 500, 200), [0, 0.9], 5.0))
    (garment,) = found(predictions)
    assert garment.box_in_image == (0, 0, WIDTH, 200)


@pytest.mark.parametrize("box", [(450, 10, 500, 90), (180, 50, 100, 250)])
def test_a_box_outside_the_photograph_or_reversed_is_none(box):
    predictions = predictions_of((3, box, [0, 0.9], 5.0), (2, DRESS, [0, 0.85], 5.0))
    assert [item.box_in_image for item in found(predictions)] == [DRESS]


def test_windows_that_agree_loosely_are_one_garment():
    near = (100, 60, 180, 240)
    predictions = predictions_of((4, DRESS, [0, 0.9], 3.0), (4, near, [0, 0.9], 4.0))
    assert iou(near, DRESS) > 0.3
    assert len(found(predictions)) == 1
    assert len(found(predictions, rules=VotingRules(together=0.95, inside=1.01))) == 2


def test_combining_does_not_change_the_predictions():
    predictions = predictions_of(
        (6, DRESS, [0.01, 0.9], 5.0), (4, COAT, [0.95, 0.01], 8.0)
    )
    parts = [
        getattr(predictions, field.name) for field in dataclasses.fields(predictions)
    ]
    before = [part.copy() for part in parts]
    found(predictions)
    assert all(np.array_equal(*pair) for pair in zip(parts, before, strict=True))


def test_a_box_with_a_small_share_of_the_best_score_is_dropped():
    predictions = predictions_of((50, DRESS, [0, 0.9], 5.0), (1, COAT, [0, 0.9], 5.0))
    (garment,) = found(predictions)
    assert garment.box_in_image == DRESS
    assert len(found(predictions, rules=VotingRules(least=0.01))) == 2
    # Not of the score of another category: a coat is no worse for the dress beside it.
    beside = predictions_of((50, DRESS, [0, 0.9], 5.0), (1, COAT, [0.9, 0], 5.0))
    assert [item.category for item in found(beside)] == ["dress", "coat"]
