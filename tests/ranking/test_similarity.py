import math

import numpy as np
import pytest

from tiefvision.ranking.similarity import (
    flatten_cells,
    normalise_cells,
    pool_cells,
    similarity,
    unit_rows,
)


def random_maps(count, seed=0, channels=5, height=3, width=4):
    shape = count, channels, height, width
    numbers = np.random.default_rng(seed).standard_normal(shape, np.float32)
    return normalise_cells(numbers)


def cosine(first, second):
    dot = sum(a * b for a, b in zip(first, second, strict=True))
    return dot / (math.hypot(*first) * math.hypot(*second))


def test_similarity_is_the_mean_cosine_of_aligned_cells():
    maps, others = random_maps(4, seed=1), random_maps(4, seed=2)
    expected = []
    for one, two in zip(maps, others, strict=True):
        cosines = [
            cosine(one[:, y, x].tolist(), two[:, y, x].tolist())
            for y in range(3)
            for x in range(4)
        ]
        expected.append(sum(cosines) / len(cosines))
    assert similarity(maps, others).tolist() == pytest.approx(expected, abs=1e-6)


def test_shifted_maps_are_less_similar():
    maps = random_maps(3)
    shifted = np.roll(maps, 1, axis=3)
    assert (similarity(maps, shifted) < 0.9).all()


def test_similarity_is_between_minus_one_and_one():
    maps = random_maps(50)
    assert similarity(maps, maps).tolist() == pytest.approx([1.0] * 50)
    assert similarity(maps, -maps).tolist() == pytest.approx([-1.0] * 50)
    assert similarity(maps, maps).max() <= 1.0
    assert similarity(maps, -maps).min() >= -1.0


def test_similarity_of_no_maps():
    nothing = random_maps(0)
    assert similarity(nothing, nothing).shape == (0,)
    assert flatten_cells(nothing).shape == (0, 60)


def test_dot_products_of_flattened_cells_are_similarities():
    maps, others = random_maps(6, seed=1), random_maps(6, seed=2)
    embeddings, rest = flatten_cells(maps), flatten_cells(others)
    dots = (embeddings * rest).sum(axis=1)
    np.testing.assert_allclose(dots, similarity(maps, others), atol=1e-6, rtol=0)
    assert embeddings.dtype == similarity(maps, others).dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, rtol=1e-6)


def test_cells_get_unit_length_and_cells_of_zeros_stay_zero():
    maps = np.random.default_rng(0).standard_normal((2, 5, 3, 3), np.float32) * 9
    maps[0, :, 1, 2] = 0
    kept = maps.copy()
    unit = normalise_cells(maps)
    np.testing.assert_array_equal(maps, kept)
    assert unit.dtype == np.float32
    lengths = np.linalg.norm(unit, axis=1)
    assert lengths[0, 1, 2] == 0
    lengths[0, 1, 2] = 1
    np.testing.assert_allclose(lengths, 1, rtol=1e-6)
    for y in range(3):
        assert cosine(unit[1, :, y, 0].tolist(), maps[1, :, y, 0].tolist()) > 0.99999


def test_pool_cells_averages_cells():
    maps = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)
    expected = [[(0 + 1 + 4 + 5) / 4, 4.5], [10.5, 12.5]]
    assert pool_cells(maps, 2)[0, 0].tolist() == expected
    assert pool_cells(maps, 1).item() == 7.5
    assert pool_cells(maps, 0) is maps
    assert pool_cells(np.ones((2, 3, 11, 11), np.float32), 6).shape == (2, 3, 6, 6)


def test_coarser_cells_are_means_of_overlapping_regions():
    maps = np.random.default_rng(0).standard_normal((2, 3, 11, 7), np.float32)
    pooled = pool_cells(maps, 4)
    assert pooled.shape == (2, 3, 4, 4) and pooled.dtype == np.float32
    for row in range(4):
        for column in range(4):
            down = slice(row * 11 // 4, math.ceil((row + 1) * 11 / 4))
            across = slice(column * 7 // 4, math.ceil((column + 1) * 7 / 4))
            expected = maps[:, :, down, across].mean(axis=(2, 3))
            np.testing.assert_allclose(pooled[:, :, row, column], expected, atol=1e-6)


def test_rows_get_unit_length_and_rows_of_zeros_stay_zeros():
    rows = np.array([[3, 4], [0, 0], [0, -2]], np.float32)
    unit = unit_rows(rows)
    assert unit.dtype == np.float32
    np.testing.assert_allclose(unit, [[0.6, 0.8], [0, 0], [0, -1]], rtol=1e-6)
    assert unit_rows(rows[:0]).shape == (0, 2)
