"""Built networks compute what their publications say."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from tiefvision.errors import BadUsage
from tiefvision.networks.building import ImageNetwork, build_network
from tiefvision.networks.layers import (
    Conv,
    Flatten,
    Layer,
    LocalNorm,
    MaxPool,
    Residual,
    Shrink,
    Squash,
    Subsample,
    Unit,
    Zeros,
    output_of,
)
from tiefvision.networks.preparing import to_images
from tiefvision.networks.published import Published, plan_of
from tiefvision.networks.table import NETWORKS
from tiefvision.networks.trunks import Trunk


def network_of(*layers: Layer, side: int = 8, **facts: object) -> ImageNetwork:
    """A network of one block, with weights of its own."""
    trunk = Trunk("test", {"only": layers})
    torch.manual_seed(0)
    network = ImageNetwork(
        Published("test", "test", "test", trunk, (Flatten(),), side=side, **facts)
    )
    for parameter in network.parameters():
        nn.init.normal_(parameter)
    return network.eval()


def images_of(side: int, count: int = 2) -> torch.Tensor:
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(1))


def test_padding_of_tensorflow_puts_the_odd_cell_behind():
    network = network_of(Conv(4, 3, 2, "same"))
    images = images_of(8)
    conv = network.deep["only"][0]
    expected = functional.conv2d(
        functional.pad(images, (0, 1, 0, 1)), conv.weight, conv.bias, 2
    )
    torch.testing.assert_close(network(images), expected.flatten(1))


def test_a_maximum_ignores_padding_but_not_zeros():
    images = -images_of(8)  # what is padded with zeros has a maximum of 0
    padded = network_of(MaxPool(3, 4, "same"), side=8)
    assert (padded(images) < 0).all()
    zeros = network_of(Zeros(1), MaxPool(3, 4), side=8)
    assert (zeros(images).reshape(2, 3, 2, 2)[:, :, 0] == 0).all()


@pytest.mark.parametrize(
    ("layer", "side", "cells"),
    [
        # Caffe rounds up: 3.5 steps are 4, and 5 squares.
        (MaxPool(7, 4, 3, ceil=True), 15, 5),
        (MaxPool(7, 4, 3), 15, 4),
        (MaxPool(3, 2, 1, ceil=True), 8, 5),
        # A square that begins behind the map does not count.
        (MaxPool(2, 2, 1, ceil=True), 3, 2),
        (MaxPool(8, 8, ceil=True), 227, 29),
        (Subsample(4), 225, 57),
        (Subsample(8), 225, 29),
        (Conv(6, 8, 16, "same"), 224, 14),
        (MaxPool(7, 2, "same"), 7, 4),
    ],
)
def test_shapes_are_those_that_torch_makes(layer, side, cells):
    shape = output_of(layer, (3, side, side))
    assert shape[1:] == (cells, cells)
    network = network_of(layer, side=side)
    assert network(images_of(side)).shape == (2, np.prod(shape))


def test_every_fourth_pixel_is_kept():
    images = images_of(9)
    found = network_of(Subsample(4), side=9)(images).reshape(2, 3, 3, 3)
    for row in range(3):
        for column in range(3):
            pixel = images[:, :, 4 * row, 4 * column]
            assert torch.equal(found[:, :, row, column], pixel)


def test_the_local_response_normalisation_normalises():
    """Against a plain loop; the published code of visnet_lrn2d is an identity."""
    norm = LocalNorm(5, 5e-1, 0.75, 2.0)
    images = images_of(2)
    found = network_of(Conv(8, 1), norm, side=2)
    conv = found.deep["only"][0]
    maps = conv(images)
    expected = torch.empty_like(maps)
    for channel in range(8):
        around = maps[:, max(channel - 2, 0) : channel + 3]
        scale = 2.0 + 0.1 * around.square().sum(1)
        expected[:, channel] = maps[:, channel] / scale**0.75
    torch.testing.assert_close(found(images), expected.flatten(1))
    assert not torch.allclose(maps, expected, atol=0.01)


@pytest.mark.parametrize("kind", ["tanh", "sigmoid"])
def test_numbers_are_squashed(kind):
    images = images_of(2)
    expected = getattr(torch, kind)(images).flatten(1)
    torch.testing.assert_close(network_of(Squash(kind), side=2)(images), expected)


@pytest.mark.parametrize("name", ["visnet_lrn2d", "visnet_caffe", "deep_ranking"])
def test_the_published_norms_stand_where_they_are_published(name):
    norms = [
        step.name.rsplit(".", 1)[0]
        for step in plan_of(NETWORKS[name], 1.0).steps
        if isinstance(step.layer, LocalNorm)
    ]
    paths = ["shallow.0", "shallow.1"]
    trunk = ["deep.conv1", "deep.conv2"]
    assert norms == (trunk if name == "deep_ranking" else paths)


def test_caffes_normalisation_stays_below_unit_length():
    found = network_of(Flatten(), Shrink(), side=2)
    rows = images_of(2).flatten(1)
    lengths = rows.norm(dim=1, keepdim=True)
    expected = rows / (1 + lengths**2).sqrt()
    # The trunk's block is followed by a Flatten that finds a vector.
    torch.testing.assert_close(found(images_of(2)), expected)
    assert (expected.norm(dim=1) < 1).all()


def test_a_map_of_unit_cells_has_unit_length_as_a_whole():
    found = network_of(Conv(4, 1), Unit(), side=3)(images_of(3)).reshape(2, 4, 9)
    cells = found.norm(dim=1)
    torch.testing.assert_close(cells, torch.full((2, 9), 1 / 3))


def test_skips_are_means_of_blocks_and_paths_come_first():
    """The embedding is the concatenation itself, so each part can be found in it."""
    trunk = Trunk("test", {"a": (Conv(2, 1),), "b": (Conv(4, 1, 2),)})
    path = (Subsample(4), Flatten())
    network = ImageNetwork(
        Published("t", "t", "t", trunk, (), ("a", "b"), (path,), side=8)
    )
    for parameter in network.parameters():
        nn.init.normal_(parameter)
    images = images_of(8)
    first = network.deep["a"](images)
    expected = [
        images[:, :, ::4, ::4].flatten(1),
        first.mean((2, 3)),
        network.deep["b"](first).mean((2, 3)),
    ]
    torch.testing.assert_close(network(images), torch.cat(expected, dim=1))


@pytest.mark.parametrize(
    ("reads", "expected"),
    [
        ("unit", [0.2, 0.4, 0.6]),
        ("caffe", [153.0, 102.0, 51.0]),
        ("imagenet", [(0.2 - 0.485) / 0.229, (0.4 - 0.456) / 0.224, 0.194 / 0.225]),
    ],
)
def test_pixels_are_those_of_the_publication(reads, expected):
    images = torch.tensor([0.2, 0.4, 0.6]).reshape(1, 3, 1, 1)
    found = network_of(side=1, reads=reads)(images)
    torch.testing.assert_close(found, torch.tensor([expected]))


def test_what_is_frozen_has_no_gradient_and_always_evaluates():
    network = build_network("mildnet_mobilenet_v2_skip_4", 0.1).train()
    still = [
        name for name, part in network.named_parameters() if not part.requires_grad
    ]
    assert {name.split(".")[1] for name in still} == {"stage1", "stage2", "stage3"}
    norms = {
        name: module.training
        for name, module in network.named_modules()
        if isinstance(module, nn.BatchNorm2d)
    }
    assert not any(on for name, on in norms.items() if "stage3." in name)
    assert all(on for name, on in norms.items() if "stage4." in name)
    assert network.head.training


def test_a_residual_behind_what_is_frozen_is_trained():
    inner = Residual((Conv(4, 1),))
    network = network_of(Conv(4, 1), inner, side=2, frozen=1)
    still = {name: one.requires_grad for name, one in network.named_parameters()}
    assert still == {
        "deep.only.0.weight": False,
        "deep.only.0.bias": False,
        "deep.only.1.0.weight": True,
        "deep.only.1.0.bias": True,
    }
    images = images_of(2)
    maps = network.deep["only"][0](images)
    expected = maps + network.deep["only"][1][0](maps)
    torch.testing.assert_close(network(images), expected.flatten(1))


def test_a_seed_decides_the_weights():
    one, same, other = (build_network("mobilenet", 0.05, seed) for seed in (0, 0, 1))
    for first, second in zip(one.parameters(), same.parameters(), strict=True):
        assert torch.equal(first, second)
    assert not torch.equal(one.head[1].weight, other.head[1].weight)


def test_caffes_beginnings_are_those_of_its_files():
    network = build_network("visnet_caffe_alexnet", 0.2)
    last = network.embed[0]
    assert last.weight.std().item() == pytest.approx(0.005, rel=0.05)
    assert (last.bias == 0.1).all()
    assert (network.shallow[0][1].bias == 0).all()


@pytest.mark.parametrize("width", [0, -1, float("nan"), 5])
def test_a_width_out_of_range_is_refused(width):
    with pytest.raises(BadUsage, match="out of range"):
        build_network("mildnet", width)


def test_an_unknown_network_is_refused_with_those_there_are():
    with pytest.raises(BadUsage, match="no network 'mildnett'") as caught:
        build_network("mildnett")
    assert "mildnet, skip_1" in caught.value.fix


def test_crops_become_images_of_the_side_that_is_asked_for():
    pixels = torch.arange(2 * 4 * 4 * 3, dtype=torch.uint8).reshape(2, 4, 4, 3)
    same = to_images(pixels, 4, torch.device("cpu"))
    torch.testing.assert_close(same, pixels.permute(0, 3, 1, 2) / 255)
    assert same.is_contiguous(memory_format=torch.channels_last)
    half = to_images(pixels, 2, torch.device("cpu"))
    assert half.shape == (2, 3, 2, 2)
    torch.testing.assert_close(half.mean((2, 3)), same.mean((2, 3)))


@pytest.mark.parametrize("name", ["alexnet", "mildnet_mobilenet_v2"])
def test_multiply_adds_are_those_that_the_modules_do(name):
    """Counted by hooks: for every result of a layer, the weights that it reads."""
    counted = []

    def count(module, inputs, output):
        weights = module.weight[0].numel()
        counted.append(weights * output[0].numel())

    with torch.device("meta"):
        network = build_network(name).eval()
        for module in network.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                module.register_forward_hook(count)
        network.to("meta")(torch.empty(1, 3, network.side, network.side))
    assert sum(counted) == NETWORKS[name].multiply_adds
