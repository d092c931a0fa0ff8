import copy
import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from tiefvision.ranking.deeprank import build_deeprank, deeprank_shapes
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.ranking.similarity import similarity
from tiefvision.ranking.whitening import Whitening, fit_whitening
from tiefvision.triplets.angles import triplet_angles
from tiefvision.triplets.garment_tensors import GarmentTensors, to_tensors
from tiefvision.triplets.losses import hinge
from tiefvision.triplets.networks import (
    ColourRank,
    DeeperRank,
    DeepRank,
    build_network,
    embed_with,
)

CPU = torch.device("cpu")


def random_maps(count, seed=0, channels=6):
    generator = torch.Generator().manual_seed(seed)
    maps = torch.randn(count, channels, 3, 3, generator=generator)
    return functional.normalize(maps, dim=1)


def tensors(maps):
    """Garments without colours."""
    return GarmentTensors(maps, torch.empty(0))


def unit_vectors(count, seed):
    vectors = torch.randn(count, 5, generator=torch.Generator().manual_seed(seed))
    return functional.normalize(vectors, dim=1)


def triplet_losses(anchors, positives, negatives, margin):
    """Hinge losses of triplets given as rows of shared embeddings, as in training."""
    embeddings = torch.cat([anchors, positives, negatives])
    rows = torch.arange(len(embeddings)).view(3, -1).T
    return hinge(triplet_angles(embeddings, rows), margin)


@torch.no_grad()
def test_untrained_deeprank_ranks_as_the_mean_cosine_of_cells():
    queries, gallery = random_maps(7, seed=1), random_maps(30, seed=2)
    gallery[3, :, 1, 1] = 0  # a cell without activations
    network = DeepRank(6)
    table = network(tensors(queries)) @ network(tensors(gallery)).T
    rows = [similarity(query[None].numpy(), gallery.numpy()) for query in queries]
    expected = torch.from_numpy(np.stack(rows))
    torch.testing.assert_close(table, expected, atol=1e-6, rtol=0)
    assert torch.equal(
        table.argsort(descending=True), expected.argsort(descending=True)
    )


@torch.no_grad()
def test_deeprank_embeddings_have_unit_length_for_any_weights():
    torch.manual_seed(0)
    network = DeepRank(6)
    for parameter in network.parameters():
        parameter.add_(torch.randn_like(parameter))
    embeddings = network(tensors(random_maps(4)))
    assert embeddings.shape == (4, 6 * 9)
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(4))
    assert network(tensors(random_maps(0))).shape == (0, 54)


@torch.no_grad()
def test_deeprank_mixes_channels_within_a_cell():
    network = DeepRank(6)
    network.mix.weight.zero_()
    for channel in range(6):
        network.mix.weight[channel, 5 - channel] = 2.0
    maps = random_maps(2)
    expected = maps.flip(1).flatten(1) / 3
    torch.testing.assert_close(network(tensors(maps)), expected)


def test_angle_hinge_worked_by_hand():
    right, up, left = (
        torch.tensor([vector]) for vector in ([1.0, 0.0], [0.0, 1.0], [-1.0, 0.0])
    )
    # Expected: margin + angle to the positive - angle to the negative, at least 0.
    assert triplet_losses(right, up, left, 100.0).tolist() == pytest.approx(
        [10], abs=1e-3
    )
    assert triplet_losses(right, left, up, 5.0).tolist() == pytest.approx(
        [95], abs=1e-3
    )
    assert triplet_losses(right, right, left, 90.0).tolist() == [0.0]
    assert triplet_losses(right, up, up, 7.0).tolist() == pytest.approx([7.0])


def test_angle_hinge_against_a_loop():
    anchors, positives, negatives = (unit_vectors(40, seed) for seed in (1, 2, 3))
    rows = zip(anchors.tolist(), positives.tolist(), negatives.tolist(), strict=True)
    expected = []
    for anchor, positive, negative in rows:
        closer, farther = (
            math.degrees(math.acos(sum(a * b for a, b in zip(anchor, v, strict=True))))
            for v in (positive, negative)
        )
        expected.append(max(0.0, 20.0 + closer - farther))
    assert 0 < expected.count(0.0) < 40
    losses = triplet_losses(anchors, positives, negatives, 20.0)
    assert losses.tolist() == pytest.approx(expected, abs=1e-3)


def test_easy_triplets_do_not_offset_hard_ones():
    right, left = torch.tensor([[1.0, 0.0]]), torch.tensor([[-1.0, 0.0]])
    anchors = torch.cat([right, right])
    positives, negatives = torch.cat([right, left]), torch.cat([left, right])
    losses = triplet_losses(anchors, positives, negatives, 10.0)
    assert losses.mean().item() == pytest.approx((0 + 190) / 2, abs=1e-3)


def test_angle_hinge_of_no_triplets():
    nothing = torch.empty(0, 5)
    assert triplet_losses(nothing, nothing, nothing, 10.0).shape == (0,)


def test_gradients_are_finite_for_equal_views():
    network = DeepRank(6)
    anchor, negative = network(tensors(random_maps(2))).split(1)
    triplet_losses(anchor, anchor, negative, 180.0).sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())
    assert network.mix.weight.grad.any()


def test_gradients_are_finite_for_cells_of_zeros():
    network = DeepRank(6)
    maps = random_maps(3)
    maps[0] = 0
    anchor, positive, negative = network(tensors(maps)).split(1)
    triplet_losses(anchor, positive, negative, 180.0).sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())


CHANNELS, COLOURS, SIZE = 6, 10, 8


def random_garments(count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    maps = torch.randn(count, CHANNELS, 11, 11, generator=generator)
    colours = torch.rand(count, COLOURS, generator=generator)
    return GarmentTensors(
        functional.normalize(maps, dim=1), functional.normalize(colours, dim=1)
    )


def mirrored(garments):
    return GarmentTensors(garments.maps.flip(3), garments.colours)


def random_rank(seed=0):
    """A ``ColourRank`` with random weights, those of attention included."""
    torch.manual_seed(seed)
    network = ColourRank(CHANNELS, COLOURS, SIZE)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter))
    return network


def region_features(map_):
    """What ``ColourRank.regions`` returns with equal attention, by loops in NumPy."""
    channels, height, width = map_.shape
    pooled = np.empty((channels, 4, 2))
    for row in range(4):
        for column in range(2):
            top, bottom = row * height // 4, -(-(row + 1) * height // 4)
            left, right = column * width // 2, -(-(column + 1) * width // 2)
            cells = map_[:, top:bottom, left:right]
            pooled[:, row, column] = cells.reshape(channels, -1).mean(axis=1)
    both = (pooled + pooled[:, :, ::-1]).reshape(-1)
    return both / np.linalg.norm(both)


def whitened_rank(train, strengths=(0.5, 0.3)):
    cells = np.stack([region_features(map_) for map_ in train.maps.numpy()])
    whitenings = (
        fit_whitening(cells.astype(np.float32), SIZE // 2, strengths[0]),
        fit_whitening(train.colours.numpy(), SIZE // 2, strengths[1]),
    )
    network = ColourRank(CHANNELS, COLOURS, SIZE)
    network.start_from(*whitenings)
    return network, whitenings


@torch.no_grad()
def test_colour_rank_embeddings_have_unit_length_for_any_weights():
    network = random_rank()
    embeddings = network(random_garments(5))
    assert embeddings.shape == (5, SIZE)
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(5))
    share = network.balance.softmax(dim=0)
    half = embeddings[:, : SIZE // 2].square().sum(dim=1)
    torch.testing.assert_close(half, share[0].expand(5))
    assert network(random_garments(0)).shape == (0, SIZE)


@torch.no_grad()
def test_a_garment_and_its_mirror_image_are_embedded_alike():
    garments = random_garments(4)
    network = random_rank()
    torch.testing.assert_close(network(garments), network(mirrored(garments)))
    upside_down = GarmentTensors(garments.maps.flip(2), garments.colours)
    assert not network(garments).allclose(network(upside_down), atol=1e-2)


@torch.no_grad()
def test_untrained_colour_rank_weighs_cells_and_colours_alike():
    network, whitenings = whitened_rank(random_garments(40, seed=1))
    garments = random_garments(7, seed=2)
    table = (network(garments) @ network(garments).T).numpy()
    cells = np.stack([region_features(map_) for map_ in garments.maps.numpy()])
    expected = np.zeros((7, 7))
    for weight, features, whitening in (
        (1 / 2, cells, whitenings[0]),
        (1 / 2, garments.colours.numpy(), whitenings[1]),
    ):
        rows = [whitening.projection @ (row - whitening.mean) for row in features]
        rows = np.stack([row / np.linalg.norm(row) for row in rows])
        expected += weight * rows @ rows.T
    np.testing.assert_allclose(table, expected, atol=1e-5)
    assert expected.min() < 0.5  # some garments differ


@torch.no_grad()
def test_cells_without_attention_do_not_change_the_embedding():
    network = random_rank()
    network.attention.weight.zero_()
    network.attention.bias.zero_()
    garments = random_garments(2)
    garments.maps[:, 0] = 0
    loud, other = garments.maps.clone(), garments.maps.clone()
    for maps, seed in ((loud, 1), (other, 2)):
        noise = random_garments(2, seed).maps[:, :, 3:6, 3:6]
        noise[:, 0] = 3  # the first channel marks noise
        maps[:, :, 3:6, 3:6] = noise

    def apart():
        pair = (network.regions(maps) for maps in (loud, other))
        return torch.dist(*pair).item()

    assert apart() > 0.1
    network.attention.weight[0, 0] = -20
    assert apart() < 1e-5


@torch.no_grad()
def test_outputs_without_a_component_start_at_zero():
    network, whitenings = whitened_rank(random_garments(3))
    for layer, whitening in zip(
        (network.cells, network.colours), whitenings, strict=True
    ):
        assert len(whitening.projection) == 2
        assert layer.weight[:2].any()
        assert not layer.weight[2:].any()
        assert not layer.bias[2:].any()
    embeddings = network(random_garments(5, seed=1))
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(5))


@torch.no_grad()
def test_start_from_overwrites_earlier_weights():
    first = random_rank()
    whitening = Whitening(
        np.ones(COLOURS, np.float32), np.ones((1, COLOURS), np.float32)
    )
    cells = Whitening(np.zeros(48, np.float32), np.ones((1, 48), np.float32))
    first.start_from(cells, whitening)
    assert first.colours.bias.tolist() == [-COLOURS, 0, 0, 0]
    assert first.cells.bias.tolist() == [0, 0, 0, 0]


def gradients(network, garments):
    anchor, positive, negative = network(garments).split(1)
    triplet_losses(anchor, positive, negative, 180.0).sum().backward()
    return [parameter.grad for parameter in network.parameters()]


@pytest.mark.parametrize("kind", ["same", "no cell", "nothing", "turned down"])
@pytest.mark.parametrize("build", [random_rank, lambda: DeeperRank(CHANNELS)])
def test_gradients_of_colour_and_deeper_rank_are_finite(build, kind):
    garments, network = random_garments(3), build()
    if kind == "same":
        garments.maps[1], garments.colours[1] = garments.maps[0], garments.colours[0]
    elif kind == "no cell":
        garments.maps[0, :, :5] = 0
    elif kind == "nothing":
        garments.maps[0], garments.colours[0] = 0, 0
    elif isinstance(network, ColourRank):
        with torch.no_grad():  # attention becomes exactly 0
            network.attention.bias.fill_(-1000.0)
    found = gradients(network, garments)
    assert all(gradient.isfinite().all() for gradient in found)
    assert any(gradient.any() for gradient in found)


@torch.no_grad()
def test_untrained_deeper_rank_embeds_as_untrained_deeprank():
    garments = random_garments(5)
    torch.testing.assert_close(
        DeeperRank(CHANNELS)(garments), DeepRank(CHANNELS)(garments)
    )


@pytest.mark.parametrize("build", [random_rank, lambda: DeeperRank(CHANNELS)])
def test_training_changes_every_weight(build):
    network, garments = build(), random_garments(6)
    before = copy.deepcopy(network.state_dict())
    optimiser = torch.optim.AdamW(network.parameters(), 0.01)
    losses = []
    for _ in range(100):
        anchor, positive, negative = network(garments).split(2)
        loss = triplet_losses(anchor, positive, negative, 40.0).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
    after = network.state_dict()
    assert all(not torch.equal(after[name], before[name]) for name in before)


DETAILS = {
    "cells": {"network": "cells", "channels": CHANNELS},
    "deep": {"network": "deep", "channels": CHANNELS},
    "colour": {
        "network": "colour",
        "channels": CHANNELS,
        "colours": COLOURS,
        "size": SIZE + 1,
    },
}
every_network = pytest.mark.parametrize("details", DETAILS.values(), ids=DETAILS)


def random_network(details, seed=0):
    torch.manual_seed(seed)
    network = build_network(details)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter))
    return network


def arrays_of(network):
    return {name: tensor.numpy() for name, tensor in network.state_dict().items()}


def arrays(count, height, width, seed=3):
    """Garments as a ranker gets them; one cell has no activations."""
    generator = torch.Generator().manual_seed(seed)
    maps = torch.randn(count, CHANNELS, height, width, generator=generator)
    maps[:, :, 1, 1] = 0
    colours = torch.rand(count, COLOURS, generator=generator)
    return GarmentBatch(
        functional.normalize(maps, dim=1).numpy(),
        functional.normalize(colours, dim=1).numpy(),
    )


@every_network
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("count", "height", "width"), [(1, 11, 11), (19, 11, 11), (9, 4, 7), (0, 5, 5)]
)
def test_a_ranker_embeds_as_the_network_with_its_weights(
    details, seed, count, height, width
):
    network = random_network(details, seed)
    garments = arrays(count, height, width)
    expected = embed_with(network)(garments)
    ranker = build_deeprank(details, arrays_of(network))
    embeddings = ranker(garments)
    assert embeddings.shape == expected.shape
    assert embeddings.dtype == expected.dtype == np.float32
    np.testing.assert_allclose(embeddings, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("bias", [-1000.0, -30.0, -15.0, 15.0, 1000.0])
def test_a_ranker_embeds_as_the_network_whatever_the_attention(bias):
    """Attention near 0 and near 1, where a sigmoid overflows or is rounded away."""
    network = random_network(DETAILS["colour"])
    with torch.no_grad():
        network.attention.bias.fill_(bias)
    garments = arrays(5, 11, 11)
    ranker = build_deeprank(DETAILS["colour"], arrays_of(network))
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        embeddings = ranker(garments)
    np.testing.assert_allclose(embeddings, embed_with(network)(garments), atol=1e-5)


@every_network
def test_weights_have_the_names_and_shapes_that_the_ranker_reads(details):
    shapes = {name: a.shape for name, a in arrays_of(build_network(details)).items()}
    assert shapes == deeprank_shapes(details)


@every_network
def test_a_network_gets_what_it_needs_and_nothing_else(details):
    network = build_network(details)
    garments = arrays(2, 3, 3)
    made = to_tensors(garments, network.needs, CPU)
    assert torch.equal(made.maps, torch.from_numpy(garments.maps))
    read = torch.from_numpy(garments.colours) if "colours" in network.needs else None
    assert made.colours.equal(torch.empty(0) if read is None else read)
    assert ("colours" in network.needs) == (details["network"] == "colour")


def test_an_embedding_needs_no_gradient_and_follows_the_training():
    network = random_network(DETAILS["colour"])
    embed, garments = embed_with(network), arrays(3, 4, 4)
    before = embed(garments)
    with torch.no_grad():
        network.balance[0] += 1
    assert np.abs(embed(garments) - before).max() > 0.01
