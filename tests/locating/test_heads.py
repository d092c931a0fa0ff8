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
    HeadSizes,
    standardise_inputs,
)
from tiefvision.locating.windows import Level, cells_of_windows

CHANNELS, WINDOW = 6, 3
SIZES = HeadSizes(reduced=4, hidden=5)
ROWS, COLUMNS = 3, 5


def random_head(kind):
    torch.manual_seed(0)
    if kind == "classifier":
        head = CropClassifier(CHANNELS, WINDOW, ("coat", "dress"), SIZES)
    else:
        head = BoxRegressors(CHANNELS, WINDOW, SIZES)
    standardise_inputs(head, torch.randn(CHANNELS), torch.rand(CHANNELS) + 0.5)
    return head


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
    return Level(cells, 1.0, 1.0, 16, WINDOW, (0, 0))


def chosen_windows(level):
    """Cells and positions of every window, as training passes them."""
    flat = level.cells.flatten(1).T
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
def test_one_pass_judges_every_window_as_alone(level, name):
    head = random_head("classifier" if name == "classifier" else "regressors")
    network = head.network if name == "classifier" else head.network(name)
    standard = (level.cells - head.mean[:, None, None]) / head.spread[:, None, None]
    dense = network(standard[None])[0]
    flat, positions = chosen_windows(level)
    chosen = network.judge_windows((flat - head.mean) / head.spread, positions)
    assert dense.shape[1:] == (level.rows, level.columns) == (ROWS, COLUMNS)
    assert dense.flatten(1).T.std(dim=0).min() > 1e-3  # windows are not judged alike
    torch.testing.assert_close(chosen, dense.flatten(1).T)
    for row in range(ROWS):
        for column in range(COLUMNS):
            cells = level.cells[:, row : row + WINDOW, column : column + WINDOW]
            alone = judge_one(head, network, cells)
            torch.testing.assert_close(dense[:, row, column], alone)


@torch.no_grad()
def test_the_classifier_gives_probabilities(classifier, level):
    probabilities = classifier(level.cells[None])
    assert probabilities.shape == (1, 3, ROWS, COLUMNS)  # background, coat, dress
    torch.testing.assert_close(probabilities.sum(1), torch.ones(1, ROWS, COLUMNS))
    assert probabilities.min() >= 0


@torch.no_grad()
def test_the_loss_of_the_classifier_is_the_mean_surprise(classifier, level):
    flat, positions = chosen_windows(level)
    labels = torch.arange(len(positions)) % 3
    probabilities = classifier(level.cells[None])[0].flatten(1).T
    surprise = [
        -math.log(row[label]) for row, label in zip(probabilities, labels, strict=True)
    ]
    loss = classifier.loss(flat, positions, labels)
    assert float(loss) == pytest.approx(sum(surprise) / len(surprise), rel=1e-5)


@torch.no_grad()
def test_the_loss_of_the_regressors_against_a_loop(regressors, level):
    flat, positions = chosen_windows(level)
    targets = torch.randn(len(positions), 4, generator=torch.Generator().manual_seed(2))
    coordinates, spreads = (
        part[0].flatten(1).T for part in regressors(level.cells[None])
    )
    total, errors = 0.0, []
    for side in range(4):
        terms = []
        for window, target in enumerate(targets):
            error = abs(float(coordinates[window, side]) - float(target[side]))
            spread = float(spreads[window, side])
            terms.append(error / spread + math.log(spread))
            errors.append(error)
        total += sum(terms) / len(terms)
    loss, error = regressors.loss(flat, positions, targets)
    assert float(loss) == pytest.approx(total, rel=1e-5)
    assert float(error) == pytest.approx(sum(errors) / len(errors), rel=1e-5)


def test_the_four_regressors_share_nothing(regressors):
    owners = [
        {tensor.data_ptr() for tensor in regressors.network(side).parameters()}
        for side in SIDES
    ]
    assert all(len(owner) == 6 for owner in owners)
    assert len(set.union(*owners)) == 4 * 6
    assert len(list(regressors.parameters())) == 4 * 6


@pytest.mark.parametrize("changed", range(4))
@torch.no_grad()
def test_changing_one_regressor_leaves_the_other_three_alone(
    regressors, level, changed
):
    before = regressors(level.cells[None])
    other = copy.deepcopy(regressors)
    for parameter in other.network(SIDES[changed]).parameters():
        parameter.add_(torch.randn_like(parameter))
    after = other(level.cells[None])
    for one, two in zip(before, after, strict=True):
        same = [torch.equal(one[:, side], two[:, side]) for side in range(4)]
        assert same == [side != changed for side in range(4)]


@pytest.mark.parametrize("side", range(4))
def test_the_loss_of_one_side_reaches_only_its_network(regressors, level, side):
    coordinates, _ = regressors(level.cells[None])
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
        regressors.network(side).output.weight[1].mul_(1e4)
    _, spreads = regressors(level.cells[None])
    low, high = (math.exp(value) for value in LOG_SPREAD_RANGE)
    assert float(spreads.min()) == pytest.approx(low, rel=1e-5)
    assert float(spreads.max()) == pytest.approx(high, rel=1e-5)


@pytest.mark.parametrize("kind", ["classifier", "regressors"])
def test_no_windows_give_no_loss_and_finite_gradients(kind, level):
    head = random_head(kind)
    flat, positions = chosen_windows(level)
    if kind == "classifier":
        loss = head.loss(flat, positions[:0], torch.empty(0, dtype=torch.int64))
    else:
        loss, error = head.loss(flat, positions[:0], torch.empty(0, 4))
        assert error.item() == 0.0
    assert loss.item() == 0.0
    loss.backward()
    for parameter in head.parameters():
        assert not parameter.grad.any()


def test_what_standardising_does(level):
    mean = level.cells.mean(dim=(1, 2))
    spread = level.cells.std(dim=(1, 2))
    plain = CropClassifier(CHANNELS, WINDOW, ("coat",), SIZES)
    told = copy.deepcopy(plain)
    standardise_inputs(told, mean, spread)
    scaled = (level.cells - mean[:, None, None]) / spread[:, None, None]
    torch.testing.assert_close(told(level.cells[None]), plain(scaled[None]))


def test_a_channel_that_never_fires_divides_by_nothing(classifier, level):
    standardise_inputs(classifier, torch.zeros(CHANNELS), torch.zeros(CHANNELS))
    silent = torch.zeros_like(level.cells)[None]
    assert classifier(silent).isfinite().all()
    assert classifier.spread.min() > 0


def test_inputs_statistics_are_saved_with_the_weights(classifier, level):
    other = CropClassifier(CHANNELS, WINDOW, ("coat", "dress"), SIZES)
    other.load_state_dict(classifier.state_dict())
    torch.testing.assert_close(other(level.cells[None]), classifier(level.cells[None]))
