from dataclasses import dataclass

import numpy as np
import pytest

from tiefvision.engines.layers import (
    Activation,
    Branches,
    Convolution,
    Layer,
    MaxPool,
    Residual,
    convolutions,
)

NETWORKS = {
    "padding": (Convolution(5, 4, 3, padding=(1, 1)),),
    "uneven padding": (Convolution(5, 4, 3, 2, (0, 1)),),
    "stride and dilation": (Convolution(5, 4, 3, 2, (2, 2), 2),),
    "depthwise": (Convolution(5, 5, 5, 1, (2, 2), groups=5),),
    "groups of several": (Convolution(5, 6, 1), Convolution(6, 4, 3, groups=2)),
    "relu": (Convolution(5, 4, 1), Activation()),
    "relu6": (Convolution(5, 4, 1), Activation("relu6")),
    "pooling": (Convolution(5, 4, 1), MaxPool(3, 2)),
    "pooling of incomplete squares": (Convolution(5, 4, 1), MaxPool(3, 2, ceil=True)),
    "residual": (
        Convolution(5, 4, 1),
        Residual((Convolution(4, 7, 1), Activation(), Convolution(7, 4, 1))),
        Activation(),
    ),
    "branches": (
        Branches(((Convolution(5, 2, 1), Activation()), (Convolution(5, 3, 1),))),
        Activation("relu6"),
    ),
}
"""A network of five channels for each kind of layer."""


@dataclass(frozen=True)
class Network:
    """Layers that read five channels, and random weights."""

    layers: tuple[Layer, ...]
    weights: dict[str, np.ndarray]

    def compile(self, engine, **options):
        return engine.compile(self.layers, self.weights, 5, **options)


def random_network(layers):
    generator = np.random.default_rng(0)
    weights = {}
    for name, layer in convolutions(layers):
        for part, shape in (("weight", layer.weight_shape), ("bias", layer.outputs)):
            drawn = generator.standard_normal(shape)
            weights[f"{name}.{part}"] = drawn.astype(np.float32)
    return Network(layers, weights)


@pytest.fixture(scope="session", params=NETWORKS)
def network(request):
    """A small network with each kind of layer in turn."""
    return random_network(NETWORKS[request.param])


@pytest.fixture(scope="session")
def plain_network():
    """Two convolutions."""
    return random_network(
        (Convolution(5, 8, 3), Activation(), Convolution(8, 4, 3, padding=(1, 1)))
    )


@pytest.fixture(scope="session", params=[(12, 16), (13, 16), (11, 9)], ids=str)
def maps(request):
    """Maps of even and odd sizes, (1, 5, h, w) float32, of which some exceed 6."""
    drawn = np.random.default_rng(1).standard_normal((1, 5, *request.param))
    return (3 * drawn).astype(np.float32)
