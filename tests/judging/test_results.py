from dataclasses import replace

import numpy as np
import pytest

from tiefvision.evaluation.intervals import Figure
from tiefvision.evaluation.searches import Search
from tiefvision.judging.results import (
    CUTS,
    LISTED,
    RankerResult,
    chances,
    differences,
    figures_of_all,
    run_search,
)
from tiefvision.progress import untracked
from tiefvision.ranking.cosine import embed_cells
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.ranking.similarity import normalise_cells, unit_rows
from tiefvision.ranking.views import similarity_rows, similarity_table
from tiefvision.records import View

COUNT, QUERIES = 30, 8
ITEMS = tuple(f"item{number % 11}" for number in range(COUNT))
MAPS = normalise_cells(
    np.random.default_rng(0).standard_normal((COUNT + QUERIES, 4, 3, 3), np.float32)
)
SEARCH = Search(
    "item",
    tuple(View(str(COUNT + number)) for number in range(QUERIES)),
    (*(f"item{number}" for number in range(QUERIES - 1)), "nowhere"),
    tuple(View(str(number)) for number in range(COUNT)),
    ITEMS,
)


def garments_of(views):
    return GarmentBatch(MAPS[[int(view.path) for view in views]])


def first_channel(garments):
    return unit_rows(garments.maps[:, 0].reshape(-1, 9))


RANKERS = {"cosine": embed_cells, "narrow": first_channel}


def test_ranks_and_neighbours_against_a_loop():
    results = run_search(SEARCH, RANKERS, garments_of)
    assert [result.ranker for result in results] == ["cosine", "narrow"]
    for result, embed in zip(results, RANKERS.values(), strict=True):
        gallery = embed(GarmentBatch(MAPS[:COUNT]))
        for row in range(QUERIES):
            query = embed(GarmentBatch(MAPS[COUNT + row][None]))[0]
            cosines = (gallery @ query).tolist()
            order = sorted(range(COUNT), key=lambda number: -cosines[number])
            assert result.closest[row].tolist() == order[:LISTED]
            np.testing.assert_allclose(
                result.similarities[row], sorted(cosines)[::-1][:LISTED], atol=1e-6
            )
            assert result.farthest[row].tolist() == order[::-1][:LISTED]
            np.testing.assert_allclose(
                result.least_similarities[row], sorted(cosines)[:LISTED], atol=1e-6
            )
            items = list(dict.fromkeys(ITEMS[number] for number in order))
            item = SEARCH.query_items[row]
            rank = items.index(item) + 1 if item in items else 0
            assert result.ranks[row] == rank
            right = [ITEMS[number] == item for number in order]
            assert result.lists["precision@30"][row] == sum(right) / 30
            found = [sum(right[: n + 1]) / (n + 1) for n in range(COUNT) if right[n]]
            expected = sum(found) / max(len(found), 1)
            assert result.lists["average_precision"][row] == pytest.approx(expected)
    assert results[0].ranks.tolist() != results[1].ranks.tolist()


def triplets_of(search, row, similarities, columns):
    """All pairs of a relevant and an irrelevant column, with their positions."""
    order = sorted(columns, key=lambda column: -similarities[column])
    item = search.query_items[row]
    right = [search.gallery_items[column] == item for column in order]
    return [
        (place, other)
        for place in range(len(order))
        if right[place]
        for other in range(len(order))
        if not right[other]
    ]


def in_order(triplets):
    return sum(place < other for place, other in triplets) / len(triplets)


def dressed_search(within):
    """20 queries over 150 photographs of 12 items, three kinds and five variants."""
    numbers = range(170)
    views = tuple(View(str(number)) for number in numbers)
    items = [f"item{number * 7 % 12}" for number in numbers]
    kinds = [f"kind{number * 7 % 12 % 3}" for number in numbers]
    variants = [f"variant{number // 11 % 5}" for number in numbers]
    asking, shown = slice(150, 170), slice(0, 150)
    return Search(
        "item",
        views[asking],
        tuple(items[asking]),
        views[shown],
        tuple(items[shown]),
        query_kinds=tuple(kinds[asking]),
        gallery_kinds=tuple(kinds[shown]),
        query_variants=tuple(variants[asking]),
        gallery_variants=tuple(variants[shown]),
        within=within,
    )


def may_find(search, row, column):
    if search.within == "all":
        return True
    if search.within == "category":
        return search.query_kinds[row] == search.gallery_kinds[column]
    same = search.query_variants[row] == search.gallery_variants[column]
    return same != (search.query_items[row] == search.gallery_items[column])


@pytest.mark.parametrize("within", ["all", "category", "variants"])
def test_figures_of_a_part_of_the_gallery_against_a_loop(within):
    search = dressed_search(within)
    maps = normalise_cells(
        np.random.default_rng(5).standard_normal((170, 3, 2, 2), np.float32)
    )

    def read(views):
        return GarmentBatch(maps[[int(view.path) for view in views]])

    (result,) = run_search(search, {"cosine": embed_cells}, read)
    # One product of matrices, as the search has it: a product of a vector rounds
    # otherwise on some processors, where two cosines are nearly equal.
    table = similarity_table(search.queries, search.gallery, read, embed_cells)
    for row in range(20):
        cosines = table[row].tolist()
        columns = [column for column in range(150) if may_find(search, row, column)]
        triplets = triplets_of(search, row, cosines, columns)
        assert result.lists["triplet_accuracy"][row] == pytest.approx(
            in_order(triplets)
        )
        reached = [pair for pair in triplets if min(pair) < 30]
        score = sum(1 if place < other else -1 for place, other in reached)
        assert result.lists["score@30"][row] == score
        kind = search.query_kinds[row]
        alike = [column for column in columns if search.gallery_kinds[column] == kind]
        assert result.lists["similarity_precision"][row] == pytest.approx(
            in_order(triplets_of(search, row, cosines, alike))
        )
        order = sorted(columns, key=lambda column: -cosines[column])
        assert result.closest[row].tolist() == order[:LISTED]
        assert result.farthest[row].tolist() == order[::-1][:LISTED]


BY_HAND = Search(
    "item",
    (View("1.0"), View("1.0"), View("1.0")),
    ("a", "c", "e"),
    tuple(View(text) for text in ("0.9", "0.8", "0.7", "0.6", "0.5", "0.4", "0.3")),
    ("b", "a", "c", "b", "a", "d", "e"),
    query_kinds=("hat", "coat", "shoe"),
    gallery_kinds=("hat", "hat", "coat", "hat", "hat", "coat", "shoe"),
)
"""Photographs of the gallery; the name of each is its similarity."""


def by_hand(within):
    def read(views):
        return GarmentBatch(
            np.array([[float(view.path)] for view in views], np.float32)
        )

    search = replace(BY_HAND, within=within)
    (result,) = run_search(search, {"any": lambda garments: garments.maps}, read)
    return result


def test_triplets_by_hand():
    result = by_hand("all")
    # The hits of a have ranks 2 and 5, before four and two of five negatives; that of c
    # has rank 3, before four of six negatives; that of e is the last.
    assert result.lists["triplet_accuracy"].tolist() == [6 / 10, 4 / 6, 0]
    assert result.lists["score@30"].tolist() == [6 - 4, 4 - 2, -6]
    # The hats rank b a b a: one of four triplets is in order. Shoes have no negative.
    assert result.lists["similarity_precision"].tolist() == [1 / 4, 1, 0.5]


def test_triplets_within_the_category_by_hand():
    result = by_hand("category")
    assert result.lists["triplet_accuracy"].tolist() == [1 / 4, 1, 0]
    assert result.lists["similarity_precision"].tolist() == [1 / 4, 1, 0.5]
    assert result.lists["score@30"].tolist() == [1 - 3, 1, 0]
    assert result.closest[:, :5].tolist() == [
        [0, 1, 3, 4, -1],
        [2, 5, -1, -1, -1],
        [6, -1, -1, -1, -1],
    ]
    assert result.farthest[:2, :4].tolist() == [[4, 3, 1, 0], [5, 2, -1, -1]]
    assert result.least_similarities[1].tolist() == pytest.approx([0.4, 0.7, *[0] * 5])


@pytest.mark.parametrize("within", ["all", "category"])
def test_a_miss_has_the_worst_possible_figures(within):
    result = by_hand(within)
    worst = result.with_misses(np.ones(3, dtype=np.bool_)).lists
    # a has two hits and five negatives, two of them within the category.
    most = {"all": [-10, -6, -6], "category": [-4, -1, 0]}
    assert worst["score@30"].tolist() == most[within]
    # A query without a triplet has the same figure as a miss.
    assert worst["similarity_precision"].tolist() == [0, 0, 0.5]
    for name, values in worst.items():
        assert (values <= result.lists[name]).all()


def result_of(*ranks):
    return RankerResult(
        "any",
        np.array(ranks),
        {"average_precision": 1.0 / np.array(ranks, dtype=np.float64).clip(1)},
        np.zeros((len(ranks), 0), np.int64),
        np.zeros((len(ranks), 0), np.float32),
        np.zeros((len(ranks), 0), np.int64),
        np.zeros((len(ranks), 0), np.float32),
    )


def test_figures_by_hand():
    result = result_of(1, 4, 0, 12)
    figures = {name: figure.value for name, figure in result.figures().items()}
    assert figures == pytest.approx(
        {
            "recall@1": 1 / 4,
            "recall@3": 1 / 4,
            "recall@5": 2 / 4,
            "recall@10": 2 / 4,
            "recall@20": 3 / 4,
            "recall@30": 3 / 4,
            "recall@50": 3 / 4,
            "reciprocal_rank": (1 + 1 / 4 + 0 + 1 / 12) / 4,
            "average_precision": (1 + 1 / 4 + 1 + 1 / 12) / 4,
        }
    )
    assert CUTS == (1, 3, 5, 10, 20, 30, 50)


def test_results_do_not_depend_on_the_block(monkeypatch):
    (whole,) = run_search(SEARCH, {"cosine": embed_cells}, garments_of)
    monkeypatch.setattr(similarity_rows, "__defaults__", (3, untracked, None, 0))
    (blocks,) = run_search(SEARCH, {"cosine": embed_cells}, garments_of)
    for one, other in zip(
        (whole.ranks, whole.closest, whole.similarities, *whole.lists.values()),
        (blocks.ranks, blocks.closest, blocks.similarities, *blocks.lists.values()),
        strict=True,
    ):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_the_chance_of_each_difference():
    alike = chances(result_of(1, 7), result_of(1, 7))
    assert set(alike.values()) == {1.0}
    ahead = chances(result_of(*[1] * 20), result_of(*[4] * 20))
    assert ahead["recall@1"] < 0.001
    assert ahead["recall@5"] == 1.0


def test_differences_are_paired():
    ahead = differences(result_of(1, 1, 3), result_of(2, 2, 4))
    assert ahead["recall@1"].value == pytest.approx(2 / 3)
    assert ahead["recall@5"] == Figure(0.0, 0.0, 0.0)
    expected = (1 / 2 + 1 / 2 + 1 / 3 - 1 / 4) / 3
    assert ahead["reciprocal_rank"].value == pytest.approx(expected)
    same = differences(result_of(1, 7), result_of(1, 7))
    assert set(same.values()) == {Figure(0.0, 0.0, 0.0)}


@pytest.mark.parametrize("within", ["all", "category"])
def test_figures_by_judgements_by_hand(within):
    # In the order of the gallery: photographs of b, a, c, b, a, d, e.
    grades = ({1: 1.0, 2: 3.0}, {5: 2.0}, {})
    search = replace(BY_HAND, within=within, grades={"mine": grades})

    def read(views):
        return GarmentBatch(
            np.array([[float(view.path)] for view in views], np.float32)
        )

    (result,) = run_search(search, {"any": lambda garments: garments.maps}, read)
    # The coat at place 3 is out of reach of a hat; to a coat, d is the second coat.
    first = {"all": 1 / np.log2(3) + 3 / 2, "category": 1 / np.log2(3)}[within]
    best = {"all": 3 + 1 / np.log2(3), "category": 1}[within]
    second = {"all": 0.0, "category": 1 / np.log2(3)}[within]
    expected = [first / best, second, 0.0]
    np.testing.assert_allclose(result.lists["mine_ndcg@5"], expected)
    assert result.lists["mine_recall@1"].tolist() == [0, 0, 0]
    assert result.lists["mine_recall@10"].tolist() == [1, 1, 0]
    missed = result.with_misses(np.ones(3, dtype=np.bool_))
    assert missed.lists["mine_ndcg@10"].tolist() == [0, 0, 0]


def test_lost_queries_are_products_of_their_own():
    result = replace(result_of(1, 1, 1, 1), products=np.array([0, 0, 0, 0]))
    figure = figures_of_all(result, 8)["recall@1"]
    # Five products: one of four queries that are found, and four of a lost one each.
    assert (figure.value, figure.low) == (0.5, 0.0)
    assert figure.by_query[0] > 0.0


def test_a_search_without_queries():
    nothing = Search("mirror", (), (), SEARCH.gallery, SEARCH.gallery_items)
    (result,) = run_search(nothing, {"cosine": embed_cells}, garments_of)
    assert result.ranks.shape == (0,)
    assert set(result.figures().values()) == {Figure(0.0, 0.0, 0.0)}


def test_a_gallery_smaller_than_the_list():
    small = Search("item", SEARCH.queries[:2], ("item0", "item9"), *_first(3))
    (result,) = run_search(small, {"cosine": embed_cells}, garments_of)
    assert result.closest.shape == result.similarities.shape == (2, 3)
    assert result.farthest.tolist() == result.closest[:, ::-1].tolist()
    assert result.ranks[1] == 0


def _first(count):
    return SEARCH.gallery[:count], SEARCH.gallery_items[:count]
