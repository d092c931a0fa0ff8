import numpy as np
import pytest
import torch

from tiefvision.boxes import iou
from tiefvision.locating.folded import FoldedHeads, fold_heads
from tiefvision.locating.heads import BoxRegressors, CropClassifier, HeadSizes
from tiefvision.locating.locate import judge_levels, locate
from tiefvision.locating.votes import VotingRules, combine
from tiefvision.locating.windows import Level, windows_in_image

CHANNELS, WINDOW = 5, 3
SIZES = HeadSizes(reduced=4, hidden=6)
EVERY_WINDOW = VotingRules(threshold=0.0)
CATEGORIES = ("coat", "dress")
SMALL, LARGE = (5, 7), (9, 12)
"""Rows and columns of windows."""


def level_of(rows, columns, scale, border, seed):
    generator = torch.Generator().manual_seed(seed)
    shape = CHANNELS, rows + WINDOW - 1, columns + WINDOW - 1
    cells = torch.randn(shape, generator=generator)
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
        BoxRegressors(CHANNELS, WINDOW, SIZES),
    )


@torch.no_grad()
def test_the_opinion_of_every_window_against_a_loop(levels, heads):
    classifier, regressors = heads
    opinions = judge_levels(levels, fold_heads(*heads), EVERY_WINDOW)
    number = 0
    for level in levels:
        boxes = windows_in_image(level)
        for row in range(level.rows):
            for column in range(level.columns):
                cells = level.cells[:, row : row + WINDOW, column : column + WINDOW]
                scores = classifier(cells[None])[0, 1:, 0, 0]
                units, spreads = (part[0, :, 0, 0] for part in regressors(cells[None]))
                x0, y0, x1, y1 = boxes[row * level.columns + column]
                sides = np.array([x1 - x0, y1 - y0] * 2)
                centre = np.array([(x0 + x1) / 2, (y0 + y1) / 2] * 2)
                box = units.numpy() * sides + centre
                for found, expected in (
                    (opinions.probabilities, scores.numpy()),
                    (opinions.boxes_in_image, box),
                    (opinions.spreads, spreads.numpy() * sides),
                ):
                    np.testing.assert_allclose(found[number], expected, rtol=1e-4)
                number += 1
    assert number == len(opinions.probabilities) == 2 * 3 + 4 * 2


@pytest.mark.parametrize("voting", [0.95, 0.7, 0.3, 0.05, 0.015])
@pytest.mark.parametrize("combination", ["votes", "mean"])
def test_judging_the_sure_windows_alone_finds_the_same_garments(
    heads, voting, combination
):
    """From nearly all windows down to a few, and to none on the smaller level."""
    levels = [
        level_of(*SMALL, (0.3, 0.3), (32, 32), seed=3),
        level_of(*LARGE, (0.5, 0.5), (32, 32), seed=4),
    ]
    folded = fold_heads(*heads)
    every = judge_levels(levels, folded, EVERY_WINDOW)
    surety = every.probabilities.sum(axis=1)
    threshold = float(np.quantile(surety, 1 - voting))
    rules = VotingRules(threshold, combination)
    sure = judge_levels(levels, folded, rules)
    voters = surety >= threshold
    assert 0 < len(sure.probabilities) == voters.sum() < len(voters)
    for part in ("probabilities", "boxes_in_image", "spreads"):
        expected = getattr(every, part)[voters]
        np.testing.assert_allclose(getattr(sure, part), expected, rtol=1e-4, atol=1e-3)
    alike = [combine(part, CATEGORIES, 500, 500, rules) for part in (every, sure)]
    assert alike[0]
    for one, two in zip(*alike, strict=True):
        assert one.category == two.category
        assert one.score == pytest.approx(two.score)
        assert one.box_in_image == pytest.approx(two.box_in_image, abs=1e-2)


def test_the_regressors_run_only_over_the_rectangle_of_sure_windows(heads, monkeypatch):
    classifier, _ = heads
    with torch.no_grad():
        for parameter in classifier.parameters():
            parameter.zero_()
        classifier.network.output.bias[0] = 6.0
        # One cell of one channel is enough to make the windows that see it sure.
        classifier.network.reduce.weight[0, 0] = 1.0
        classifier.network.judge.weight[0, 0] = 1.0
        classifier.network.output.weight[1, 0] = 12.0
    level = level_of(*LARGE, (1.0, 1.0), (0, 0), seed=0)
    level.cells.zero_()
    level.cells[0, 5, 8] = 1.0
    seen = []
    boxes = FoldedHeads.boxes

    def watched(self, reduced):
        seen.append({tuple(cells.shape) for cells in reduced})
        return boxes(self, reduced)

    monkeypatch.setattr(FoldedHeads, "boxes", watched)
    opinions = judge_levels([level], fold_heads(*heads))
    # Three by three windows see the cell; together they cover five by five.
    assert len(opinions.probabilities) == 9
    assert seen == [{(1, SIZES.reduced, 5, 5)}]
    level.cells.zero_()
    assert len(judge_levels([level], fold_heads(*heads)).boxes_in_image) == 0
    assert len(seen) == 1


def prejudice(heads, category, unit_box):
    """Heads that say the same of every window."""
    classifier, regressors = heads
    with torch.no_grad():
        for parameter in (*classifier.parameters(), *regressors.parameters()):
            parameter.zero_()
        classifier.network.output.bias[category] = 6.0
        for side, value in zip(("x0", "y0", "x1", "y1"), unit_box, strict=True):
            regressors.network(side).output.bias[0] = value


def test_nothing_is_found_where_all_is_background(levels, heads):
    prejudice(heads, 0, (-0.5, -0.5, 0.5, 0.5))
    assert locate(levels, 300, 300, fold_heads(*heads)) == ()


def test_the_box_is_in_pixels_of_the_photograph(heads):
    prejudice(heads, 2, (-0.25, -0.5, 0.25, 0.5))
    # One window: 224 px of a copy at half and a quarter of the size, border 16 px.
    level = level_of(1, 1, (0.5, 0.25), (16, 16), seed=0)
    (garment,) = locate([level], 1000, 1000, fold_heads(*heads))
    assert garment.category == "dress"
    assert garment.score == pytest.approx(1 - 1 / (2 + np.exp(6)), abs=1e-3)
    # Centre ((112 - 16) / 0.5, (112 - 16) / 0.25), sides 448 and 896.
    expected = (192 - 112, 0, 192 + 112, 384 + 448)
    assert garment.box_in_image == pytest.approx(expected, abs=1e-3)


def test_the_rules_reach_the_vote(levels, heads):
    prejudice(heads, 1, (-0.3, -0.3, 0.3, 0.3))
    assert locate(levels, 300, 300, fold_heads(*heads))
    strict = VotingRules(threshold=0.9999)
    assert locate(levels, 300, 300, fold_heads(*heads), strict) == ()


def test_several_levels_vote_together(heads):
    prejudice(heads, 1, (-0.3, -0.3, 0.3, 0.3))
    both = [
        level_of(1, 1, (1.0, 1.0), (0, 0), seed=0),
        level_of(1, 1, (0.9, 0.9), (0, 0), seed=1),
    ]
    boxes = [
        locate([level], 300, 300, fold_heads(*heads))[0].box_in_image for level in both
    ]
    assert iou(*boxes) > 0.3
    assert len(locate(both, 300, 300, fold_heads(*heads))) == 1
