import numpy as np
import pytest

from tiefvision.evaluation.retrieval import (
    ranks_of_first_hit,
    recall_at,
    reciprocal_rank,
)


def rank_by_counting(similarities, item, gallery_items):
    """The number of items at least as close as the query's own, that one included."""
    closest = {}
    for other, similarity in zip(gallery_items, similarities, strict=True):
        closest[other] = max(similarity, closest.get(other, -2.0))
    if item not in closest:
        return 0
    return sum(value >= closest[item] for value in closest.values())


@pytest.mark.parametrize("levels", [3, 1000])  # 3: nearly everything is a tie
def test_ranks_against_counting(levels):
    generator = np.random.default_rng(levels)
    gallery_items = [f"item{number}" for number in generator.integers(0, 12, 40)]
    query_items = [f"item{number}" for number in generator.integers(0, 15, 30)]
    steps = generator.integers(0, levels, (30, 40))
    table = (steps / levels).astype(np.float32)
    ranks = ranks_of_first_hit(table, query_items, gallery_items)
    expected = [
        rank_by_counting(row, item, gallery_items)
        for row, item in zip(table.tolist(), query_items, strict=True)
    ]
    assert 0 in expected  # an item that the gallery lacks
    assert len(set(expected)) > 3
    assert ranks.tolist() == expected
    assert ranks.dtype == np.int64


def test_an_item_counts_once_and_by_its_closest_photograph():
    items = ["a", "a", "a", "b", "b", "c"]
    table = np.array([[0.9, 0.8, 0.7, 0.1, 0.6, 0.5]], dtype=np.float32)
    assert ranks_of_first_hit(table, ["a"], items).tolist() == [1]
    assert ranks_of_first_hit(table, ["b"], items).tolist() == [2]
    assert ranks_of_first_hit(table, ["c"], items).tolist() == [3]


def test_a_tie_counts_against_the_query():
    alike = np.full((2, 4), 0.5, dtype=np.float32)
    ranks = ranks_of_first_hit(alike, ["a", "d"], ["a", "b", "c", "d"])
    assert ranks.tolist() == [4, 4]


def test_negative_similarities():
    table = np.array([[-0.2, -0.9], [-0.2, -0.9]], dtype=np.float32)
    assert ranks_of_first_hit(table, ["a", "b"], ["a", "b"]).tolist() == [1, 2]


def test_a_similarity_that_is_no_number_is_no_hit():
    table = np.array([[np.nan, 0.2]], dtype=np.float32)
    assert ranks_of_first_hit(table, ["a"], ["a", "b"]).tolist() == [0]


def test_nothing_to_rank():
    none = np.empty((0, 3), dtype=np.float32)
    assert ranks_of_first_hit(none, [], ["a", "b", "c"]).shape == (0,)
    empty = np.empty((2, 0), dtype=np.float32)
    assert ranks_of_first_hit(empty, ["a", "b"], []).tolist() == [0, 0]


def test_recall_and_reciprocal_rank_by_hand():
    ranks = np.array([1, 2, 5, 0, 6])
    assert recall_at(ranks, 1).tolist() == [1, 0, 0, 0, 0]
    assert recall_at(ranks, 5).tolist() == [1, 1, 1, 0, 0]
    assert recall_at(ranks, 100).mean() == pytest.approx(4 / 5)
    assert reciprocal_rank(ranks) == pytest.approx([1, 1 / 2, 1 / 5, 0, 1 / 6])


def test_figures_of_no_queries():
    nothing = np.empty(0, dtype=np.int64)
    assert recall_at(nothing, 5).shape == (0,)
    assert reciprocal_rank(nothing).shape == (0,)
