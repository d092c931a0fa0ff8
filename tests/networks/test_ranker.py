"""A trained network embeds crops as its module does, at unit length."""

import numpy as np
import pytest
import torch

from tiefvision.engines.modules import arrays_of
from tiefvision.networks import ranker, remembering
from tiefvision.networks.building import build_network
from tiefvision.networks.preparing import to_images
from tiefvision.networks.ranker import NetworkRanker, build_ranker, embed_with
from tiefvision.networks.remembering import RememberingRanker
from tiefvision.ranking.garments import GarmentBatch, OnDevice

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), np.uint8)


@pytest.mark.parametrize("name", ["cardigan", "visnet_caffe_alexnet", "vanila_vgg16"])
def test_the_direction_of_the_output_is_the_embedding(name, monkeypatch):
    network = build_network(name, 0.05).eval()
    state = arrays_of(network)
    weights = {n: a for n, a in state.items() if not n.endswith("tracked")}
    embed = build_ranker({"network": name, "width": 0.05}, weights)
    monkeypatch.setattr(ranker, "BLOCK", 2)  # five crops are three blocks
    rows = embed(GarmentBatch(pixels=PIXELS))
    images = to_images(torch.from_numpy(PIXELS), network.side, torch.device("cpu"))
    with torch.inference_mode():
        expected = torch.nn.functional.normalize(network(images))
    np.testing.assert_allclose(rows, expected, atol=2e-5)
    assert rows.dtype == np.float32
    assert embed_with(network)(GarmentBatch(pixels=PIXELS[:1])).shape == rows[:1].shape


def test_weights_are_not_copied_but_for_their_layout():
    network = build_network("512_512", 0.05)
    weights = arrays_of(network)
    embed = build_ranker({"network": "512_512", "width": 0.05}, weights)
    weights["head.0.weight"][:] = 7
    assert (embed.network.head[0].weight == 7).all()
    assert not embed.network.training


def test_a_network_runs_on_a_device():
    embed = embed_with(build_network("mobilenet", 0.05).eval())
    assert isinstance(embed, OnDevice)
    assert embed.on_device("cpu").device == torch.device("cpu")


def test_no_crops_have_no_embeddings():
    embed = embed_with(build_network("mobilenet", 0.05).eval())
    assert embed(GarmentBatch(pixels=PIXELS[:0])).shape == (0, 51)


def test_a_crop_is_embedded_once(monkeypatch):
    embedded = []
    embed = NetworkRanker.embed

    def counting(self, crops):
        embedded.append(len(crops))
        return embed(self, crops)

    plain = embed_with(build_network("mobilenet", 0.05).eval())
    expected = plain(GarmentBatch(pixels=PIXELS))
    monkeypatch.setattr(NetworkRanker, "embed", counting)
    kept = RememberingRanker(plain)
    assert isinstance(kept, OnDevice)
    for rows, new in (([0, 1, 0], 2), ([1, 0], 0), ([4, 1, 2, 4], 2)):
        found = kept(GarmentBatch(pixels=PIXELS[rows]))
        np.testing.assert_allclose(found, expected[rows], atol=1e-5)
        assert sum(embedded) == new
        embedded.clear()
    assert len(kept.on_device("cpu").kept) == 4
    # Two rows find room: the oldest are forgotten, even within one batch.
    monkeypatch.setattr(remembering, "MOST_BYTES", 2 * 4 * expected.shape[1])
    kept(GarmentBatch(pixels=PIXELS[[3]]))
    assert len(kept.kept) == 2
    kept(GarmentBatch(pixels=PIXELS[[0, 3]]))
    assert embedded == [1, 1]
