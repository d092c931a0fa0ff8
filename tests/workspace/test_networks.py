import numpy as np
import pytest
import torch
from torch import nn

from tiefvision.errors import BadWeights
from tiefvision.store.artifact import Artifact, ArtifactWriter
from tiefvision.store.header import Header
from tiefvision.workspace.networks import (
    network_tensors,
    read_module,
    read_weights,
    weight_tensors,
)


def kept(tmp_path, tensors):
    """What an artifact gives back of these tensors."""
    with ArtifactWriter(tmp_path / "it.lmdb", Header("", 1, {}, {}), 0.1) as writer:
        writer.write(tensors)
        writer.finish()
    with Artifact(tmp_path / "it.lmdb") as artifact:
        return read_weights(artifact)


def test_weights_come_back_by_name(tmp_path):
    weights = {"mean": np.arange(3, dtype=np.float32), "scale": np.ones((2, 1))}
    arrays = kept(tmp_path, weight_tensors(weights))
    assert set(arrays) == set(weights)
    for name, array in weights.items():
        np.testing.assert_array_equal(arrays[name], array, strict=True)


def test_weights_of_a_trained_network_are_read_alike(tmp_path):
    network = nn.Conv2d(3, 2, 1)
    arrays = kept(tmp_path, network_tensors(network))
    assert set(arrays) == {"weight", "bias"}
    for name, tensor in network.state_dict().items():
        assert torch.equal(torch.from_numpy(arrays[name]), tensor)


def test_without_weights_nothing_is_stored(tmp_path):
    assert weight_tensors({}) == {}
    assert kept(tmp_path, {}) == {}


def test_a_network_is_restored_from_its_artifact(tmp_path):
    network, other = nn.Conv2d(3, 2, 1), nn.Conv2d(3, 2, 1)
    path = tmp_path / "it.lmdb"
    with ArtifactWriter(path, Header("", 1, {}, {}), 0.1) as writer:
        writer.write(network_tensors(network))
        writer.finish()
    cpu = torch.device("cpu")
    with Artifact(path) as artifact:
        assert read_module(other, artifact, cpu) is other
        with pytest.raises(BadWeights, match=r"it\.lmdb: weight is \(2, 3, 1, 1\)"):
            read_module(nn.Conv2d(3, 2, 3), artifact, cpu)
    assert not other.training
    assert torch.equal(other.weight, network.weight)
