import numpy as np
import pytest

from tiefvision.boxes import iou
from tiefvision.locating.votes import (
    Opinions,
    VotingRules,
    combine,
    sure_windows,
    weighted_median,
)

WIDTH, HEIGHT = 400, 300
DRESS, COAT = (100, 50, 180, 250), (220, 40, 380, 290)


def opinions_of(*groups):
    """Groups of (count, box, probabilities, spreads), each window alike."""
    probabilities, boxes, spreads = [], [], []
    for count, box, probability, spread in groups:
        probabilities += [probability] * count
        boxes += [box] * count
        spreads += [np.broadcast_to(spread, 4)] * count
    return Opinions(
        np.array(probabilities, dtype=np.float64),
        np.array(boxes, dtype=np.float64),
        np.array(spreads, dtype=np.float64),
    )


def found(opinions, categories=("coat", "dress"), rules=None):
    return combine(opinions, categories, WIDTH, HEIGHT, rules)


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


def test_windows_with_a_vote_by_hand():
    probabilities = np.array([[0.5, 0.0], [0.3, 0.3], [0.2, 0.2], [0.0, 0.9]])
    assert sure_windows(probabilities, VotingRules(0.5)).tolist() == [0, 1, 3]
    assert sure_windows(probabilities, VotingRules(0.95)).tolist() == []


def test_what_windows_without_a_vote_say_does_not_matter():
    sure = opinions_of((5, DRESS, [0.0, 0.9], 4.0), (4, COAT, [0.8, 0.0], 4.0))
    both = opinions_of(
        (5, DRESS, [0.0, 0.9], 4.0),
        (90, (0, 0, 90, 90), [0.2, 0.2], 0.01),
        (4, COAT, [0.8, 0.0], 4.0),
    )
    assert len(found(sure)) == 2
    assert found(sure) == found(both)


def test_windows_that_cannot_see_a_side_do_not_move_it():
    """Most windows miss the hem, and say what is usual, unsurely."""
    seeing = (8, DRESS, [0.0, 0.95], 4.0)
    usual = (DRESS[0], DRESS[1], DRESS[2], 150)
    blind = (30, usual, [0.0, 0.95], [4.0, 4.0, 4.0, 40.0])
    opinions = opinions_of(seeing, blind)
    (by_votes,) = found(opinions)
    (by_mean,) = found(opinions, rules=VotingRules(combination="mean"))
    assert by_votes.box_in_image == DRESS
    assert by_mean.box_in_image[3] == pytest.approx((8 * 250 + 30 * 150) / 38)
    assert iou(by_mean.box_in_image, DRESS) < 0.7


def test_votes_that_scatter_evenly_leave_the_box_where_it_is():
    generator = np.random.default_rng(0)
    boxes = np.array(DRESS) + generator.normal(0, 5, (200, 4))
    boxes[:30, 3] = 170  # badly wrong, and sure of it
    opinions = Opinions(np.tile([0.0, 0.9], (200, 1)), boxes, np.full((200, 4), 5.0))
    (garment,) = found(opinions)
    assert garment.box_in_image == pytest.approx(DRESS, abs=2.5)
    (by_mean,) = found(opinions, rules=VotingRules(combination="mean"))
    assert abs(by_mean.box_in_image[3] - DRESS[3]) > 10


def test_the_mean_is_the_plain_average():
    other = tuple(value + 10 for value in DRESS)
    opinions = opinions_of((1, DRESS, [0, 0.9], 1.0), (3, other, [0, 0.9], 50.0))
    (garment,) = found(opinions, rules=VotingRules(combination="mean"))
    assert garment.box_in_image == pytest.approx([value + 7.5 for value in DRESS])


@pytest.mark.parametrize("categories", [("coat", "dress"), ("outfit",)])
def test_no_window_says_anything(categories):
    nothing = Opinions(np.empty((0, len(categories))), *np.empty((2, 0, 4)))
    assert found(nothing, categories) == ()


def test_no_window_is_sure():
    unsure = opinions_of((5, DRESS, [0.2, 0.25], 3.0))
    assert found(unsure) == ()


def test_the_threshold_is_on_any_garment():
    """P(garment) is 1 - P(background), whatever is sure of its category."""
    torn = opinions_of((5, DRESS, [0.4, 0.45], 3.0))
    (garment,) = found(torn)
    assert garment.category == "dress"
    assert garment.score == pytest.approx(0.85)
    assert found(torn, rules=VotingRules(threshold=0.86)) == ()
    just = opinions_of((1, DRESS, [0.0, 0.8], 3.0))
    assert len(found(just, rules=VotingRules(threshold=0.8))) == 1


def test_windows_below_the_threshold_have_no_vote():
    elsewhere = (DRESS[0] + 30, *DRESS[1:])
    opinions = opinions_of((2, DRESS, [0, 0.9], 9.0), (50, elsewhere, [0, 0.4], 1.0))
    (garment,) = found(opinions)
    assert garment.box_in_image == DRESS


def test_two_garments_apart_are_two_boxes():
    opinions = opinions_of((6, DRESS, [0.01, 0.9], 5.0), (4, COAT, [0.95, 0.01], 8.0))
    dress, coat = found(opinions)
    assert (coat.category, coat.box_in_image) == ("coat", COAT)
    assert (dress.category, dress.box_in_image) == ("dress", DRESS)
    # Fewer windows agree on the coat: 4 x 0.96 votes against 6 x 0.91.
    assert dress.score == pytest.approx(0.91)
    assert coat.score == pytest.approx(0.96 * (4 * 0.96) / (6 * 0.91))


def test_the_category_is_what_the_windows_say_together():
    opinions = opinions_of((2, DRESS, [0.9, 0.05], 5.0), (5, DRESS, [0.2, 0.7], 5.0))
    (garment,) = found(opinions)
    assert garment.category == "dress"
    assert garment.score == pytest.approx((2 * 0.95 + 5 * 0.9) / 7)  # their mean


def test_at_most_so_many_garments():
    opinions = opinions_of((6, DRESS, [0.0, 0.99], 2.0), (4, COAT, [0.85, 0.0], 8.0))
    (only,) = found(opinions, rules=VotingRules(most=1))
    assert only.category == "dress"
    assert found(opinions, rules=VotingRules(most=0)) == ()


def test_the_surer_of_two_that_see_alike():
    opinions = opinions_of((4, COAT, [0.85, 0.0], 5.0), (4, DRESS, [0.0, 0.95], 5.0))
    (only,) = found(opinions, rules=VotingRules(most=1))
    assert only.category == "dress"


def test_a_sure_window_outweighs_an_unsure_one():
    longer = (*DRESS[:3], 270)
    # 6 x 0.81 votes against 5 x 1.0, of windows that see equally well.
    opinions = opinions_of((6, DRESS, [0, 0.81], 5.0), (5, longer, [0, 1.0], 5.0))
    (garment,) = found(opinions)
    assert garment.box_in_image == longer


def test_a_box_inside_a_surer_one_is_a_part_of_it():
    sleeve = (100, 60, 130, 120)  # wholly inside the dress, IoU 0.11
    opinions = opinions_of((6, DRESS, [0, 0.95], 2.0), (3, sleeve, [0, 0.85], 6.0))
    (garment,) = found(opinions)
    assert garment.box_in_image == DRESS
    both = found(opinions, rules=VotingRules(inside=1.01))
    assert [item.box_in_image for item in both] == [DRESS, sleeve]


def test_a_box_half_inside_another_stays():
    beside = (160, 60, 200, 120)  # 20 of its 40 px across lie in the dress
    opinions = opinions_of((6, DRESS, [0, 0.95], 2.0), (3, beside, [0.85, 0], 6.0))
    assert [item.box_in_image for item in found(opinions)] == [DRESS, beside]


def test_boxes_end_at_the_edge_of_the_photograph():
    opinions = opinions_of((3, (-40, -10, 500, 200), [0, 0.9], 5.0))
    (garment,) = found(opinions)
    assert garment.box_in_image == (0, 0, WIDTH, 200)


@pytest.mark.parametrize("box", [(450, 10, 500, 90), (180, 50, 100, 250)])
def test_a_box_outside_the_photograph_or_reversed_is_none(box):
    opinions = opinions_of((3, box, [0, 0.9], 5.0), (2, DRESS, [0, 0.85], 5.0))
    assert [item.box_in_image for item in found(opinions)] == [DRESS]


def test_windows_that_agree_loosely_are_one_garment():
    near = (100, 60, 180, 240)
    opinions = opinions_of((4, DRESS, [0, 0.9], 3.0), (4, near, [0, 0.9], 4.0))
    assert iou(near, DRESS) > 0.3
    assert len(found(opinions)) == 1
    assert len(found(opinions, rules=VotingRules(together=0.95, inside=1.01))) == 2


def test_the_opinions_are_left_as_they_were():
    opinions = opinions_of((6, DRESS, [0.01, 0.9], 5.0), (4, COAT, [0.95, 0.01], 8.0))
    parts = opinions.probabilities, opinions.boxes_in_image, opinions.spreads
    before = [part.copy() for part in parts]
    found(opinions)
    assert all(np.array_equal(*pair) for pair in zip(parts, before, strict=True))


def test_a_box_with_a_small_share_of_the_votes_is_chance():
    opinions = opinions_of((50, DRESS, [0, 0.9], 5.0), (4, COAT, [0.9, 0], 5.0))
    (garment,) = found(opinions)
    assert garment.box_in_image == DRESS
    assert len(found(opinions, rules=VotingRules(least=0.05))) == 2
