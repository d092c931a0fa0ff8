"""The nearest items of every item, beside a plain loop over all pairs of rows."""

import numpy as np
import pytest

from tiefvision.index import item_neighbours
from tiefvision.index.item_neighbours import NONE, nearest_items

EVERYTHING = 10**9


def unit_rows(count, dimension, seed=0):
    rows = np.random.default_rng(seed).standard_normal((count, dimension))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32)


def items_of(counts):
    """Items with one to several rows each."""
    return [f"{n:04d}" for n, count in enumerate(counts) for _ in range(count)]


def compared_plainly(vectors, items, k):
    """(row, neighbour's row, similarity) of the k nearest items of each item."""
    names = list(dict.fromkeys(items))
    lists = []
    for name in names:
        pairs = {}
        for row, item in enumerate(items):
            for other, another in enumerate(items):
                if item == name != another:
                    similarity = float(vectors[row] @ vectors[other])
                    best = pairs.get(another)
                    if best is None or similarity > best[2]:
                        pairs[another] = (row, other, similarity)
        lists.append(sorted(pairs.values(), key=lambda pair: -pair[2])[:k])
    return lists


def agrees(found, lists):
    for number, expected in enumerate(lists):
        count = len(expected)
        assert found.rows[number, :count].tolist() == [one[0] for one in expected]
        assert found.neighbours[number, :count].tolist() == [one[1] for one in expected]
        values = [one[2] for one in expected]
        assert found.similarities[number, :count] == pytest.approx(values, abs=1e-5)
        assert (found.neighbours[number, count:] == NONE).all()
        assert np.isnan(found.similarities[number, count:]).all()
    assert len(found.rows) == len(lists)


def test_worked_by_hand():
    """Angles of 0, 10, 60 and 90 degrees; the second and third are of one item."""
    turned = np.deg2rad([0, 10, 60, 90])
    vectors = np.stack([np.cos(turned), np.sin(turned)], axis=1).astype(np.float32)
    found = nearest_items(vectors, ["a", "b", "b", "c"], 2)
    assert found.neighbours.tolist() == [[1, 3], [0, 3], [2, 0]]
    assert found.rows.tolist() == [[0, 0], [1, 2], [3, 3]]
    assert found.similarities[0] == pytest.approx([0.98481, 0], abs=1e-4)
    assert found.similarities[1] == pytest.approx([0.98481, 0.86603], abs=1e-4)


@pytest.mark.parametrize("exact_rows", [EVERYTHING, 0], ids=["exact", "graph"])
@pytest.mark.parametrize("most", [1, 4], ids=["one row", "several rows"])
@pytest.mark.parametrize("k", [1, 5, 30])
def test_it_finds_what_a_plain_loop_finds(exact_rows, most, k, monkeypatch):
    monkeypatch.setattr(item_neighbours, "BLOCK_NUMBERS", 1000)
    monkeypatch.setattr(item_neighbours, "BLOCK_ITEMS", 17)
    counts = np.random.default_rng(1).integers(1, most + 1, 60)
    items = items_of(counts)
    vectors = unit_rows(len(items), 6)
    found = nearest_items(vectors, items, k, exact_rows)
    agrees(found, compared_plainly(vectors, items, k))


def test_parts_of_many_items(monkeypatch):
    vectors, items = unit_rows(900, 5), items_of([1] * 900)
    found = nearest_items(vectors, items, 3)
    similarities = vectors @ vectors.T
    np.fill_diagonal(similarities, -2)
    assert (found.neighbours == np.argsort(-similarities, axis=1)[:, :3]).all()


@pytest.mark.parametrize("exact_rows", [EVERYTHING, 0], ids=["exact", "graph"])
@pytest.mark.parametrize("count", [0, 1, 2, 4])
def test_fewer_items_than_wanted(exact_rows, count):
    items = items_of([2] * count)
    vectors = unit_rows(len(items), 4)
    found = nearest_items(vectors, items, 10, exact_rows)
    assert found.rows.shape == (count, 10)
    agrees(found, compared_plainly(vectors, items, 10))


@pytest.mark.parametrize("exact_rows", [EVERYTHING, 0], ids=["exact", "graph"])
def test_equal_rows_are_each_others_neighbours(exact_rows):
    """More equal rows than a graph's links: it does not reach all of them."""
    vectors = np.repeat(unit_rows(2, 4), 120, axis=0)
    found = nearest_items(vectors, items_of([1] * 240), 10, exact_rows)
    assert (found.neighbours // 120 == np.arange(240)[:, None] // 120).all()
    assert (found.neighbours != np.arange(240)[:, None]).all()
    assert found.similarities == pytest.approx(np.ones((240, 10)), abs=1e-5)
    if exact_rows:
        assert found.neighbours[0].tolist() == list(range(1, 11))


def test_a_row_of_zeros_has_neighbours_too():
    vectors = unit_rows(30, 4)
    vectors[3] = 0
    found = nearest_items(vectors, items_of([1] * 30), 5)
    assert (found.similarities[3] == 0).all()
    assert 3 not in found.neighbours[3]
