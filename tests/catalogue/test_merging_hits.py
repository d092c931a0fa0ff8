import random

import pytest

from tiefvision.catalogue.merging_hits import merge_by_item
from tiefvision.catalogue.searcher import Hit


def hits(*found, query=""):
    return [
        Hit(rank, item, f"{item}{query}.jpg", similarity, "full", similarity / 2)
        for rank, (item, similarity) in enumerate(found, start=1)
    ]


def test_an_item_is_as_close_as_its_closest_photograph():
    front = hits(("coat", 0.9), ("dress", 0.8), ("hat", 0.1), query="-front")
    back = hits(("dress", 0.85), ("hat", 0.7), ("coat", 0.2), query="-back")
    assert merge_by_item([front, back], 3) == [
        Hit(1, "coat", "coat-front.jpg", 0.9, "full", 0.45),
        Hit(2, "dress", "dress-back.jpg", 0.85, "full", 0.425),
        Hit(3, "hat", "hat-back.jpg", 0.7, "full", 0.35),
    ]


def test_a_photograph_that_shows_little_costs_nothing():
    good = hits(("coat", 0.9), ("dress", 0.8))
    blurred = hits(("hat", 0.3), ("dress", 0.25), ("coat", 0.1))
    merged = merge_by_item([blurred, good], 3)
    assert merged[:2] == good and merged[2].item == "hat"


def test_of_two_equally_close_the_earlier_photograph_comes_first():
    first, second = hits(("b", 0.5), query="-1"), hits(("a", 0.5), ("b", 0.5))
    merged = merge_by_item([first, second], 2)
    assert [(hit.item, hit.photo) for hit in merged] == [
        ("b", "b-1.jpg"),
        ("a", "a.jpg"),
    ]


def test_no_hits_and_one_list():
    assert merge_by_item([], 3) == merge_by_item([[], []], 3) == []
    one = hits(("a", 0.5), ("b", 0.4), ("c", -0.3))
    assert merge_by_item([one], 5) == one
    assert merge_by_item(iter([one]), 2) == one[:2]


@pytest.mark.parametrize("seed", range(20))
def test_k_of_each_list_are_enough(seed):
    chance, k = random.Random(seed), 4
    full = []
    for _ in range(3):
        similarities = [(item, chance.uniform(-1, 1)) for item in "abcdefghij"]
        full.append(hits(*sorted(similarities, key=lambda pair: -pair[1])))
    best = {
        item: max(hit.similarity for one in full for hit in one if hit.item == item)
        for item in "abcdefghij"
    }
    expected = sorted(best.items(), key=lambda pair: -pair[1])[:k]
    merged = merge_by_item([one[:k] for one in full], k)
    assert [(hit.item, hit.similarity) for hit in merged] == expected
    assert [hit.rank for hit in merged] == [1, 2, 3, 4]
