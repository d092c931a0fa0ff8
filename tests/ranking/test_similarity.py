import math

import pytest
import torch

from tiefvision.ranking.similarity import (
    flatten_cells,
    normalise_cells,
    pool_cells,
    similarity,
)


def random_maps(count, seed=0, channels=5, height=3, width=4):
    generator = torch.Generator().manual_seed(seed)
    shape = count, channels, height, width
    return normalise_cells(torch.randn(shape, generator=generator))


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
    shifted = maps.roll(1, dims=3)
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
    dots = (embeddings * rest).sum(1)
    torch.testing.assert_close(dots, similarity(maps, others), atol=1e-6, rtol=0)
    assert embeddings.norm(dim=1).tolist() == pytest.approx([1.0] * 6)


def test_cells_get_unit_length_and_cells_of_zeros_stay_zero():
    maps = torch.randn(2, 5, 3, 3, generator=torch.Generator().manual_seed(0)) * 9
    maps[0, :, 1, 2] = 0
    unit = normalise_cells(maps)
    lengths = unit.norm(dim=1)
    assert lengths[0, 1, 2] == 0
    lengths[0, 1, 2] = 1
    torch.testing.assert_close(lengths, torch.ones(2, 3, 3))
    for y in range(3):
        assert cosine(unit[1, :, y, 0].tolist(), maps[1, :, y, 0].tolist()) > 0.99999


def test_pool_cells_averages_cells():
    maps = torch.arange(16.0).reshape(1, 1, 4, 4)
    expected = [[(0 + 1 + 4 + 5) / 4, 4.5], [10.5, 12.5]]
    assert pool_cells(maps, 2)[0, 0].tolist() == expected
    assert pool_cells(maps, 1).item() == 7.5
    assert pool_cells(maps, 0) is maps
    assert pool_cells(torch.rand(2, 3, 11, 11), 6).shape == (2, 3, 6, 6)
