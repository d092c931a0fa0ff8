"""Random cases against trec_eval (pytrec_eval) and pytorch-metric-learning."""

import numpy as np
import pytest

from tiefvision.evaluation.ranked_lists import (
    average_precision,
    gains_in_order,
    hits_in_order,
    ndcg_at,
    precision_at,
)
from tiefvision.evaluation.retrieval import (
    ranks_of_first_hit,
    recall_at,
    reciprocal_rank,
)

QUERIES, GALLERY = 40, 60
CUTS = (1, 5, 10)


@pytest.fixture(scope="module")
def grades():
    """Graded relevance of each photograph for each query, mostly 0."""
    drawn = np.random.default_rng(1).choice(
        [0, 1, 2, 5], (QUERIES, GALLERY), p=[0.85, 0.08, 0.05, 0.02]
    )
    drawn[:3] = 0  # queries without anything relevant
    drawn[3, 0] = 1
    return drawn


@pytest.fixture(scope="module")
def similarities():
    """(Q, N) float32, all different within a query."""
    table = np.random.default_rng(2).random((QUERIES, GALLERY), dtype=np.float32)
    assert all(len(set(row)) == GALLERY for row in table)
    return table


@pytest.fixture(scope="module")
def by_trec_eval(grades, similarities):
    """trec_eval's figures of each query."""
    pytrec_eval = pytest.importorskip("pytrec_eval")
    measures = {"map", "recip_rank", "ndcg_cut.5,10", "P.1,5,10", "success.1,5,10"}
    qrels, run = (
        {
            f"q{query}": {f"d{place}": kind(value) for place, value in enumerate(row)}
            for query, row in enumerate(table)
        }
        for table, kind in ((grades, int), (similarities, float))
    )
    found = pytrec_eval.RelevanceEvaluator(qrels, measures).evaluate(run)
    return lambda name: [found[f"q{query}"][name] for query in range(QUERIES)]


def test_lists_against_trec_eval(by_trec_eval, grades, similarities):
    hits = hits_in_order(similarities, grades > 0)
    np.testing.assert_allclose(average_precision(hits), by_trec_eval("map"), atol=1e-12)
    for k in CUTS:
        expected = by_trec_eval(f"P_{k}")
        np.testing.assert_allclose(precision_at(hits, k), expected, atol=1e-12)


def test_ndcg_against_trec_eval(by_trec_eval, grades, similarities):
    gains = gains_in_order(similarities, grades.astype(np.float32))
    for k in (5, 10):
        expected = by_trec_eval(f"ndcg_cut_{k}")
        np.testing.assert_allclose(ndcg_at(gains, k), expected, atol=1e-12)
        assert 0.05 < np.mean(expected) < 0.95


def test_ranks_of_items_against_trec_eval(similarities):
    """One photograph an item, so that photographs and items count alike."""
    pytrec_eval = pytest.importorskip("pytrec_eval")
    items = [f"d{place}" for place in range(GALLERY)]
    wanted = [items[number * 7 % GALLERY] for number in range(QUERIES)]
    ranks = ranks_of_first_hit(similarities, wanted, items)
    qrels = {f"q{query}": {item: 1} for query, item in enumerate(wanted)}
    run = {
        f"q{query}": dict(zip(items, map(float, row), strict=True))
        for query, row in enumerate(similarities)
    }
    measures = {"recip_rank", "success.1,5,10"}
    found = pytrec_eval.RelevanceEvaluator(qrels, measures).evaluate(run)
    names = [f"q{query}" for query in range(QUERIES)]
    expected = [found[name]["recip_rank"] for name in names]
    np.testing.assert_allclose(reciprocal_rank(ranks), expected, atol=1e-12)
    for k in CUTS:
        expected = [found[name][f"success_{k}"] for name in names]
        assert recall_at(ranks, k).tolist() == expected


def test_figures_against_pytorch_metric_learning():
    calculators = pytest.importorskip(
        "pytorch_metric_learning.utils.accuracy_calculator"
    )
    torch = pytest.importorskip("torch")
    generator = np.random.default_rng(3)
    rows = generator.standard_normal((QUERIES + GALLERY, 8)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    items = generator.integers(0, 6, QUERIES + GALLERY)  # each in the gallery
    queries, gallery = rows[:QUERIES], rows[QUERIES:]

    def nearest(query, k, reference, ref_includes_query=False):
        return torch.cdist(query, reference).topk(k, largest=False)

    calculator = calculators.AccuracyCalculator(
        include=("precision_at_1", "mean_reciprocal_rank", "mean_average_precision"),
        k=GALLERY,
        knn_func=nearest,  # its own would ask for faiss
    )
    expected = calculator.get_accuracy(
        *(torch.from_numpy(table) for table in (queries, items[:QUERIES])),
        *(torch.from_numpy(table) for table in (gallery, items[QUERIES:])),
    )
    hits = hits_in_order(queries @ gallery.T, items[:QUERIES, None] == items[QUERIES:])
    first = hits.argmax(axis=1) + 1
    assert expected["precision_at_1"] == pytest.approx(precision_at(hits, 1).mean())
    assert expected["mean_reciprocal_rank"] == pytest.approx((1 / first).mean())
    assert expected["mean_average_precision"] == pytest.approx(
        average_precision(hits).mean(), abs=1e-6
    )
