import copy
import math

import numpy as np
import pytest
import torch

from tiefvision.locating.heads import (
    LOG_SPREAD_RANGE,
    SIDES,
    BoxRegressors,
    CropClassifier,
    Dropout,
    HeadSizes,
    box_loss,
    presence_loss,
    set_input_statistics,
    split_outputs,
)
from tiefvision.locating.windows import Level, cells_of_windows

CHANNELS, WINDOW = 6, 3
SIZES = HeadSizes(reduced=4, hidden=5)
ROWS, COLUMNS = 3, 5
CATEGORIES = ("coat", "dress", "outfit")


def random_head(kind):
    torch.manual_seed(0)
    if kind == "classifier":
        head = CropClassifier(CHANNELS, WINDOW, CATEGORIES, SIZES)
    else:
        head = BoxRegressors(CHANNELS, WINDOW, len(CATEGORIES), SIZES)
    set_input_statistics(head, torch.randn(CHANNELS), torch.rand(CHANNELS) + 0.5)
    return head.eval()


@pytest.fixture
def classifier():
    return random_head("classifier")


@pytest.fixture
def regressors():
    return random_head("regressors")


@pytest.fixture
def level():
    generator = torch.Generator().manual_seed(1)
    cells = torch.randn(CHANNELS, ROWS + 2, COLUMNS + 2, generator=generator)
    return Level(cells.numpy(), 1.0, 1.0, 16, WINDOW, (0, 0))


def cells_of(level):
    """The map of a level as a tensor, as training passes it."""
    return torch.from_numpy(level.cells)


def chosen_windows(level):
    """Cells and positions of every window, as training passes them."""
    flat = cells_of(level).flatten(1).T
    every = np.arange(level.rows * level.columns)
    return flat, torch.from_numpy(cells_of_windows(level, every))


def judge_one(head, network, cells):
    """A fully connected network over one window (C, k, k), unit by unit."""
    standard = (cells - head.mean[:, None, None]) / head.spread[:, None, None]
    weight = network.reduce.weight[:, :, 0, 0]
    reduced = torch.einsum("rc,cyx->ryx", weight, standard)
    reduced = (reduced + network.reduce.bias[:, None, None]).clamp_min(0)
    hidden = torch.stack([(kernel * reduced).sum() for kernel in network.judge.weight])
    hidden = (hidden + network.judge.bias).clamp_min(0)
    return network.output.weight[:, :, 0, 0] @ hidden + network.output.bias


@pytest.mark.parametrize("name", ["classifier", *SIDES])
@torch.no_grad()
def test_one_pass_has_the_outputs_of_each_window_alone(level, name):
    head = random_head("classifier" if name == "classifier" else "regressors")
    network = head.network if name == "classifier" else head.network(name)
    standard = (cells_of(level) - head.mean[:, None, None]) / head.spread[:, None, None]
    dense = network(standard[None])[0]
    flat, positions = chosen_windows(level)
    chosen = network.judge_windows((flat - head.mean) / head.spread, positions)
    assert dense.shape[1:] == (level.rows, level.columns) == (ROWS, COLUMNS)
    assert dense.flatten(1).T.std(dim=0).min() > 1e-3  # the outputs of windows differ
    torch.testing.assert_close(chosen, dense.flatten(1).T)
    for row in range(ROWS):
        for column in range(COLUMNS):
            cells = cells_of(level)[:, row : row + WINDOW, column : column + WINDOW]
            alone = judge_one(head, network, cells)
            torch.testing.assert_close(dense[:, row, column], alone)


@torch.no_grad()
def test_numbers_of_the_classifier_drop_out_in_training_alone(classifier, level):
    network, (flat, positions) = classifier.network, chosen_windows(level)
    still = network.judge_windows(flat, positions)
    torch.testing.assert_close(network.judge_windows(flat, positions), still)
    network.train()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        drawn = [network.judge_windows(flat, positions) for _ in range(4000)]
    spread = torch.stack(drawn).std(dim=0)
    assert spread.min() > 0.01  # every output changes from draw to draw
    # Of features alone, means are kept, since the output layer is linear in them.
    network.dropout = Dropout(hidden=0.5)
    drawn = [network.judge_windows(flat, positions) for _ in range(4000)]
    error = (torch.stack(drawn).mean(dim=0) - still).abs().max()
    assert error < 6 * spread.max() / math.sqrt(4000)


@torch.no_grad()
def test_nothing_of_the_regressors_drops_out(regressors, level):
    flat, positions = chosen_windows(level)
    network = regressors.network("x0").train()
    first = network.judge_windows(flat, positions)
    torch.testing.assert_close(network.judge_windows(flat, positions), first)


@torch.no_grad()
def test_the_probabilities_of_categories_are_independent(classifier, level):
    probabilities = classifier(cells_of(level)[None])
    assert probabilities.shape == (1, 3, ROWS, COLUMNS)
    assert 0 < probabilities.min() < probabilities.max() < 1
    # A window may hold a coat, a dress and the outfit of both, or nothing.
    for bias, total in ((9.0, 3.0), (-9.0, 0.0)):
        classifier.network.output.bias.fill_(bias)
        said = classifier(cells_of(level)[None]).sum(1)
        torch.testing.assert_close(
            said, torch.full_like(said, total), atol=0.02, rtol=0
        )
    before = classifier(cells_of(level)[None])
    classifier.network.output.bias[1] += 5.0
    after = classifier(cells_of(level)[None])
    changed = [not torch.equal(before[:, k], after[:, k]) for k in range(3)]
    assert changed == [False, True, False]


@torch.no_grad()
def test_the_loss_of_the_classifier_against_a_loop(classifier, level):
    flat, positions = chosen_windows(level)
    generator = torch.Generator().manual_seed(2)
    labels = torch.randint(-1, 2, (len(positions), 3), generator=generator)
    probabilities = classifier(cells_of(level)[None])[0].flatten(1).T
    total = 0.0
    for row, wanted in zip(probabilities.tolist(), labels.tolist(), strict=True):
        for said, label in zip(row, wanted, strict=True):
            if label >= 0:
                total -= math.log(said if label else 1 - said)
    loss = classifier.loss(flat, positions, labels.to(torch.int8))
    assert float(loss) == pytest.approx(total / len(labels), rel=1e-5)


def test_the_loss_of_the_classifier_by_hand():
    # Odds of 3 to 1 for the first category, even odds for the second.
    logits = torch.tensor([[math.log(3), 0.0], [math.log(3), 0.0]])
    labels = torch.tensor([[1, 0], [0, -1]])
    expected = (-math.log(3 / 4) - math.log(1 / 2) - math.log(1 / 4)) / 2
    assert float(presence_loss(logits, labels)) == pytest.approx(expected)


def test_ambiguous_labels_have_no_gradient():
    logits = torch.zeros(2, 3, requires_grad=True)
    presence_loss(logits, torch.tensor([[1, -1, 0], [-1, -1, -1]])).backward()
    assert logits.grad[0, 0] < 0 < logits.grad[0, 2]
    assert logits.grad[0, 1] == 0
    assert not logits.grad[1].any()


def draw_boxes(count):
    """Targets of windows, and which of their categories they hold."""
    generator = torch.Generator().manual_seed(2)
    targets = torch.randn(count, 3, 4, generator=generator)
    return targets, torch.rand(count, 3, generator=generator) < 0.5


@torch.no_grad()
def test_the_loss_of_the_regressors_against_a_loop(regressors, level):
    flat, positions = chosen_windows(level)
    targets, held = draw_boxes(len(positions))
    coordinates, spreads = (
        part[0].flatten(2) for part in regressors(cells_of(level)[None])
    )  # (4, categories, windows)
    total, errors = 0.0, []
    for window, category in held.nonzero().tolist():
        for side in range(4):
            said = float(coordinates[side, category, window])
            error = abs(said - float(targets[window, category, side]))
            spread = float(spreads[side, category, window])
            total += error / spread + math.log(spread)
            errors.append(error)
    assert 0 < len(errors) < 4 * held.numel()
    loss, error = regressors.loss(flat, positions, targets, held)
    assert float(loss) == pytest.approx(total / (len(errors) / 4), rel=1e-5)
    assert float(error) == pytest.approx(sum(errors) / len(errors), rel=1e-5)


def test_the_loss_of_the_regressors_by_hand():
    # Errors of 1, 0, 2 and 0 window sides, with predicted spreads of 2, 1, 2 and 1.
    outputs = torch.tensor([[[0.0, math.log(2)], [5.0, 0], [7.0, math.log(2)], [0, 0]]])
    targets = torch.tensor([[[1.0, 5.0, 5.0, 0.0]]])
    loss, error = box_loss(outputs, targets, torch.tensor([[True]]))
    assert float(loss) == pytest.approx(1 / 2 + 2 / 2 + 2 * math.log(2))
    assert float(error) == pytest.approx(3 / 4)


def test_boxes_of_categories_not_held_have_no_gradient():
    targets, held = draw_boxes(7)
    outputs = torch.zeros(7, 4, 2 * 3, requires_grad=True)
    loss, _ = box_loss(outputs, targets, held)
    loss.backward()
    touched = outputs.grad.reshape(7, 4, 3, 2).abs().amin(dim=(1, 3)) > 0
    assert torch.equal(touched, held)
    untouched = outputs.grad.reshape(7, 4, 3, 2).abs().amax(dim=(1, 3)) == 0
    assert torch.equal(untouched, ~held)


def test_outputs_come_in_pairs_of_a_coordinate_and_a_spread():
    outputs = torch.tensor([3.0, 0.0, 5.0, math.log(2)])  # two categories
    for dim, shape in ((0, (4, 1, 1)), (1, (1, 4, 1)), (2, (1, 1, 4))):
        coordinates, spreads = split_outputs(outputs.reshape(shape), dim)
        assert coordinates.shape == tuple(2 if side == 4 else 1 for side in shape)
        assert coordinates.flatten().tolist() == [3.0, 5.0]
        assert spreads.flatten().tolist() == pytest.approx([1.0, 2.0])


def test_the_four_regressors_share_no_weights(regressors):
    owners = [
        {tensor.data_ptr() for tensor in regressors.network(side).parameters()}
        for side in SIDES
    ]
    assert all(len(owner) == 6 for owner in owners)
    assert len(set.union(*owners)) == 4 * 6
    assert len(list(regressors.parameters())) == 4 * 6


@torch.no_grad()
def test_the_outputs_of_the_regressors_for_every_window_and_category(regressors, level):
    """Each side has its own network, and each category two outputs of it."""
    coordinates, spreads = regressors(cells_of(level)[None])
    assert coordinates.shape == spreads.shape == (1, 4, 3, ROWS, COLUMNS)
    cells = cells_of(level)[:, 1 : 1 + WINDOW, 3 : 3 + WINDOW]
    for number, side in enumerate(SIDES):
        said = judge_one(regressors, regressors.network(side), cells)
        torch.testing.assert_close(coordinates[0, number, :, 1, 3], said[0::2])
        torch.testing.assert_close(spreads[0, number, :, 1, 3], said[1::2].exp())


@pytest.mark.parametrize("changed", range(4))
@torch.no_grad()
def test_changing_one_regressor_leaves_the_other_three_alone(
    regressors, level, changed
):
    before = regressors(cells_of(level)[None])
    other = copy.deepcopy(regressors)
    for parameter in other.network(SIDES[changed]).parameters():
        parameter.add_(torch.randn_like(parameter))
    after = other(cells_of(level)[None])
    for one, two in zip(before, after, strict=True):
        same = [torch.equal(one[:, side], two[:, side]) for side in range(4)]
        assert same == [side != changed for side in range(4)]


@pytest.mark.parametrize("side", range(4))
def test_the_loss_of_one_side_reaches_only_its_network(regressors, level, side):
    coordinates, _ = regressors(cells_of(level)[None])
    coordinates[:, side].sum().backward()
    for number, name in enumerate(SIDES):
        touched = [
            parameter.grad is not None and bool(parameter.grad.any())
            for parameter in regressors.network(name).parameters()
        ]
        assert any(touched) == (number == side)


@torch.no_grad()
def test_the_spread_stays_in_its_range(regressors, level):
    for side in SIDES:
        regressors.network(side).output.weight[1::2].mul_(1e4)
    _, spreads = regressors(cells_of(level)[None])
    low, high = (math.exp(value) for value in LOG_SPREAD_RANGE)
    assert float(spreads.min()) == pytest.approx(low, rel=1e-5)
    assert float(spreads.max()) == pytest.approx(high, rel=1e-5)


@pytest.mark.parametrize("kind", ["classifier", "regressors"])
def test_no_windows_give_no_loss_and_no_gradients(kind, level):
    head = random_head(kind)
    flat, positions = chosen_windows(level)
    if kind == "classifier":
        loss = head.loss(flat, positions[:0], torch.empty(0, 3, dtype=torch.int8))
    else:
        targets, held = torch.empty(0, 3, 4), torch.empty(0, 3, dtype=torch.bool)
        loss, error = head.loss(flat, positions[:0], targets, held)
        assert error.item() == 0.0
    assert loss.item() == 0.0
    loss.backward()
    for parameter in head.parameters():
        assert not parameter.grad.any()


def test_inputs_are_standardised_by_mean_and_spread(level):
    mean = cells_of(level).mean(dim=(1, 2))
    spread = cells_of(level).std(dim=(1, 2))
    plain = CropClassifier(CHANNELS, WINDOW, ("coat",), SIZES)
    told = copy.deepcopy(plain)
    set_input_statistics(told, mean, spread)
    scaled = (cells_of(level) - mean[:, None, None]) / spread[:, None, None]
    torch.testing.assert_close(told(cells_of(level)[None]), plain(scaled[None]))


def test_a_constant_channel_causes_no_division_by_zero(classifier, level):
    set_input_statistics(classifier, torch.zeros(CHANNELS), torch.zeros(CHANNELS))
    silent = torch.zeros_like(cells_of(level))[None]
    assert classifier(silent).isfinite().all()
    assert classifier.spread.min() > 0


def test_inputs_statistics_are_saved_with_the_weights(classifier, level):
    other = CropClassifier(CHANNELS, WINDOW, CATEGORIES, SIZES)
    other.load_state_dict(classifier.state_dict())
    torch.testing.assert_close(
        other(cells_of(level)[None]), classifier(cells_of(level)[None])
    )
