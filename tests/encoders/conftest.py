import functools

import numpy as np
import pytest

from tiefvision.encoders.architectures import ARCHITECTURES
from tiefvision.encoders.dense import make_encoder


@pytest.fixture(scope="session")
def random_encoder():
    """Encoders with random weights by name, each built once; not to be changed."""
    return functools.cache(lambda name: make_encoder(name, "random", 0, "float32"))


@pytest.fixture(params=ARCHITECTURES)
def encoder(request, random_encoder):
    """Each architecture in turn; not to be changed."""
    return random_encoder(request.param)


@pytest.fixture(scope="session")
def noise():
    """Photographs of noise: nothing about them is symmetric or flat."""

    def photo(width, height, seed=0):
        generator = np.random.default_rng(seed)
        return generator.integers(0, 256, (height, width, 3), dtype=np.uint8)

    return photo
