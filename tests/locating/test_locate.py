import numpy as np
import pytest
import torch

from tiefvision.boxes import iou
from tiefvision.locating.folded import FoldedHeads
from tiefvision.locating.heads import SIDES, BoxRegressors, CropClassifier, HeadSizes
from tiefvision.locating.locate import judge_levels, locate
from tiefvision.locating.votes import JURY, SHARE_OF_BEST, VotingRules, combine
from tiefvision.locating.windows import Level, windows_in_image

CHANNELS, WINDOW = 5, 3
SIZES = HeadSizes(reduced=4, hidden=6)
EVERY_WINDOW = VotingRules(threshold=0.0, weakest=0.0)
CATEGORIES = ("coat", "dress", "outfit")
SMALL, LARGE = (5, 7), (9, 12)
"""Rows and columns of windows of each level."""

PARTS = ("probabilities", "boxes_in_image", "spreads", "centres_in_image")


def level_of(rows, columns, scale, border, seed):
    shape = CHANNELS, rows + WINDOW - 1, columns + WINDOW - 1
    cells = np.random.default_rng(seed).standard_normal(shape, np.float32)
    return Level(cells, *scale, stride=16, window=WINDOW, border=border)


@pytest.fixture
def levels():
    return [
        level_of(2, 3, (0.5, 0.4), (48, 60), seed=1),
        level_of(4, 2, (1.0, 0.9), (16, 0), seed=2),
    ]


@pytest.fixture
def heads():
    torch.manual_seed(0)
    return (
        CropClassifier(CHANNELS, WINDOW, CATEGORIES, SIZES),
        BoxRegressors(CHANNELS, WINDOW, len(CATEGORIES), SIZES),
    )


@torch.no_grad()
def test_the_predictions_of_every_window_against_a_loop(fold, levels, heads):
    classifier, regressors = heads
    predictions = judge_levels(levels, fold(*heads), EVERY_WINDOW)
    number = 0
    for level in levels:
        boxes = windows_in_image(level)
        for row in range(level.rows):
            for column in range(level.columns):
                cells = torch.from_numpy(
                    level.cells[:, row : row + WINDOW, column : column + WINDOW]
                )
                scores = classifier(cells[None])[0, :, 0, 0]
                judged = (part[0, :, :, 0, 0].T for part in regressors(cells[None]))
                units, spreads = (part.numpy() for part in judged)  # (categories, 4)
                x0, y0, x1, y1 = boxes[row * level.columns + column]
                sides = np.array([x1 - x0, y1 - y0] * 2)
                centre = np.array([(x0 + x1) / 2, (y0 + y1) / 2] * 2)
                expected = scores.numpy(), units * sides + centre, spreads * sides
                for name, wanted in zip(PARTS, (*expected, centre[:2]), strict=True):
                    found = getattr(predictions, name)[number]
                    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)
                number += 1
    assert number == len(predictions.probabilities) == 2 * 3 + 4 * 2


@pytest.mark.parametrize("voting", [0.95, 0.7, 0.3, 0.05, 0.015])
@pytest.mark.parametrize("combination", ["votes", "mean", "sides"])
def test_evaluating_only_the_voters_finds_the_same_garments(
    fold, heads, voting, combination
):
    """The voters range from nearly all windows to few, and to none on one level."""
    levels = [
        level_of(*SMALL, (0.3, 0.3), (32, 32), seed=3),
        level_of(*LARGE, (0.5, 0.5), (32, 32), seed=4),
    ]
    with torch.no_grad():  # so that probabilities are spread over all of [0, 1]
        heads[0].network.output.weight.mul_(20.0)
    folded = fold(*heads)
    every = judge_levels(levels, folded, EVERY_WINDOW)
    threshold = float(np.quantile(every.probabilities.max(axis=1), 1 - voting))
    rules = VotingRules(threshold, combination=combination)
    sure = judge_levels(levels, folded, rules)
    floors = rules.floors(every.probabilities)
    voters = (every.probabilities >= floors).any(axis=1)
    assert 0 < len(sure.probabilities) == voters.sum() < len(voters)
    for part in PARTS:
        expected = getattr(every, part)[voters]
        np.testing.assert_allclose(getattr(sure, part), expected, rtol=1e-4, atol=1e-3)
    alike = [combine(part, CATEGORIES, 500, 500, rules) for part in (every, sure)]
    assert alike[0]
    for one, two in zip(*alike, strict=True):
        assert one.category == two.category
        assert one.score == pytest.approx(two.score)
        assert one.box_in_image == pytest.approx(two.box_in_image, abs=1e-2)


def sure_at(heads, level, spots):
    """Make P(coat) of a window depend on the brightest spot that it covers."""
    classifier, _ = heads
    with torch.no_grad():
        for parameter in classifier.parameters():
            parameter.zero_()
        classifier.network.output.bias.fill_(-6.0)
        classifier.network.reduce.weight[0, 0] = 1.0
        classifier.network.judge.weight[0, 0] = 1.0
        classifier.network.output.weight[0, 0] = 1.0
    level.cells[:] = 0
    for (row, column), probability in spots.items():
        logit = np.log(probability / (1 - probability))
        level.cells[0, row, column] = 6.0 + logit


def test_the_regressors_run_only_over_the_rectangle_of_voters(fold, heads, monkeypatch):
    level = level_of(*LARGE, (1.0, 1.0), (0, 0), seed=0)
    sure_at(heads, level, {(5, 8): 0.99})
    seen = []
    boxes = FoldedHeads.boxes

    def watched(self, reduced):
        seen.append(reduced.shape)
        return boxes(self, reduced)

    monkeypatch.setattr(FoldedHeads, "boxes", watched)
    predictions = judge_levels([level], fold(*heads))
    # Three by three windows see the cell; together they cover five by five.
    assert len(predictions.probabilities) == 9
    assert seen == [(4 * SIZES.reduced, 5, 5)]
    level.cells[:] = 0
    nothing = judge_levels([level], fold(*heads))
    assert nothing.boxes_in_image.shape == nothing.spreads.shape == (0, 3, 4)
    assert nothing.centres_in_image.shape == (0, 2)
    assert len(seen) == 1


@pytest.mark.parametrize("alone", [True, False])
def test_thresholds_are_relative_to_the_best_window_of_all_levels(fold, heads, alone):
    """Weak windows of a level have no vote if another level has better windows."""
    small = level_of(*SMALL, (0.5, 0.5), (0, 0), seed=0)
    large = level_of(*LARGE, (1.0, 1.0), (0, 0), seed=0)
    sure_at(heads, small, {(1, 1): 0.2})
    sure_at(heads, large, {(5, 8): 0.4})
    assert SHARE_OF_BEST * 0.4 > 0.2
    levels = [small] if alone else [small, large]
    predictions = judge_levels(levels, fold(*heads))
    probabilities = predictions.probabilities[:, 0]
    # The cell (1, 1) is seen by two by two windows, (5, 8) by three by three.
    expected = [0.2] * 4 if alone else [0.4] * 9
    assert probabilities.tolist() == pytest.approx(expected)


def prejudice(heads, unit_boxes):
    """Heads that predict the same boxes for every window."""
    classifier, regressors = heads
    with torch.no_grad():
        for parameter in (*classifier.parameters(), *regressors.parameters()):
            parameter.zero_()
        classifier.network.output.bias.fill_(-6.0)
        for category, unit_box in unit_boxes.items():
            column = CATEGORIES.index(category)
            classifier.network.output.bias[column] = 6.0
            for side, value in zip(SIDES, unit_box, strict=True):
                regressors.network(side).output.bias[2 * column] = value


def test_nothing_is_found_where_no_window_holds_anything(fold, levels, heads):
    prejudice(heads, {})
    assert locate(levels, 300, 300, fold(*heads)) == ()


def test_the_box_is_in_pixels_of_the_photograph(fold, heads):
    prejudice(heads, {"dress": (-0.25, -0.5, 0.25, 0.5)})
    # One window: 224 px of a copy at half and a quarter of the size, border 16 px.
    level = level_of(1, 1, (0.5, 0.25), (16, 16), seed=0)
    folded = fold(*heads)
    (garment,) = locate([level], 1000, 1000, folded)
    assert garment.category == "dress"
    spreads = judge_levels([level], folded, EVERY_WINDOW).spreads[0, 1]
    sure, known = 1 / (1 + np.exp(-6)), np.exp(-(spreads / [224, 896, 224, 896]).sum())
    assert garment.score == pytest.approx(sure * known / JURY)
    # Centre ((112 - 16) / 0.5, (112 - 16) / 0.25), sides 448 and 896.
    expected = (192 - 112, 0, 192 + 112, 384 + 448)
    assert garment.box_in_image == pytest.approx(expected, abs=1e-3)


def test_one_window_may_hold_a_coat_a_dress_and_the_outfit(fold, heads):
    boxes = {
        "coat": (-0.3, -0.4, 0.3, 0.2),
        "dress": (-0.2, -0.3, 0.2, 0.3),
        "outfit": (-0.3, -0.4, 0.3, 0.3),
    }
    prejudice(heads, boxes)
    level = level_of(1, 1, (1.0, 1.0), (0, 0), seed=0)
    found = locate([level], 224, 224, fold(*heads))
    assert {garment.category for garment in found} == set(CATEGORIES)
    for garment in found:
        expected = [112 + 224 * value for value in boxes[garment.category]]
        assert garment.box_in_image == pytest.approx(expected, abs=1e-3)


def test_two_people_in_coats_are_two_boxes(fold, heads):
    level = level_of(3, 40, (1.0, 1.0), (0, 0), seed=0)
    prejudice(heads, {"coat": (-0.4, -0.4, 0.4, 0.4)})
    sure_at(heads, level, {(2, 4): 0.95, (2, 36): 0.9})
    found = locate([level], 864, 256, fold(*heads))
    assert [garment.category for garment in found] == ["coat", "coat"]
    # Nine windows see each: they are centred on columns 2 to 4 and 34 to 36.
    centres = [np.mean(garment.box_in_image[0::2]) for garment in found]
    assert centres == pytest.approx([112 + 16 * 3, 112 + 16 * 35])


def test_the_rules_reach_the_vote(fold, levels, heads):
    prejudice(heads, {"coat": (-0.3, -0.3, 0.3, 0.3)})
    folded = fold(*heads)
    assert locate(levels, 300, 300, folded)
    for strict in (
        VotingRules(threshold=0.9999, combination="mean"),
        VotingRules(weakest=0.9999),
    ):
        assert locate(levels, 300, 300, folded, strict) == ()


def test_several_levels_vote_together(fold, heads):
    prejudice(heads, {"coat": (-0.3, -0.3, 0.3, 0.3)})
    both = [
        level_of(1, 1, (1.0, 1.0), (0, 0), seed=0),
        level_of(1, 1, (0.9, 0.9), (0, 0), seed=1),
    ]
    folded = fold(*heads)
    (one,), (other,) = (locate([level], 300, 300, folded) for level in both)
    assert iou(one.box_in_image, other.box_in_image) > 0.3
    (together,) = locate(both, 300, 300, folded)
    assert together.score == pytest.approx(2 * one.score)
