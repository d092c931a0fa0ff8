"""Lists of another store beside exact ones, with values worked by hand."""

import numpy as np
import pytest

from tiefvision.exporting.parity import (
    NOTHING,
    padded,
    parity,
    sampled_queries,
    search_vectors,
    vectors_of,
)
from tiefvision.index.neighbours import Neighbours, search_exactly


def lists(*rows):
    return padded([list(row) for row in rows], len(rows[0]))


EXACT = lists([(7, 0.9), (3, 0.8)], [(1, 0.7), (2, 0.6)])


def test_equal_lists_agree():
    found = parity(EXACT, EXACT)
    assert (found.queries, found.top) == (2, 2)
    assert (found.recall, found.same, found.difference) == (1, 1, 0)


def test_worked_by_hand():
    """One of four rows is another, which is also less similar; one list is the same."""
    found = parity(lists([(7, 0.8), (4, 0.5)], [(1, 0.7), (2, 0.6)]), EXACT)
    assert (found.recall, found.same) == (0.75, 0.5)
    assert found.difference == pytest.approx(0.1)


def test_equal_similarities_are_interchangeable():
    exact = lists([(1, 0.9), (2, 0.5)])
    found = parity(lists([(1, 0.9), (9, 0.5)]), exact)
    assert (found.recall, found.same) == (1, 0)


def test_a_store_that_finds_fewer_rows():
    found = padded([[(7, 0.9)], []], 2)
    assert found.rows.tolist() == [[7, NOTHING], [NOTHING, NOTHING]]
    assert parity(found, EXACT).recall == 0.25


def test_no_rows_agree():
    none = Neighbours(np.empty((0, 0), np.int64), np.empty((0, 0), np.float32))
    assert parity(none, none).recall == 1
    assert padded([], 5).rows.shape == (0, 5)


def test_batches_are_searched_like_one_matrix(shop):
    queries = shop.vectors[::7]
    found = search_vectors(queries, vectors_of(shop.read()), 15)
    exact = search_exactly(queries, shop.vectors, 15)
    assert (found.rows == 3 * exact.rows + 1).all()
    assert found.similarities == pytest.approx(exact.similarities, abs=1e-6)


def test_queries_are_rows_in_equal_distances(shop):
    queries = sampled_queries(shop.collection, shop.read(), 3)
    assert (queries == shop.vectors[[0, 44, 89]]).all()
    assert (sampled_queries(shop.collection, shop.read(), 500) == shop.vectors).all()


def test_an_empty_collection_has_no_queries(make_shop):
    shop = make_shop(0)
    queries = sampled_queries(shop.collection, shop.read())
    assert queries.shape == (0, 12)
    assert search_vectors(queries, vectors_of(shop.read())).rows.shape == (0, 0)
