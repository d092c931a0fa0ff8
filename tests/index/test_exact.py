import numpy as np
import pytest

from tiefvision.index.exact import ExactIndex
from tiefvision.index.neighbours import search_exactly


def unit_rows(count, length=8, seed=0):
    rows = np.random.default_rng(seed).standard_normal((count, length))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_rows_appended_one_by_one_are_found_like_all_at_once():
    rows, queries = unit_rows(40), unit_rows(5, seed=1)
    index = ExactIndex(rows[:3])
    for row in rows[3:]:
        index.append(row[None])
    expected = search_exactly(queries, rows, 7)
    found = index.search(queries, 7)
    assert index.rows == 40
    assert np.array_equal(index.embeddings, rows)
    assert np.array_equal(found.rows, expected.rows)
    assert np.array_equal(found.similarities, expected.similarities)


def test_an_empty_index_grows():
    index = ExactIndex(np.empty((0, 8), np.float32))
    assert index.search(unit_rows(2), 3).rows.shape == (2, 0)
    index.append(np.empty((0, 8), np.float32))
    index.append(unit_rows(2))
    assert index.search(unit_rows(2), 3).rows[:, 0].tolist() == [0, 1]


def test_what_was_read_before_stays_as_it_was():
    rows = unit_rows(6)
    index = ExactIndex(rows[:4])
    before = index.embeddings
    index.append(rows[4:5])
    between = index.embeddings
    index.append(rows[5:])
    assert np.array_equal(before, rows[:4])
    assert np.array_equal(between, rows[:5])


def test_the_index_copies_what_it_is_given():
    rows = unit_rows(4)
    index = ExactIndex(rows)
    index.append(rows[:1])
    rows[:] = 0
    assert np.array_equal(index.embeddings[:4], unit_rows(4))


def test_the_table_is_copied_once_for_many_rows():
    index, tables = ExactIndex(unit_rows(1)), set()
    for row in unit_rows(1000):
        index.append(row[None])
        tables.add(index.embeddings.__array_interface__["data"][0])
    assert len(tables) <= 11  # 2, 4, 8 ... 1024 rows


@pytest.mark.parametrize("shape", [(1, 7), (8,)])
def test_rows_of_another_length_are_refused(shape):
    index = ExactIndex(unit_rows(2))
    with pytest.raises(ValueError, match="Rows have 8 numbers"):
        index.append(np.zeros(shape, np.float32))
    assert index.rows == 2
