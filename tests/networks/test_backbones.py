"""Trunks start from the weights of a file, as torchvision publishes them."""

import numpy as np
import pytest
import torch
import torchvision
from safetensors.numpy import save_file

from tiefvision.errors import BadUsage, BadWeights
from tiefvision.networks import backbones
from tiefvision.networks.backbones import start_backbone
from tiefvision.networks.building import build_network
from tiefvision.networks.layers import arrays_of_layer
from tiefvision.networks.published import plan_of
from tiefvision.networks.table import NETWORKS


def drawn(name, width=0.1):
    """Arrays of a network under torchvision's names."""
    generator = np.random.default_rng(0)
    return {
        f"{step.layer.published}.{part}": generator.standard_normal(shape, np.float32)
        for step in plan_of(NETWORKS[name], width).steps
        if getattr(step.layer, "published", "")
        for part, shape in arrays_of_layer(step.layer, step.reads).items()
    }


def saved(folder, arrays):
    path = folder / "backbone.safetensors"
    save_file(arrays, path)
    return str(path)


def images_of(side):
    return torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(1))


def test_mobilenet_v2_computes_what_torchvisions_does(tmp_path):
    theirs = torchvision.models.mobilenet_v2(weights=None).eval()
    arrays = {name: part.numpy() for name, part in theirs.state_dict().items()}
    network = build_network("mildnet_mobilenet_v2").eval()
    assert start_backbone(network, saved(tmp_path, arrays)) == "backbone.safetensors"
    images = images_of(64)
    value = (images * network.scale) + network.shift
    with torch.inference_mode():
        normal = torchvision.transforms.functional.normalize(
            images, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
        )
        for block in network.deep.values():
            value = block(value)
        torch.testing.assert_close(value, theirs.features(normal))


def test_a_trunk_has_torchvisions_layers():
    """Names and shapes of VGG16, whose weights nothing here has to allocate."""
    with torch.device("meta"):
        theirs = torchvision.models.vgg16(weights=None).state_dict()
    wanted = {
        f"{step.layer.published}.{part}": shape
        for step in plan_of(NETWORKS["visnet_caffe"], 1.0).steps
        if getattr(step.layer, "published", "")
        for part, shape in arrays_of_layer(step.layer, step.reads).items()
    }
    known = {name: tuple(part.shape) for name, part in theirs.items()}
    assert wanted == {
        n: s for n, s in known.items() if not n.startswith("classifier.6")
    }


@pytest.mark.parametrize("name", ["skip_4", "visnet_caffe"])
def test_the_first_convolution_is_made_for_the_published_pixels(name, tmp_path):
    """It makes of [0, 1], or of BGR levels, what torchvision's makes of its own."""
    arrays = drawn(name)
    network = build_network(name, 0.1)
    start_backbone(network, saved(tmp_path, arrays))
    images = images_of(9)
    normal = torchvision.transforms.functional.normalize(
        images, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    )
    weight, bias = (
        torch.from_numpy(arrays[f"features.0.{p}"]) for p in ("weight", "bias")
    )
    expected = torch.nn.functional.conv2d(normal, weight, bias)
    read = images.flip(1) if name == "visnet_caffe" else images
    found = network.deep["block1"][0](read * network.scale + network.shift)
    inner = found[:, :, 1:-1, 1:-1]  # where no padding is read
    torch.testing.assert_close(inner, expected, rtol=1e-4, atol=1e-4)


def test_two_layers_of_vgg16_start_visnets_head_if_the_file_has_them(tmp_path):
    arrays = drawn("visnet_caffe")
    network = build_network("visnet_caffe", 0.1)
    start_backbone(network, saved(tmp_path, arrays))
    expected = torch.from_numpy(arrays["classifier.0.weight"])
    assert torch.equal(network.head[1].weight, expected)
    trunk = {n: a for n, a in arrays.items() if n.startswith("features.")}
    other = build_network("visnet_caffe", 0.1)
    drawn_before = other.head[1].weight.clone()
    start_backbone(other, saved(tmp_path, trunk))
    assert torch.equal(other.head[1].weight, drawn_before)


def test_a_file_may_have_the_names_of_the_network(tmp_path):
    donor, network = build_network("alexnet", 0.1), build_network("alexnet", 0.1, 1)
    arrays = {name: part.numpy() for name, part in donor.state_dict().items()}
    start_backbone(network, saved(tmp_path, arrays))
    assert torch.equal(network.deep["conv1"][0].weight, donor.deep["conv1"][0].weight)
    # Only the trunk is taken.
    assert not torch.equal(network.head[1].weight, donor.head[1].weight)


def test_random_weights_stay_as_they_were_drawn():
    network, same = build_network("mobilenet", 0.1), build_network("mobilenet", 0.1)
    assert start_backbone(network, "random") == "random"
    for one, other in zip(network.parameters(), same.parameters(), strict=True):
        assert torch.equal(one, other)


def test_imagenet_weights_are_torchvisions(monkeypatch):
    asked = []

    def published(name):
        asked.append(name)
        raise BadWeights("no network")

    monkeypatch.setattr(backbones, "published_state", published)
    with torch.device("meta"), pytest.raises(BadWeights, match="no network") as caught:
        start_backbone(build_network("mildnet"), "imagenet")
    assert asked == ["vgg16"]
    assert "--backbone FILE" in caught.value.fix


def test_what_nobody_publishes_is_said():
    with pytest.raises(BadUsage, match="no ImageNet weights of the trunk of mobilenet"):
        start_backbone(build_network("mobilenet", 0.1), "imagenet")
    with pytest.raises(BadUsage, match=r"do not fit mildnet of width 0\.1"):
        start_backbone(build_network("mildnet", 0.1), "imagenet")


@pytest.mark.parametrize("name", ["mildnet", "mobilenet"])
def test_a_file_of_another_network_is_refused(name, tmp_path):
    path = saved(tmp_path, {"other": np.zeros(3, np.float32)})
    with pytest.raises(BadWeights, match="it holds another architecture"):
        start_backbone(build_network(name, 0.1), path)
