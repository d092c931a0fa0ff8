from copy import deepcopy

import numpy as np
import pytest
import torch

from tiefvision.ranking.garments import GarmentBatch
from tiefvision.ranking.similarity import normalise_cells
from tiefvision.records import View
from tiefvision.triplets import starting
from tiefvision.triplets.starting import blend, start_deeprank

CPU = torch.device("cpu")
COLOUR = {"network": "colour", "channels": 3, "colours": 5, "size": 4}
VIEWS = [View(str(n), alteration=k) for n in range(30) for k in range(5)]


class Reader:
    """Garments of noise; it remembers which were read."""

    def __init__(self):
        self.read = []

    def __call__(self, views):
        self.read += views
        rows = [VIEWS.index(view) for view in views]
        generator = np.random.default_rng(0)
        maps = generator.random((len(VIEWS), 3, 8, 4), np.float32)
        colours = generator.random((len(VIEWS), 5), np.float32)
        return GarmentBatch(normalise_cells(maps)[rows], colours[rows])


def start(most, monkeypatch, details=COLOUR):
    monkeypatch.setattr(starting, "MOST_VIEWS", most)
    reader = Reader()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = start_deeprank(details, VIEWS, reader, CPU)
    return network.state_dict(), reader.read


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


def test_it_is_whitened_by_no_more_views_than_fit_into_memory(monkeypatch):
    weights, read = start(40, monkeypatch)
    assert len(read) == 2 * 40  # once for the map and once for the colours
    assert len(set(read)) == 40
    # Every kind of view is among them, and so are photographs from end to end.
    assert {view.alteration for view in read} == set(range(5))
    assert len({view.path for view in read}) > 15
    again, read_again = start(40, monkeypatch)
    assert read == read_again and same(weights, again)


@pytest.mark.parametrize("most", [len(VIEWS), 4000])
def test_few_views_are_all_read_in_their_order(most, monkeypatch):
    weights, read = start(most, monkeypatch)
    assert read == VIEWS + VIEWS
    assert same(weights, start(10**6, monkeypatch)[0])
    assert not same(weights, start(40, monkeypatch)[0])


@pytest.mark.parametrize("network", ["cells", "deep"])
def test_the_others_read_none(network, monkeypatch):
    details = {"network": network, "channels": 3}
    assert start(4000, monkeypatch, details)[1] == []


def test_attention_starts_from_the_cells_of_garments():
    cells = {
        "weight": np.array([[1.0, -2.0, 3.0]], np.float32),
        "bias": np.array([0.5], np.float32),
    }
    network = start_deeprank(COLOUR, VIEWS, Reader(), CPU, cells)
    attention = network.attention
    assert attention.weight[0, :, 0, 0].tolist() == [1.0, -2.0, 3.0]
    assert attention.bias.tolist() == [0.5]
    plain = start_deeprank(COLOUR, VIEWS, Reader(), CPU, {})
    assert not plain.attention.weight.any()
    # The whitening is learnt from regions that are weighted already.
    assert not torch.allclose(network.cells.weight, plain.cells.weight, atol=1e-4)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_blended_weights_lie_between_start_and_training(share):
    network = start_deeprank(COLOUR, VIEWS, Reader(), CPU)
    start = deepcopy(network.state_dict())
    with torch.no_grad():
        for weights in network.parameters():
            weights.add_(torch.randn(weights.shape, generator=torch.manual_seed(1)))
    trained = deepcopy(network.state_dict())
    blend(network, start, share)
    for name, weights in network.state_dict().items():
        wanted = start[name] + share * (trained[name] - start[name])
        torch.testing.assert_close(weights, wanted, atol=1e-6, rtol=1e-5)
        assert not torch.equal(start[name], trained[name])  # which are copies
