import copy
import math

import numpy as np
import pytest
import torch

from tiefvision.ranking.deeprank import (
    ColourRank,
    DeeperRank,
    DeepRank,
    angle_hinge,
)
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.ranking.similarity import normalise_cells, similarity
from tiefvision.ranking.whitening import Whitening, fit_whitening
from tiefvision.triplets.angles import triplet_angles


def random_maps(count, seed=0, channels=6):
    generator = torch.Generator().manual_seed(seed)
    return normalise_cells(torch.randn(count, channels, 3, 3, generator=generator))


def unit_vectors(count, seed):
    vectors = torch.randn(count, 5, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(vectors, dim=1)


def triplet_losses(anchors, positives, negatives, margin):
    """Hinge losses of triplets given as rows of shared embeddings, as in training."""
    embeddings = torch.cat([anchors, positives, negatives])
    rows = torch.arange(len(embeddings)).view(3, -1).T
    return angle_hinge(triplet_angles(embeddings, rows), margin)


@torch.no_grad()
def test_untrained_deeprank_ranks_as_the_mean_cosine_of_cells():
    queries, gallery = random_maps(7, seed=1), random_maps(30, seed=2)
    gallery[3, :, 1, 1] = 0  # a cell without activations
    network = DeepRank(6)
    table = network(GarmentBatch(queries)) @ network(GarmentBatch(gallery)).T
    expected = torch.stack(
        [similarity(query.expand_as(gallery), gallery) for query in queries]
    )
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
    embeddings = network(GarmentBatch(random_maps(4)))
    assert embeddings.shape == (4, 6 * 9)
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(4))
    assert network(GarmentBatch(random_maps(0))).shape == (0, 54)


@torch.no_grad()
def test_deeprank_mixes_channels_within_a_cell():
    network = DeepRank(6)
    network.mix.weight.zero_()
    for channel in range(6):
        network.mix.weight[channel, 5 - channel] = 2.0
    maps = random_maps(2)
    expected = maps.flip(1).flatten(1) / 3
    torch.testing.assert_close(network(GarmentBatch(maps)), expected)


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
    anchor, negative = network(GarmentBatch(random_maps(2))).split(1)
    triplet_losses(anchor, anchor, negative, 180.0).sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())
    assert network.mix.weight.grad.any()


def test_gradients_are_finite_for_cells_of_zeros():
    network = DeepRank(6)
    maps = random_maps(3)
    maps[0] = 0
    anchor, positive, negative = network(GarmentBatch(maps)).split(1)
    triplet_losses(anchor, positive, negative, 180.0).sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())


CHANNELS, COLOURS, SIZE = 6, 10, 8


def random_garments(count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    maps = torch.randn(count, CHANNELS, 11, 11, generator=generator)
    colours = torch.rand(count, COLOURS, generator=generator)
    return GarmentBatch(
        normalise_cells(maps), torch.nn.functional.normalize(colours, dim=1)
    )


def mirrored(garments):
    return GarmentBatch(garments.maps.flip(3), garments.colours)


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
    upside_down = GarmentBatch(garments.maps.flip(2), garments.colours)
    assert not network(garments).allclose(network(upside_down), atol=1e-2)


@torch.no_grad()
def test_untrained_colour_rank_weighs_cells_and_colours_one_to_two():
    network, whitenings = whitened_rank(random_garments(40, seed=1))
    garments = random_garments(7, seed=2)
    table = (network(garments) @ network(garments).T).numpy()
    cells = np.stack([region_features(map_) for map_ in garments.maps.numpy()])
    expected = np.zeros((7, 7))
    for weight, features, whitening in (
        (1 / 3, cells, whitenings[0]),
        (2 / 3, garments.colours.numpy(), whitenings[1]),
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
