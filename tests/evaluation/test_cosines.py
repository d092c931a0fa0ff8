import numpy as np
import pytest

from tiefvision.evaluation.cosines import cosine_blocks, unit_rows


def embeddings(count, seed):
    return np.random.default_rng(seed).normal(size=(count, 5)).astype(np.float32)


def test_rows_get_unit_length_and_zeros_stay():
    rows = np.array([[0.0, 0.0], [0.0, -7.0]], dtype=np.float32)
    assert unit_rows(rows).tolist() == [[0.0, 0.0], [0.0, -1.0]]
    assert rows[1, 1] == -7.0  # the argument is as it was


@pytest.mark.parametrize("block_bytes", [1, 100, 10**6])
def test_blocks_make_the_whole_table(block_bytes):
    queries, gallery = 3.0 * embeddings(7, 0), embeddings(9, 1)
    blocks = list(cosine_blocks(queries, gallery, block_bytes))
    assert all(block.nbytes <= max(block_bytes, 4 * 9) for block in blocks)
    expected = [
        [q @ g / np.linalg.norm(q) / np.linalg.norm(g) for g in gallery]
        for q in queries
    ]
    assert np.concatenate(blocks) == pytest.approx(np.array(expected), abs=1e-6)


def test_nothing_to_compare():
    assert list(cosine_blocks(embeddings(0, 0), embeddings(3, 1))) == []
    (block,) = cosine_blocks(embeddings(2, 0), embeddings(0, 1))
    assert block.shape == (2, 0)
