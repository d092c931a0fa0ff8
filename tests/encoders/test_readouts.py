import numpy as np
import pytest
import torch

from tiefvision import weights as package_weights
from tiefvision.encoders.architectures import architecture_named
from tiefvision.encoders.dense import make_encoder
from tiefvision.encoders.weights import (
    Readout,
    load_readouts,
    load_weights,
    write_encoder,
)
from tiefvision.errors import BadWeights
from tiefvision.weights import LOCATOR, SHIPPED, encoder_file

ALEXNET = architecture_named("alexnet")


def write(path, readouts):
    weights, _ = load_weights(ALEXNET, "random")
    write_encoder(path, ALEXNET, weights, {"name": "mine"}, readouts)


def linear(inputs=ALEXNET.channels):
    """A layer with five outputs."""
    drawn = np.random.default_rng(0).standard_normal((5, inputs + 1))
    return {"weight": drawn[:, 1:].astype("float32"), "bias": drawn[:, 0]}


def test_read_outs_are_read_as_they_were_written(tmp_path):
    path = tmp_path / "encoder.safetensors"
    layer = linear()
    write(path, {"meaning": layer})
    (name, found), *others = load_readouts(ALEXNET, str(path)).items()
    assert (name, others) == ("meaning", [])
    assert found.weight.dtype == found.bias.dtype == np.float32
    np.testing.assert_allclose(found.weight, layer["weight"], rtol=1e-3)
    np.testing.assert_allclose(found.bias, layer["bias"], rtol=1e-3)
    assert make_encoder("alexnet", str(path)).identity.weights == "mine"


@pytest.mark.parametrize("source", ["random", "imagenet"])
def test_other_weights_have_no_read_outs(source):
    assert load_readouts(ALEXNET, source) == {}


def test_each_encoder_of_the_package_has_its_own_read_outs(tmp_path, monkeypatch):
    monkeypatch.setattr(package_weights, "FOLDER", tmp_path)
    layer = linear()
    write(encoder_file(tmp_path, ALEXNET.name, SHIPPED), {"meaning": layer})
    write(encoder_file(tmp_path, ALEXNET.name, LOCATOR), {})
    assert list(load_readouts(ALEXNET, SHIPPED)) == ["meaning"]
    assert load_readouts(ALEXNET, LOCATOR) == {}


def test_a_read_out_of_another_encoder_is_refused(tmp_path):
    path = tmp_path / "encoder.safetensors"
    write(path, {"meaning": linear(ALEXNET.channels + 1)})
    with pytest.raises(BadWeights, match=r"meaning\.weight"):
        load_readouts(ALEXNET, str(path))


def test_a_read_out_is_torchs_linear_layer():
    layer = torch.nn.Linear(7, 5)
    pooled = torch.randn(3, 2, 7)
    readout = Readout(layer.weight.detach().numpy(), layer.bias.detach().numpy())
    found = readout(pooled.numpy())
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, layer(pooled).detach(), rtol=1e-5, atol=1e-6)
