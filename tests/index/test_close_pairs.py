import numpy as np
import pytest

from tiefvision.index.close_pairs import NEIGHBOURS, ClosePair, close_pairs


def units(*angles):
    turned = np.deg2rad(np.array(angles, dtype=np.float64))
    return np.stack([np.cos(turned), np.sin(turned)], axis=1).astype(np.float32)


def same_limit(count, limit):
    return np.full(count, limit, dtype=np.float32)


def compare_all(embeddings, limits):
    """The close pairs, found by comparing every pair."""
    return [
        (first, second)
        for first in range(len(embeddings))
        for second in range(first + 1, len(embeddings))
        if embeddings[first] @ embeddings[second] >= max(limits[first], limits[second])
    ]


def rows_of(pairs):
    return [(pair.first, pair.second) for pair in pairs]


def test_worked_by_hand():
    """Angles of 0, 10 and 60 degrees: cos 10 is 0.985, cos 50 is 0.643, cos 60 0.5."""
    rows = units(0, 10, 60)
    (only,) = close_pairs(rows, same_limit(3, 0.9))
    assert (only.first, only.second) == (0, 1)
    assert only.similarity == pytest.approx(0.98481, abs=1e-4)
    assert rows_of(close_pairs(rows, same_limit(3, 0.6))) == [(0, 1), (1, 2)]
    assert close_pairs(rows, same_limit(3, 0.99)) == []


def test_a_pair_must_reach_the_limits_of_both_rows():
    limits = np.array([0.9, 0.99, 0.6], dtype=np.float32)
    assert close_pairs(units(0, 10, 60), limits) == []
    limits = np.array([0.5, 0.99, 0.4], dtype=np.float32)
    assert rows_of(close_pairs(units(0, 10, 59), limits)) == [(0, 2)]


@pytest.mark.parametrize("limit", [-1.0, 0.2, 0.5, 0.8])
def test_it_finds_the_pairs_of_a_full_comparison(limit):
    draw = np.random.default_rng(1)
    rows = draw.standard_normal((120, 8)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    limits = same_limit(120, limit)
    assert rows_of(close_pairs(rows, limits)) == compare_all(rows, limits)


def test_more_equal_rows_than_the_first_search_returns():
    """They fill the links of a node, so that other rows are not reachable."""
    count = 4 * NEIGHBOURS
    rows = np.repeat(units(0, 90), [count, 3], axis=0)
    found = close_pairs(rows, same_limit(count + 3, 0.9))
    assert len(found) == count * (count - 1) // 2 + 3
    assert min(pair.similarity for pair in found) == pytest.approx(1, abs=1e-5)


def test_a_row_of_zeros_is_close_to_nothing():
    rows = np.concatenate([units(0, 0), np.zeros((2, 2), dtype=np.float32)])
    assert rows_of(close_pairs(rows, same_limit(4, 0.9))) == [(0, 1)]


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_rows_have_no_pairs(count):
    assert close_pairs(units(*range(count)), same_limit(count, 0.5)) == []


def test_pairs_sort_by_their_rows():
    assert sorted([ClosePair(1, 2, 0.9), ClosePair(0, 3, 0.8)])[0].second == 3
