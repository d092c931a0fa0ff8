import math

import pytest
import torch

from tiefvision.ranking.deeprank import DeepRank, angle_hinge
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.ranking.similarity import normalise_cells, similarity


def random_maps(count, seed=0, channels=6):
    generator = torch.Generator().manual_seed(seed)
    return normalise_cells(torch.randn(count, channels, 3, 3, generator=generator))


def unit_vectors(count, seed):
    vectors = torch.randn(count, 5, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(vectors, dim=1)


@torch.no_grad()
def test_before_training_it_gives_the_similarity_of_encodings():
    queries, gallery = random_maps(7, seed=1), random_maps(30, seed=2)
    gallery[3, :, 1, 1] = 0  # a cell where nothing fires
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
def test_embeddings_are_of_unit_length_whatever_the_weights():
    torch.manual_seed(0)
    network = DeepRank(6)
    for parameter in network.parameters():
        parameter.add_(torch.randn_like(parameter))
    embeddings = network(GarmentBatch(random_maps(4)))
    assert embeddings.shape == (4, 6 * 9)
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(4))
    assert network(GarmentBatch(random_maps(0))).shape == (0, 54)


@torch.no_grad()
def test_it_mixes_channels_within_a_cell():
    network = DeepRank(6)
    network.mix.weight.zero_()
    for channel in range(6):
        network.mix.weight[channel, 5 - channel] = 2.0
    maps = random_maps(2)
    expected = maps.flip(1).flatten(1) / 3
    torch.testing.assert_close(network(GarmentBatch(maps)), expected)


def test_the_hinge_by_hand():
    right, up, left = (
        torch.tensor([vector]) for vector in ([1.0, 0.0], [0.0, 1.0], [-1.0, 0.0])
    )
    # margin + angle to the positive - angle to the negative
    assert angle_hinge(right, up, left, 100.0).tolist() == pytest.approx([10], abs=1e-3)
    assert angle_hinge(right, left, up, 5.0).tolist() == pytest.approx([95], abs=1e-3)
    assert angle_hinge(right, right, left, 90.0).tolist() == [0.0]
    assert angle_hinge(right, up, up, 7.0).tolist() == pytest.approx([7.0])


def test_the_hinge_against_a_loop():
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
    losses = angle_hinge(anchors, positives, negatives, 20.0)
    assert losses.tolist() == pytest.approx(expected, abs=1e-3)


def test_an_easy_triplet_does_not_pay_for_a_hard_one():
    right, left = torch.tensor([[1.0, 0.0]]), torch.tensor([[-1.0, 0.0]])
    anchors = torch.cat([right, right])
    positives, negatives = torch.cat([right, left]), torch.cat([left, right])
    losses = angle_hinge(anchors, positives, negatives, 10.0)
    assert losses.mean().item() == pytest.approx((0 + 190) / 2, abs=1e-3)


def test_no_triplets():
    nothing = torch.empty(0, 5)
    assert angle_hinge(nothing, nothing, nothing, 10.0).shape == (0,)


def test_gradients_stay_finite_where_views_are_the_same():
    network = DeepRank(6)
    anchor, negative = network(GarmentBatch(random_maps(2))).split(1)
    angle_hinge(anchor, anchor, negative, 180.0).sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())
    assert network.mix.weight.grad.any()


def test_gradients_stay_finite_where_a_cell_is_zero():
    network = DeepRank(6)
    maps = random_maps(3)
    maps[0] = 0
    anchor, positive, negative = network(GarmentBatch(maps)).split(1)
    angle_hinge(anchor, positive, negative, 180.0).sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())
