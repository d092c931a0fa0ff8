import functools

import numpy as np
import pytest
import torch

from tiefvision.encoders.architectures import ARCHITECTURES
from tiefvision.encoders.dense import make_encoder
from tiefvision.engines.modules import build_modules, restore_module


@pytest.fixture(scope="session")
def random_encoder():
    """A function from names to encoders with random weights, which tests only read."""
    return functools.cache(
        lambda name: make_encoder(name, "random", 0, precision="float32")
    )


@pytest.fixture(scope="session")
def trunk_of():
    """A function that builds the trunk of an encoder as torch modules."""

    def trunk(encoder):
        modules = build_modules(encoder.architecture.layers)
        return restore_module(modules, encoder.weights, torch.device("cpu"), "here")

    return trunk


@pytest.fixture(params=ARCHITECTURES)
def encoder(request, random_encoder):
    """An encoder of each architecture in turn, which tests only read."""
    return random_encoder(request.param)


@pytest.fixture(scope="session")
def noise():
    """A function that makes photographs of noise, (height, width, 3) uint8 RGB."""

    def photo(width, height, seed=0):
        generator = np.random.default_rng(seed)
        return generator.integers(0, 256, (height, width, 3), dtype=np.uint8)

    return photo


@pytest.fixture(scope="session")
def cosines():
    """Cosines of the cells of two maps: (h, w), and 1 where both are all zero."""

    def compare(one, other):
        assert one.shape == other.shape
        products = (one * other).sum(0)
        lengths = np.linalg.norm(one, axis=0) * np.linalg.norm(other, axis=0)
        both_zero = (one == 0).all(0) & (other == 0).all(0)
        return np.where(both_zero, 1.0, products / np.where(lengths, lengths, 1.0))

    return compare
