import math

import numpy as np
import pytest

from tiefvision.ranking.garments import GarmentBatch
from tiefvision.ranking.pooling import (
    LEAST,
    POOLS,
    POWER,
    PooledRanker,
    centred_sum_pool,
    generalised_mean_pool,
    max_pool,
    mean_pool,
)

MAPS = np.random.default_rng(0).standard_normal((2, 3, 4, 5), np.float32)


def cells_of(number, channel):
    return MAPS[number, channel].ravel().tolist()


def generalised(values):
    powers = [max(value, LEAST) ** POWER for value in values]
    return (sum(powers) / len(powers)) ** (1 / POWER)


@pytest.mark.parametrize(
    ("pool", "expected"),
    [
        (mean_pool, lambda values: sum(values) / len(values)),
        (max_pool, max),
        (generalised_mean_pool, generalised),
    ],
)
def test_pools_against_a_loop(pool, expected):
    pooled = pool(MAPS)
    assert pooled.shape == (2, 3)
    for number in range(2):
        for channel in range(3):
            wanted = expected(cells_of(number, channel))
            assert pooled[number, channel].item() == pytest.approx(wanted, rel=1e-5)


def test_generalised_mean_lies_between_mean_and_maximum():
    maps = np.abs(MAPS)
    pooled = generalised_mean_pool(maps)
    assert (mean_pool(maps) < pooled).all() and (pooled < max_pool(maps)).all()


def test_centred_sum_against_a_loop():
    pooled = centred_sum_pool(MAPS)
    deviation = 4 / 2 / 3
    for number in range(2):
        for channel in range(3):
            wanted = sum(
                MAPS[number, channel, row, column].item()
                * math.exp(
                    -((row - 1.5) ** 2 + (column - 2.0) ** 2) / (2 * deviation**2)
                )
                for row in range(4)
                for column in range(5)
            )
            assert pooled[number, channel].item() == pytest.approx(wanted, abs=1e-5)


def test_centred_sum_weighs_the_centre_more_than_a_corner():
    maps = np.zeros((1, 2, 11, 11), np.float32)
    maps[0, 0, 5, 5] = 1.0
    maps[0, 1, 0, 0] = 1.0
    pooled = centred_sum_pool(maps)[0]
    assert pooled[0] == 1.0 and pooled[1] < 0.001


@pytest.mark.parametrize("name", list(POOLS))
def test_embeddings_have_unit_length_for_maps_of_any_height(name):
    ranker = PooledRanker(POOLS[name])
    for maps in (np.abs(MAPS), np.abs(MAPS)[:, :, :2]):
        embedded = ranker(GarmentBatch(maps))
        assert embedded.shape == (2, 3)
        assert embedded.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(embedded, axis=1), 1, rtol=1e-6)
        # A vertical flip changes no pooling: even the centred sum is symmetric.
        flipped = ranker(GarmentBatch(maps[:, :, ::-1]))
        np.testing.assert_allclose(flipped, embedded, atol=1e-6)
