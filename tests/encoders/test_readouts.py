import pytest
import torch
from torch import nn

from tiefvision import weights as package_weights
from tiefvision.encoders.architectures import architecture_named
from tiefvision.encoders.dense import make_encoder
from tiefvision.encoders.weights import load_readouts, write_encoder
from tiefvision.errors import BadWeights
from tiefvision.weights import LOCATOR, SHIPPED, encoder_file

ALEXNET = architecture_named("alexnet")


def write(path, readouts):
    state = ALEXNET.build().state_dict()
    write_encoder(path, "alexnet", state, {"name": "mine"}, readouts)


def test_read_outs_are_read_as_they_were_written(tmp_path):
    path = tmp_path / "encoder.safetensors"
    layer = nn.Linear(ALEXNET.channels, 5)
    write(path, {"meaning": layer.state_dict()})
    (name, found), *others = load_readouts(ALEXNET, str(path)).items()
    assert (name, others) == ("meaning", [])
    torch.testing.assert_close(found.weight, layer.weight, rtol=1e-3, atol=1e-3)
    assert make_encoder("alexnet", str(path)).identity.weights == "mine"


@pytest.mark.parametrize("source", ["random", "imagenet"])
def test_other_weights_have_no_read_outs(source):
    assert load_readouts(ALEXNET, source) == {}


def test_each_encoder_of_the_package_has_its_own_read_outs(tmp_path, monkeypatch):
    monkeypatch.setattr(package_weights, "FOLDER", tmp_path)
    layer = nn.Linear(ALEXNET.channels, 5).state_dict()
    write(encoder_file(tmp_path, ALEXNET.name, SHIPPED), {"meaning": layer})
    write(encoder_file(tmp_path, ALEXNET.name, LOCATOR), {})
    assert list(load_readouts(ALEXNET, SHIPPED)) == ["meaning"]
    assert load_readouts(ALEXNET, LOCATOR) == {}


def test_a_read_out_of_another_encoder_is_refused(tmp_path):
    path = tmp_path / "encoder.safetensors"
    write(path, {"meaning": nn.Linear(ALEXNET.channels + 1, 5).state_dict()})
    with pytest.raises(BadWeights, match=r"meaning\.weight"):
        load_readouts(ALEXNET, str(path))
