import numpy as np
import pytest
import torch
from torch.nn import functional

from tiefvision.engines.layers import (
    Activation,
    Branches,
    Convolution,
    MaxPool,
    Residual,
)
from tiefvision.engines.torch import TorchEngine

CLOSE = {"rtol": 1e-4, "atol": 1e-4}


@pytest.fixture(scope="module")
def engine():
    return TorchEngine(torch.device("cpu"))


def computed(layers, weights, maps, prefix=""):
    """What layers make of maps, in torch's functions."""
    for number, layer in enumerate(layers):
        name = f"{prefix}{number}"
        match layer:
            case Convolution():
                weight, bias = (
                    torch.from_numpy(weights[f"{name}.{part}"])
                    for part in ("weight", "bias")
                )
                maps = functional.conv2d(
                    functional.pad(maps, layer.padding * 2),
                    weight,
                    bias,
                    layer.stride,
                    dilation=layer.dilation,
                    groups=layer.groups,
                )
            case Activation("relu6"):
                maps = maps.clamp(0, 6)
            case Activation():
                maps = maps.clamp_min(0)
            case MaxPool():
                maps = functional.max_pool2d(
                    maps, layer.kernel, layer.stride, ceil_mode=layer.ceil
                )
            case Residual():
                maps = maps + computed(layer.body, weights, maps, f"{name}.")
            case Branches():
                parts = [
                    computed(body, weights, maps, f"{name}.{place}.")
                    for place, body in enumerate(layer.bodies)
                ]
                maps = torch.cat(parts, 1)
    return maps


def test_a_network_computes_what_its_layers_say(network, maps, engine):
    found = network.compile(engine)(maps)
    expected = computed(network.layers, network.weights, torch.from_numpy(maps))
    assert found.dtype == np.float32
    assert expected.std() > 0.1
    np.testing.assert_allclose(found, expected.numpy(), **CLOSE)


def test_channels_may_be_the_last_axis(plain_network, maps, engine):
    first, last = (
        plain_network.compile(engine, channels_last=one) for one in (False, True)
    )
    turned = np.ascontiguousarray(maps.transpose(0, 2, 3, 1))
    np.testing.assert_allclose(last(turned), first(maps), **CLOSE)


def test_bfloat16_rounds_and_returns_float32(plain_network, maps, engine):
    exact, rounded = (
        plain_network.compile(engine, number_format=one)(maps)
        for one in ("float32", "bfloat16")
    )
    assert rounded.dtype == np.float32
    apart = abs(exact - rounded).max()
    assert 0 < apart < 0.05 * abs(exact).max()


def test_the_weights_stay_as_they_are(plain_network, maps, engine):
    kept = {name: array.copy() for name, array in plain_network.weights.items()}
    plain_network.compile(engine, number_format="bfloat16")(maps)
    for name, array in plain_network.weights.items():
        np.testing.assert_array_equal(array, kept[name])


@pytest.mark.parametrize(
    ("device", "capability", "formats"),
    [
        ("cpu", None, ("float32", "bfloat16")),
        ("mps", None, ("float32",)),
        ("cuda", (7, 5), ("float32",)),
        ("cuda", (8, 0), ("float32", "bfloat16")),
    ],
)
def test_formats_that_are_worth_timing(monkeypatch, device, capability, formats):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert TorchEngine(torch.device(device)).formats() == formats


def test_its_name_tells_release_and_device(engine):
    assert engine.name == f"torch {torch.__version__} on cpu"
