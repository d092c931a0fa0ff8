"""Search over segments equals exact search over the rows that are there."""

import numpy as np
import pytest

from tiefvision.index.exact import ExactIndex
from tiefvision.index.hnsw import HnswSettings, build_index
from tiefvision.index.neighbours import Neighbours, search_exactly
from tiefvision.index.segments import RARE, Segment, Segments


def unit_rows(count, width=8, seed=0):
    rows = np.random.default_rng(seed).standard_normal((count, width))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def graph_of(vectors):
    """A graph that misses nothing: its search effort is beyond its rows."""
    return build_index(vectors, HnswSettings(links=32, effort=400, search_effort=2000))


class Catalogue:
    """Rows with scattered numbers in a graph, a second graph and an exact part."""

    def __init__(self, sizes=(400, 150, 50), seed=0, vectors=None):
        random = np.random.default_rng(seed)
        count = sum(sizes)
        self.numbers = np.sort(random.choice(3 * count, count, replace=False))
        self.room = 3 * count
        self.vectors = unit_rows(count, seed=seed) if vectors is None else vectors
        self.alive = np.ones(count, dtype=bool)
        self.read = 0
        parts, start = [], 0
        for place, size in enumerate(sizes):
            own = slice(start, start + size)
            make = graph_of if place < len(sizes) - 1 else ExactIndex
            parts.append(Segment(self.numbers[own], make(self.vectors[own])))
            start += size
        self.segments = Segments(parts, self.vectors_of)

    def vectors_of(self, numbers):
        self.read += len(numbers)
        return self.vectors[np.searchsorted(self.numbers, numbers)]

    def remove(self, numbers):
        for part in self.segments.parts:
            part.remove(np.asarray(numbers, dtype=np.int64))
        self.alive &= ~np.isin(self.numbers, numbers)

    def expected(self, query, k, allowed=None):
        kept = self.alive if allowed is None else self.alive & allowed[self.numbers]
        found = search_exactly(query, self.vectors[kept], k)
        return self.numbers[kept][found.rows[0]], found.similarities[0]

    def check(self, k, allowed=None, queries=5, seed=9):
        for query in unit_rows(queries, seed=seed):
            found = self.segments.search(query[None], k, allowed)
            rows, similarities = self.expected(query[None], k, allowed)
            assert found.rows.tolist() == [rows.tolist()]
            np.testing.assert_allclose(found.similarities[0], similarities, atol=1e-6)


@pytest.mark.parametrize("k", [1, 10, 600, 10_000])
def test_segments_are_searched_as_one_index(k):
    catalogue = Catalogue()
    assert catalogue.segments.rows == 600
    catalogue.check(k)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.97, 1.0])
def test_removed_rows_are_never_found(share):
    catalogue = Catalogue()
    random = np.random.default_rng(1)
    count = round(share * len(catalogue.numbers))
    gone = random.choice(catalogue.numbers, count, replace=False)
    catalogue.remove(gone)
    catalogue.remove(gone)  # a second time
    assert catalogue.segments.rows == 600 - count
    assert sum(part.dead for part in catalogue.segments.parts) == count
    for k in (1, 10, 700):
        catalogue.check(k)


def test_numbers_of_other_segments_and_unknown_ones_remove_nothing():
    catalogue = Catalogue((20, 10))
    catalogue.remove(np.setdiff1d(np.arange(-5, 200), catalogue.numbers))
    assert catalogue.segments.rows == 30
    empty = Segment(np.empty(0, np.int64), ExactIndex(np.empty((0, 8), np.float32)))
    empty.remove(np.array([1, 2]))
    assert empty.dead == 0


@pytest.mark.parametrize("count", [0, 1, 3, 11, 29, 31, 100, 400, 600])
def test_never_fewer_than_k_of_the_allowed_while_there_are_as_many(count):
    """Also where what is allowed lies far from the query, all in one segment."""
    catalogue = Catalogue()
    random = np.random.default_rng(2)
    catalogue.remove(random.choice(catalogue.numbers, 60, replace=False))
    for seed in range(3):
        query = unit_rows(1, seed=9)
        farthest = np.argsort(query @ catalogue.vectors.T)[0][:count]
        for chosen in (farthest, random.choice(600, count, replace=False)):
            allowed = np.zeros(catalogue.room, dtype=bool)
            allowed[catalogue.numbers[chosen]] = True
            for k in (1, 10, 50):
                catalogue.check(k, allowed, queries=2, seed=9 + seed)


def test_few_allowed_rows_are_compared_one_by_one():
    catalogue = Catalogue()
    allowed = np.zeros(catalogue.room, dtype=bool)
    allowed[catalogue.numbers[: int(600 * RARE)]] = True
    catalogue.check(10, allowed, queries=1)
    assert catalogue.read == 30
    allowed[catalogue.numbers[:300]] = True
    catalogue.check(10, allowed, queries=1)
    assert catalogue.read == 30  # by the graphs alone


def test_equal_rows_are_in_the_order_of_their_numbers():
    """Across segments, and also where only some of them fit."""
    vectors = np.tile(unit_rows(1), (60, 1))
    catalogue = Catalogue((0, 30, 30), vectors=vectors)
    catalogue.remove(catalogue.numbers[[3, 40]])
    found = catalogue.segments.search(unit_rows(1), 60, None)
    there = np.delete(catalogue.numbers, [3, 40])
    assert found.rows[0].tolist() == there.tolist()
    allowed = np.zeros(catalogue.room, dtype=bool)
    allowed[there[[1, 50]]] = True
    found = catalogue.segments.search(unit_rows(1), 60, allowed)
    assert found.rows[0].tolist() == there[[1, 50]].tolist()


class Forgetful:
    """An index that reaches no more than two rows."""

    def __init__(self, embeddings):
        self._index = ExactIndex(embeddings)

    def search(self, queries, k):
        return self._index.search(queries, min(k, 2))


def test_what_a_graph_does_not_reach_is_compared_one_by_one():
    catalogue = Catalogue()
    first = catalogue.segments.parts[0]
    first.index = Forgetful(catalogue.vectors[:400])
    catalogue.check(300)
    assert catalogue.read


@pytest.mark.parametrize("parts", [0, 1])
def test_nothing_is_found_where_there_is_nothing(parts):
    none = np.empty((0, 8), np.float32)
    segments = Segments(
        [Segment(np.empty(0, np.int64), ExactIndex(none))] * parts, lambda rows: none
    )
    for allowed in (None, np.zeros(0, dtype=bool), np.zeros(9, dtype=bool)):
        found = segments.search(unit_rows(1), 5, allowed)
        assert isinstance(found, Neighbours)
        assert found.rows.shape == found.similarities.shape == (1, 0)
        assert (found.rows.dtype, found.similarities.dtype) == (np.int64, np.float32)
