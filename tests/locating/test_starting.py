import pytest
import torch

from tiefvision.locating.heads import (
    SIDES,
    BoxRegressors,
    CropClassifier,
    HeadSizes,
    set_input_statistics,
)
from tiefvision.locating.starting import start_classifier, start_regressors
from tiefvision.training.loop import seeded

CHANNELS, WINDOW = 6, 3
SIZES = HeadSizes(reduced=4, hidden=5)
KNOWN = ("coat", "dress", "hat")
WANTED = ("hat", "skirt", "coat")
"""Two known categories in other columns, and a new one."""


def stirred(head):
    """Give a head input statistics other than the initial ones."""
    set_input_statistics(head, torch.randn(CHANNELS), torch.rand(CHANNELS) + 0.5)
    return head


@pytest.fixture
def classifier():
    torch.manual_seed(0)
    return stirred(CropClassifier(CHANNELS, WINDOW, KNOWN, SIZES))


@pytest.fixture
def regressors():
    torch.manual_seed(0)
    return stirred(BoxRegressors(CHANNELS, WINDOW, len(KNOWN), SIZES))


@pytest.fixture
def cells():
    return torch.randn(1, CHANNELS, 5, 6, generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def test_a_classifier_keeps_its_outputs_for_known_categories(classifier, cells):
    started = start_classifier(classifier, WANTED)
    assert started.categories == WANTED
    before, after = classifier(cells)[0], started(cells)[0]
    assert torch.equal(after[0], before[KNOWN.index("hat")])
    assert torch.equal(after[2], before[KNOWN.index("coat")])
    assert not any(torch.allclose(after[1], known) for known in before)


@torch.no_grad()
def test_regressors_keep_their_outputs_for_known_categories(regressors, cells):
    started = start_regressors(regressors, KNOWN, WANTED)
    assert started.categories == len(WANTED)
    for before, after in zip(regressors(cells), started(cells), strict=True):
        assert after.shape == before.shape == (1, 4, 3, 3, 4)
        assert torch.equal(after[:, :, 0], before[:, :, KNOWN.index("hat")])
        assert torch.equal(after[:, :, 2], before[:, :, KNOWN.index("coat")])
        for place in range(len(KNOWN)):
            assert not torch.allclose(after[:, :, 1], before[:, :, place])


def test_only_output_weights_of_new_categories_are_new(classifier, regressors):
    pairs = [(classifier.network, start_classifier(classifier, ["belt"]).network)]
    started = start_regressors(regressors, KNOWN, ["belt"])
    pairs += [(regressors.network(side), started.network(side)) for side in SIDES]
    for known, network in pairs:
        assert network.sizes == SIZES
        for name, tensor in known.state_dict().items():
            if not name.startswith("output"):
                assert torch.equal(network.state_dict()[name], tensor)
        rows = network.output.weight.flatten(1)
        assert len(rows) in (1, 2)
        assert not torch.isin(rows, known.output.weight).any()


def test_output_weights_of_new_categories_are_random(classifier):
    rows = []
    for seed in (0, 0, 1):
        with seeded(seed):
            started = start_classifier(classifier, WANTED)
        rows.append(started.network.output.weight[1].flatten())
    assert torch.equal(rows[0], rows[1])
    assert not torch.equal(rows[0], rows[2])


def test_training_the_new_heads_does_not_change_the_known_ones(classifier, regressors):
    started = (
        start_classifier(classifier, WANTED),
        start_regressors(regressors, KNOWN, WANTED),
    )
    known = classifier, regressors
    before = [tensor.clone() for head in known for tensor in head.state_dict().values()]
    with torch.no_grad():
        for head in started:
            assert all(parameter.requires_grad for parameter in head.parameters())
            for tensor in (*head.parameters(), *head.buffers()):
                tensor.add_(1.0)
    after = [tensor for head in known for tensor in head.state_dict().values()]
    assert all(map(torch.equal, before, after))


def test_the_new_heads_can_be_trained(classifier, regressors, cells):
    """Even if the known heads are frozen, as those of a bundle are."""
    for head in (classifier, regressors):
        head.requires_grad_(False)
    start_classifier(classifier, WANTED)(cells).sum().backward()
    started = start_regressors(regressors, KNOWN, WANTED)
    started(cells)[0].sum().backward()
    for side in SIDES:
        assert started.network(side).reduce.weight.grad.any()
