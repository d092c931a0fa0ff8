import numpy as np
import pytest

from tiefvision.ranking.grid import flatten_grid, pooling_matrix


def test_cells_are_listed_row_by_row():
    maps = np.arange(12, dtype=np.float32).reshape(1, 2, 2, 3)
    assert flatten_grid(maps).tolist() == [[[*range(6)], [*range(6, 12)]]]
    assert np.shares_memory(flatten_grid(maps), maps)
    assert flatten_grid(maps[:0]).shape == (0, 2, 6)


@pytest.mark.parametrize(
    ("height", "width", "rows", "columns"), [(11, 11, 4, 2), (3, 5, 4, 1), (4, 6, 2, 3)]
)
def test_regions_are_those_of_adaptive_pooling(height, width, rows, columns):
    import torch

    maps = np.random.default_rng(0).standard_normal((2, 3, height, width), np.float32)
    pooled = flatten_grid(maps) @ pooling_matrix(height, width, rows, columns)
    expected = torch.nn.functional.adaptive_avg_pool2d(
        torch.from_numpy(maps), (rows, columns)
    )
    assert pooled.dtype == np.float32
    np.testing.assert_allclose(pooled, expected.numpy().reshape(2, 3, -1), atol=1e-6)


def test_the_shared_matrix_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        pooling_matrix(2, 2, 1, 1)[0, 0] = 5
