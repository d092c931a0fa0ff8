import numpy as np
import pytest

from tiefvision.index.folding import FoldedIndex, Folding, learn_folding
from tiefvision.index.hnsw import HnswSettings, build_index
from tiefvision.index.neighbours import recall_of_neighbours, search_exactly


def unit_rows(count, length=32, seed=0):
    """Rows whose spread falls with the number of the component."""
    rows = np.random.default_rng(seed).standard_normal((count, length))
    rows /= np.sqrt(1 + np.arange(length))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


ROWS, QUERIES = unit_rows(600), unit_rows(40, seed=1)


def folded_index(width=16, effort=40, embeddings=ROWS):
    folding = learn_folding(embeddings, width)
    graph = build_index(folding.apply(embeddings), HnswSettings(search_effort=effort))
    return FoldedIndex(graph, folding, embeddings)


def test_a_vector_folded_by_hand():
    keep_second = Folding(np.array([[0.0], [1.0], [0.0]], np.float32))
    folded = keep_second.apply(np.array([[0.48, 0.6, 0.64]], np.float32))
    np.testing.assert_allclose(folded, [[0.6, 0.8]], atol=1e-6)


def test_folded_vectors_have_unit_length_and_are_not_further_apart():
    folding = learn_folding(ROWS, 12)
    rows, queries = folding.apply(ROWS), folding.apply(QUERIES)
    assert rows.shape == (600, 12) and rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    assert np.all(queries @ rows.T >= QUERIES @ ROWS.T - 1e-6)


def test_the_directions_are_those_of_most_variance():
    columns = np.zeros((50, 4), np.float32)
    columns[:, 2] = np.linspace(-0.9, 0.9, 50)
    columns[:, 0] = np.sqrt(1 - columns[:, 2] ** 2)
    (first, second) = learn_folding(columns, 3).directions.T
    assert sorted([abs(first).argmax(), abs(second).argmax()]) == [0, 2]


def test_without_loss_folding_changes_no_similarity():
    rows = np.concatenate([ROWS[:, :8], np.zeros((600, 8), np.float32)], axis=1)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    folded = learn_folding(rows, 9).apply(rows)
    np.testing.assert_allclose(folded @ folded.T, rows @ rows.T, atol=1e-3)


def test_the_shortlist_is_ordered_by_the_vectors_themselves():
    index, exact = folded_index(), search_exactly(QUERIES, ROWS, 10)
    found = index.search(QUERIES, 10)
    assert found.rows.shape == (40, 10)
    # NMSLIB draws another graph each time: 0.94 to 1.
    assert recall_of_neighbours(found, exact) >= 0.9
    for query, rows, cosines in zip(
        QUERIES, found.rows, found.similarities, strict=True
    ):
        np.testing.assert_allclose(cosines, ROWS[rows] @ query, atol=1e-6)
        assert np.all(np.diff(cosines) <= 0)
    assert index.rows == 600


def test_more_effort_finds_more():
    index, exact = folded_index(4, 10), search_exactly(QUERIES, ROWS, 10)
    low = recall_of_neighbours(index.search(QUERIES, 10), exact)
    every = recall_of_neighbours(index.search(QUERIES, 10, effort=600), exact)
    assert low < every >= 0.99
    other = index.with_search_effort(600)
    assert recall_of_neighbours(other.search(QUERIES, 10), exact) >= 0.99


def test_equal_rows_are_in_the_order_of_their_numbers():
    equal = np.repeat(ROWS[:4], 10, axis=0)
    found = folded_index(embeddings=equal).search(ROWS[:4], 5)
    expected = [[10 * row + number for number in range(5)] for row in range(4)]
    assert found.rows.tolist() == expected


@pytest.mark.parametrize(("rows", "queries"), [(600, 0), (3, 2)])
def test_few_rows_and_no_queries(rows, queries):
    found = folded_index(embeddings=ROWS[:rows]).search(QUERIES[:queries], 5)
    assert found.rows.shape == (queries, min(5, rows) if queries else 0)
