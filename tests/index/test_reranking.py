import numpy as np
import pytest

from tiefvision.index import reranking
from tiefvision.index.neighbours import Neighbours, search_exactly
from tiefvision.index.reranking import rerank


def unit_rows(count, length=12, seed=0):
    rows = np.random.default_rng(seed).standard_normal((count, length))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


GALLERY, ASKED = unit_rows(300), unit_rows(20, seed=1)


def reads(gallery, sizes=None):
    """A reader of embeddings that appends the size of each call to ``sizes``."""

    def embeddings_of(rows):
        if sizes is not None:
            sizes.append(len(rows))
        return gallery[rows]

    return embeddings_of


def shortlists(rows):
    rows = np.array(rows, dtype=np.int64)
    return Neighbours(rows, np.zeros(rows.shape, dtype=np.float32))


def random_shortlists(count, width, of, seed=0):
    generator = np.random.default_rng(seed)
    return shortlists([generator.permutation(of)[:width] for _ in range(count)])


@pytest.mark.parametrize("queries", [1, 3, 64])
@pytest.mark.parametrize("rows", [1, 7, 256])
@pytest.mark.parametrize("k", [1, 5, 30, 99])
def test_it_sorts_each_shortlist_by_cosine(monkeypatch, queries, rows, k):
    monkeypatch.setattr(reranking, "QUERIES", queries)
    monkeypatch.setattr(reranking, "ROWS", rows)
    found = random_shortlists(20, 30, of=300)
    ordered = rerank(found, ASKED, reads(GALLERY), k)
    for number, query in enumerate(ASKED):
        cosine = {row: float(query @ GALLERY[row]) for row in found.rows[number]}
        expected = sorted(cosine, key=lambda row: -cosine[row])[:k]
        assert ordered.rows[number].tolist() == expected
        assert ordered.similarities[number] == pytest.approx(
            [cosine[row] for row in expected], abs=1e-6
        )
    assert ordered.rows.dtype == np.int64
    assert ordered.similarities.dtype == np.float32


def test_a_case_worked_by_hand():
    gallery = np.array([[1, 0], [0.6, 0.8], [0, 1], [-1, 0]], dtype=np.float32)
    query = np.array([[0, 1]], dtype=np.float32)
    ordered = rerank(shortlists([[3, 0, 1]]), query, reads(gallery), 2)
    assert ordered.rows.tolist() == [[1, 0]]  # row 2 is closest, but was not found
    assert ordered.similarities[0].tolist() == pytest.approx([0.8, 0.0])


def test_a_shortlist_of_everything_is_exact_search():
    everything = random_shortlists(20, 300, of=300)
    ordered = rerank(everything, ASKED, reads(GALLERY), 10)
    exact = search_exactly(ASKED, GALLERY, 10)
    assert np.array_equal(ordered.rows, exact.rows)
    np.testing.assert_allclose(ordered.similarities, exact.similarities, atol=1e-6)


def test_equal_rows_are_sorted_by_number_in_any_shortlist_order():
    near, far = np.eye(2, dtype=np.float32)
    gallery = np.stack(
        [far, near] * 60
    )  # long, since numpy sorts short arrays stably by any method
    found = random_shortlists(1, 120, of=120)
    ordered = rerank(found, near[None], reads(gallery), 62)
    assert ordered.rows.tolist() == [[*range(1, 120, 2), 0, 2]]
    backwards = shortlists(found.rows[:, ::-1])
    again = rerank(backwards, near[None], reads(gallery), 62)
    assert np.array_equal(again.rows, ordered.rows)


def test_reads_are_limited_and_shared_by_queries():
    found = random_shortlists(20, 200, of=300)
    sizes = []
    rerank(found, ASKED, reads(GALLERY, sizes), 5)
    assert sizes == [256, 44]  # each row once, although twenty queries found it


def test_more_queries_than_a_block_read_again(monkeypatch):
    monkeypatch.setattr(reranking, "QUERIES", 8)
    sizes = []
    rerank(random_shortlists(20, 300, of=300), ASKED, reads(GALLERY, sizes), 5)
    assert sizes == [256, 44] * 3


@pytest.mark.parametrize(("queries", "width"), [(0, 5), (3, 0), (0, 0)])
def test_nothing_found(queries, width):
    sizes = []
    found = Neighbours(
        np.empty((queries, width), np.int64), np.empty((queries, width), np.float32)
    )
    ordered = rerank(found, ASKED[:queries], reads(GALLERY, sizes), 4)
    assert ordered.rows.shape == ordered.similarities.shape == (queries, min(4, width))
    assert ordered.rows.dtype == np.int64
    assert ordered.similarities.dtype == np.float32
    assert sizes == []


def test_similarities_never_leave_their_range():
    longer = np.array([[1.0000002, 0.0]], dtype=np.float32)
    gallery = np.concatenate([longer, -longer])
    ordered = rerank(shortlists([[1, 0]]), longer, reads(gallery), 2)
    assert ordered.similarities.tolist() == [[1.0, -1.0]]


def test_the_numbers_of_queries_and_shortlists_must_match():
    with pytest.raises(ValueError, match="2 queries but 1 shortlists"):
        rerank(shortlists([[0, 1]]), ASKED[:2], reads(GALLERY), 2)


class Remembers:
    """An exact index over reduced embeddings that records the requested k."""

    def __init__(self, gallery):
        self.gallery, self.asked = gallery, []

    def search(self, queries, k):
        self.asked.append(k)
        return search_exactly(queries, self.gallery, k)
