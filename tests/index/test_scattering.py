import numpy as np
import pytest

from tiefvision.index.neighbours import BLOCK, Neighbours, search_exactly
from tiefvision.index.scattering import merge_neighbours, shard_bounds


def unit_rows(count, width, seed=0):
    rows = np.random.default_rng(seed).standard_normal((count, width), np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def scattered(queries, gallery, k, shards):
    """What shards find, each by itself, with the numbers of the whole."""
    found = []
    for start, stop in shard_bounds(len(gallery), shards):
        part = search_exactly(queries, gallery[start:stop].copy(), k)
        found.append(Neighbours(part.rows + start, part.similarities))
    return found


def assert_same_bits(one, other):
    assert np.array_equal(one.rows, other.rows)
    assert one.similarities.tobytes() == other.similarities.tobytes()
    assert (one.rows.dtype, one.similarities.dtype) == (np.int64, np.float32)


@pytest.mark.parametrize("asked", [1, 3, 64])
@pytest.mark.parametrize("width", [32, 257])
@pytest.mark.parametrize("shards", [1, 2, 3, 5])
def test_merged_shards_are_one_index_bit_for_bit(asked, width, shards):
    gallery = unit_rows(3 * BLOCK + 777, width)
    queries = unit_rows(asked, width, seed=1)
    whole = search_exactly(queries, gallery, 10)
    found = scattered(queries, gallery, 10, shards)
    assert_same_bits(merge_neighbours(found, 10), whole)


def test_equal_rows_come_in_the_order_of_their_numbers_across_shards():
    gallery = np.tile(unit_rows(BLOCK // 2, 16), (5, 1))  # each row five times
    queries = gallery[[5, 700]]
    merged = merge_neighbours(scattered(queries, gallery, 7, 3), 7)
    assert merged.rows[0, :5].tolist() == [5 + n * BLOCK // 2 for n in range(5)]
    assert_same_bits(merged, search_exactly(queries, gallery, 7))


def test_the_order_in_which_shards_answer_does_not_matter():
    gallery = np.tile(unit_rows(BLOCK, 16), (3, 1))
    found = scattered(gallery[:4], gallery, 9, 3)
    assert_same_bits(merge_neighbours(found[::-1], 9), merge_neighbours(found, 9))


def test_a_shard_with_fewer_rows_than_asked_for_gives_all():
    gallery = unit_rows(2 * BLOCK + 3, 8)
    queries = unit_rows(2, 8, seed=1)
    assert shard_bounds(len(gallery), 3)[-1] == (2 * BLOCK, 2 * BLOCK + 3)
    whole = search_exactly(queries, gallery, 50)
    assert_same_bits(merge_neighbours(scattered(queries, gallery, 50, 3), 50), whole)


def test_no_rows_and_no_queries_are_no_error():
    nothing = np.empty((0, 8), dtype=np.float32)
    queries = unit_rows(2, 8)
    assert merge_neighbours(scattered(queries, nothing, 5, 3), 5).rows.shape == (2, 0)
    gallery = unit_rows(20, 8)
    assert merge_neighbours(scattered(nothing, gallery, 5, 3), 5).rows.shape == (0, 5)


@pytest.mark.parametrize(
    ("rows", "shards", "expected"),
    [
        (0, 4, [(0, 0)]),
        (10, 4, [(0, 10)]),
        (BLOCK, 2, [(0, BLOCK)]),
        (BLOCK + 1, 2, [(0, BLOCK), (BLOCK, BLOCK + 1)]),
        (4 * BLOCK, 2, [(0, 2 * BLOCK), (2 * BLOCK, 4 * BLOCK)]),
        (3 * BLOCK, 2, [(0, BLOCK), (BLOCK, 3 * BLOCK)]),
        (5 * BLOCK, 0, [(0, 5 * BLOCK)]),
    ],
)
def test_shards_are_cut_where_blocks_begin(rows, shards, expected):
    assert shard_bounds(rows, shards) == expected
