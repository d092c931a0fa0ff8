import numpy as np
import pytest

from tiefvision.index import neighbours
from tiefvision.index.neighbours import (
    Neighbours,
    recall_of_neighbours,
    search_exactly,
)


def unit_rows(count, length=6, seed=0):
    rows = np.random.default_rng(seed).standard_normal((count, length))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def search_by_sorting(queries, gallery, k):
    """Search by Python's stable sort, which keeps equal rows in order."""
    found = []
    for query in queries:
        cosines = [float(query @ row) for row in gallery]
        order = sorted(range(len(gallery)), key=lambda row: -cosines[row])[:k]
        found.append([(row, cosines[row]) for row in order])
    return found


@pytest.mark.parametrize("block", [1, 3, 7, 20, 4096])
@pytest.mark.parametrize("k", [1, 5, 20])
def test_exact_search_is_sorting(monkeypatch, block, k):
    monkeypatch.setattr(neighbours, "BLOCK", block)
    queries, gallery = unit_rows(4, seed=1), unit_rows(20)
    found = search_exactly(queries, gallery, k)
    expected = search_by_sorting(queries, gallery, k)
    assert found.rows.tolist() == [[row for row, _ in pairs] for pairs in expected]
    np.testing.assert_allclose(
        found.similarities, [[cosine for _, cosine in p] for p in expected], atol=1e-6
    )


@pytest.mark.parametrize("cells", [1, 40, 100])
def test_queries_are_compared_a_few_at_a_time(monkeypatch, cells):
    queries, gallery = unit_rows(9, seed=1), unit_rows(20)
    expected = search_exactly(queries, gallery, 5)
    monkeypatch.setattr(neighbours, "CELLS", cells)
    monkeypatch.setattr(neighbours, "BLOCK", 10)
    found = search_exactly(queries, gallery, 5)
    assert found.rows.tolist() == expected.rows.tolist()
    np.testing.assert_allclose(found.similarities, expected.similarities, atol=1e-6)


def test_rows_that_come_closer_and_closer_displace_each_other(monkeypatch):
    monkeypatch.setattr(neighbours, "BLOCK", 4)
    angles = np.linspace(1.5, 0.0, 30)
    gallery = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    found = search_exactly(np.eye(2, dtype=np.float32), gallery, 6)
    assert found.rows.tolist() == [[29, 28, 27, 26, 25, 24], [0, 1, 2, 3, 4, 5]]


@pytest.mark.parametrize("block", [1, 2, 50, 4096])
def test_equal_rows_keep_their_order_whatever_the_block(monkeypatch, block):
    monkeypatch.setattr(neighbours, "BLOCK", block)
    near, far = np.eye(2, dtype=np.float32)
    gallery = np.stack(
        [far, near] * 60
    )  # long, since numpy sorts short arrays stably by any method
    found = search_exactly(near[None], gallery, 62)
    assert found.rows.tolist() == [[*range(1, 120, 2), 0, 2]]
    assert found.similarities.tolist() == [[1] * 60 + [0, 0]]


def test_a_gallery_smaller_than_k():
    found = search_exactly(unit_rows(3), unit_rows(2, seed=1), k=9)
    assert found.rows.shape == found.similarities.shape == (3, 2)


@pytest.mark.parametrize(("queries", "gallery"), [(0, 5), (3, 0), (0, 0)])
def test_empty_galleries_and_queries(queries, gallery):
    found = search_exactly(unit_rows(queries), unit_rows(gallery), k=4)
    assert found.rows.shape == found.similarities.shape == (queries, min(4, gallery))
    assert found.rows.dtype == np.int64
    assert found.similarities.dtype == np.float32


def test_similarities_never_leave_their_range():
    longer = np.array([[1.0000002, 0.0]], dtype=np.float32)
    found = search_exactly(longer, np.concatenate([longer, -longer]), k=2)
    assert found.similarities.tolist() == [[1.0, -1.0]]


def neighbours_at(*rows):
    """Neighbours of which a row of a smaller number is more similar."""
    table = np.array(rows, dtype=np.int64)
    return Neighbours(table, (1 - table / 100).astype(np.float32))


def test_recall_counts_the_exact_neighbours_in_any_order():
    exact = neighbours_at([1, 2, 3, 4], [5, 6, 7, 8])
    found = neighbours_at([1, 3, 4, 9], [5, 10, 11, 12])
    assert recall_of_neighbours(found, exact) == pytest.approx((3 / 4 + 1 / 4) / 2)
    assert recall_of_neighbours(exact, exact) == 1.0


def test_recall_where_fewer_were_found():
    exact = neighbours_at([1, 2, 3, 4])
    assert recall_of_neighbours(neighbours_at([2]), exact) == 0.25
    nothing = Neighbours(np.empty((1, 0), np.int64), np.empty((1, 0), np.float32))
    assert recall_of_neighbours(nothing, exact) == 0.0
    assert recall_of_neighbours(nothing, nothing) == 1.0  # no query has a neighbour


def test_ties_count_as_found():
    equal = np.zeros((30, 4), dtype=np.float32)
    equal[:, 0] = 1
    exact = search_exactly(equal[:1], equal, 10)
    others = np.arange(20, 30)[None]
    found = Neighbours(others, exact.similarities - np.float32(1e-7))
    assert recall_of_neighbours(found, exact) == 1.0
    fewer = Neighbours(others[:, :5], found.similarities[:, :5])
    assert recall_of_neighbours(fewer, exact) == 0.5
    farther = Neighbours(others, exact.similarities - np.float32(1e-3))
    assert recall_of_neighbours(farther, exact) == 0.0


def test_ties_at_the_end_replace_each_other_and_nothing_else():
    exact = Neighbours(np.array([[0, 1, 2]]), np.array([[0.9, 0.5, 0.5]], np.float32))
    tied = Neighbours(np.array([[3, 4, 5]]), np.array([[0.5, 0.5, 0.4]], np.float32))
    assert recall_of_neighbours(tied, exact) == pytest.approx(2 / 3)
    more = Neighbours(np.array([[1, 2, 3, 4]]), np.full((1, 4), 0.5, np.float32))
    assert recall_of_neighbours(more, exact) == pytest.approx(2 / 3)  # lacks 0
