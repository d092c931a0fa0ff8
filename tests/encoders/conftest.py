import functools

import numpy as np
import pytest

from tiefvision.encoders.architectures import ARCHITECTURES
from tiefvision.encoders.dense import make_encoder


@pytest.fixture(scope="session")
def random_encoder():
    """A function from names to encoders with random weights, which tests only read."""
    return functools.cache(lambda name: make_encoder(name, "random", 0, "float32"))


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
