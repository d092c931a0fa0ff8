import numpy as np
import pytest

from tiefvision.index.exact import ExactIndex
from tiefvision.index.hnsw import HnswSettings, build_index
from tiefvision.index.neighbours import Neighbours, search_exactly
from tiefvision.index.tuning import (
    exact_is_better,
    judge,
    least_effort,
    sample_rows,
    tune,
)


def unit_rows(count, length=32, seed=0):
    rows = np.random.default_rng(seed).standard_normal((count, length))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


ROWS, QUERIES = unit_rows(2000), unit_rows(100, seed=1)


@pytest.mark.parametrize("needed", [1, 10, 11, 20, 21, 37, 64, 159, 160])
def test_the_least_effort_that_reaches_the_target(needed):
    asked = []

    def recall_at(effort):
        asked.append(effort)
        return 1.0 if effort >= needed else 0.5

    assert least_effort(recall_at, 0.99) == max(10, needed)
    assert len(asked) <= 12


def test_small_tables_are_searched_exactly():
    assert exact_is_better(0, 256) and exact_is_better(7812, 256)
    assert not exact_is_better(7813, 256)
    assert exact_is_better(31_250, 64)


def test_a_target_out_of_reach():
    assert least_effort(lambda effort: 0.5, 0.99, most=300) == 300
    assert least_effort(lambda effort: 0.5, 0.99, most=4) == 4


def test_sampled_rows_are_different_and_repeatable():
    rows = sample_rows(1000, seed=3, most=100)
    assert len(set(rows.tolist())) == 100 and np.all(np.diff(rows) > 0)
    assert np.array_equal(rows, sample_rows(1000, seed=3, most=100))
    assert not np.array_equal(rows, sample_rows(1000, seed=4, most=100))
    assert sample_rows(3, seed=0).tolist() == [0, 1, 2]
    assert sample_rows(0, seed=0).tolist() == []


def test_an_index_is_judged_by_what_it_misses():
    class MissesOneOfTen:
        def search(self, queries, k):
            found = search_exactly(queries, ROWS, k + 1)
            return Neighbours(found.rows[:, 1:], found.similarities[:, 1:])

    exact = search_exactly(QUERIES, ROWS, 10)
    judged = judge(MissesOneOfTen(), QUERIES, exact)
    assert judged.recall == pytest.approx(0.9)
    assert judged.queries == 100
    assert judged.milliseconds > 0
    assert judge(ExactIndex(ROWS), QUERIES, exact).recall == 1.0


def test_without_queries_there_is_nothing_to_miss():
    nothing = QUERIES[:0]
    judged = judge(ExactIndex(ROWS), nothing, search_exactly(nothing, ROWS, 10))
    assert (judged.recall, judged.milliseconds, judged.queries) == (1.0, 0.0, 0)


def test_an_index_is_tuned_for_a_recall():
    graph = build_index(ROWS, HnswSettings(8, 40, search_effort=10))
    tuned, judged = tune(graph, QUERIES, ROWS, target=0.95)
    effort = tuned.settings.search_effort
    assert judged.recall >= 0.95 and effort > 10
    exact = search_exactly(QUERIES, ROWS, 10)
    less = tuned.with_search_effort(effort - 1)
    assert judge(less, QUERIES, exact).recall < 0.985  # a third of the misses allowed


def test_a_small_index_is_tuned_up_to_its_rows():
    tuned, judged = tune(build_index(ROWS[:5]), QUERIES, ROWS[:5])
    assert (tuned.settings.search_effort, judged.recall) == (5, 1.0)
