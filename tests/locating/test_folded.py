import math

import numpy as np
import pytest
import torch

from tiefvision.locating.folded import fold_heads
from tiefvision.locating.heads import (
    LOG_SPREAD_RANGE,
    BoxRegressors,
    CropClassifier,
    HeadSizes,
    set_input_statistics,
)
from tiefvision.locating.locate import judge_levels, locate
from tiefvision.locating.votes import VotingRules
from tiefvision.locating.windows import Level

CHANNELS, WINDOW = 6, 3
WIDTH, HEIGHT = 550, 825
MANY = tuple(f"category {number}" for number in range(23))


def make_heads(channels=CHANNELS, window=WINDOW, categories=("coat", "dress"), seed=0):
    """Heads of different widths and statistics, as two stages may train them."""
    torch.manual_seed(seed)
    classifier = CropClassifier(channels, window, categories, HeadSizes(4, 5))
    regressors = BoxRegressors(channels, window, len(categories), HeadSizes(3, 7))
    for head in (classifier, regressors):
        set_input_statistics(head, torch.randn(channels), torch.rand(channels) + 0.2)
    return classifier.eval(), regressors.eval()


def judged(heads, cells):
    for_category, *for_sides = heads.reduce(cells)
    return heads.probabilities(for_category), *heads.boxes(tuple(for_sides))


@pytest.mark.parametrize("categories", [("outfit",), ("coat", "dress"), MANY])
@torch.no_grad()
def test_folded_heads_have_the_outputs_of_the_networks(categories):
    classifier, regressors = make_heads(categories=categories)
    cells = torch.randn(CHANNELS, 5, 8)
    probabilities, coordinates, spreads = judged(
        fold_heads(classifier, regressors), cells
    )
    assert probabilities.shape == (len(categories), 3, 6)
    torch.testing.assert_close(probabilities, classifier(cells[None])[0])
    expected = regressors(cells[None])
    assert coordinates.shape == spreads.shape == (4, len(categories), 3, 6)
    torch.testing.assert_close(coordinates, expected[0][0], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(spreads, expected[1][0], rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_all_reductions_are_one_convolution():
    heads = fold_heads(*make_heads())
    assert heads.reduction.weight.shape == (4 + 4 * 3, CHANNELS, 1, 1)
    reduced = heads.reduce(torch.randn(CHANNELS, 4, 4))
    assert [cells.shape[1] for cells in reduced] == [4, 3, 3, 3, 3]


@torch.no_grad()
def test_the_spread_stays_in_its_range():
    classifier, regressors = make_heads()
    for side in regressors.networks.values():
        side.output.weight[1::2].mul_(1e4)
    *_, spreads = judged(
        fold_heads(classifier, regressors), torch.randn(CHANNELS, 9, 9)
    )
    low, high = (math.exp(value) for value in LOG_SPREAD_RANGE)
    assert float(spreads.min()) == pytest.approx(low, rel=1e-5)
    assert float(spreads.max()) == pytest.approx(high, rel=1e-5)


@torch.no_grad()
def test_half_precision_maps_give_the_outputs_of_their_float32_copies():
    cells = torch.randn(CHANNELS, 5, 5).half()
    heads = fold_heads(*make_heads())
    for one, two in zip(
        judged(heads, cells), judged(heads, cells.float()), strict=True
    ):
        assert torch.equal(one, two)


def test_folding_changes_no_weights():
    heads = make_heads()
    before = [tensor.clone() for head in heads for tensor in head.state_dict().values()]
    fold_heads(*heads, torch.bfloat16)
    after = [tensor for head in heads for tensor in head.state_dict().values()]
    assert all(map(torch.equal, before, after))


@pytest.fixture
def street():
    """Maps and heads of the default sizes, for a photograph of 550 x 825 px."""
    torch.manual_seed(1)
    channels, window = 256, 11
    classifier = CropClassifier(channels, window, ("outfit",))
    regressors = BoxRegressors(channels, window, 1)
    for head in (classifier, regressors):
        # Non-negative maps with mostly zeros, as after a ReLU.
        set_input_statistics(
            head, torch.full((channels,), 0.4), torch.full((channels,), 0.6)
        )
    levels = []
    for rows, columns, long_side in ((18, 13, 256), (34, 24, 512)):
        cells = torch.randn(channels, rows, columns).clamp_min(0)
        scale = long_side / HEIGHT
        levels.append(Level(cells, scale, scale, 16, window, (48, 48)))
    return levels, classifier, regressors


def test_bfloat16_moves_probabilities_and_boxes_little(street):
    levels, *heads = street
    every = VotingRules(threshold=0.0, weakest=0.0)
    exact, rounded = (
        judge_levels(levels, fold_heads(*heads, dtype), every)
        for dtype in (torch.float32, torch.bfloat16)
    )
    apart = np.abs(exact.probabilities - rounded.probabilities)
    assert 0 < apart.max() < 0.01
    apart = np.abs(exact.boxes_in_image - rounded.boxes_in_image)
    assert exact.boxes_in_image.std(axis=0).min() > 2.0  # the boxes differ
    assert apart.max() < 1.0
    found = [
        locate(levels, WIDTH, HEIGHT, fold_heads(*heads, dtype), VotingRules(0.4))[0]
        for dtype in (torch.float32, torch.bfloat16)
    ]
    assert found[0].box_in_image == pytest.approx(found[1].box_in_image, abs=1.0)
