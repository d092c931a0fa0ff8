from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from tiefvision.records import Garment, Photo, Triplet, View
from tiefvision.triplets.sampling import (
    Hardness,
    Query,
    ViewTriplet,
    combine_queries,
    judged_triplets,
    list_queries,
    mine_triplets,
)


def photo(path, source="shop", item=""):
    return Photo(path, 10, 10, source, "train", item_id=item)


def queries_by_path(photos):
    queries = list_queries(photos)
    assert len({query.path for query in queries}) == len(queries)
    return {query.path: query for query in queries}


ITEMS = [
    photo("street/a", "street", "a"),
    photo("shop/a1", item="a"),
    photo("shop/a2", item="a"),
    photo("street/b", "street", "b"),
    photo("shop/b", item="b"),
    photo("shop/unknown"),
    photo("street/c", "street", "c"),  # an item without a shop photograph
]


def test_positives_of_a_street_photograph_are_its_shop_photographs():
    query = queries_by_path(ITEMS)["street/a"]
    assert query.positives == ("shop/a1", "shop/a2")
    assert tuple(query.negatives) == ("shop/b", "shop/unknown")


def test_other_photographs_use_views_of_themselves_as_positives():
    queries = queries_by_path(ITEMS)
    assert queries["shop/a1"].positives == ()
    assert queries["street/c"].positives == ()
    # No photograph of its item is a negative, whether from the street or the shop.
    assert set(queries["shop/a1"].negatives) == {
        "street/b",
        "shop/b",
        "shop/unknown",
        "street/c",
    }
    assert len(set(queries["street/c"].negatives)) == 6


def test_datasets_without_items_have_no_positives():
    queries = queries_by_path([photo("p"), photo("q"), photo("r", "street")])
    assert len(queries) == 3
    assert queries["p"].positives == ()
    assert tuple(queries["p"].negatives) == ("q", "r")


def test_queries_share_gallery_tuples():
    queries = list_queries(ITEMS)
    # One gallery of all shop photographs, and one of all photographs.
    assert len({id(query.gallery) for query in queries}) == 2


@pytest.mark.parametrize(
    "photos",
    [
        [],
        [photo("alone")],
        [photo("a1", item="a"), photo("a2", item="a"), photo("a3", "street", "a")],
    ],
)
def test_photographs_without_a_negative_give_no_query(photos):
    assert list_queries(photos) == []


def random_case(count=12, seed=0):
    """Queries of four items of three photographs each, and their similarities."""
    paths = [f"{item}{number}" for item in "abcd" for number in range(3)]
    queries = [
        Query(
            path,
            tuple(p for p in paths if p[0] == path[0] and p != path),
            tuple(p for p in paths if p[0] != path[0]),
        )
        for path in paths
    ]
    table = np.random.default_rng(seed).random((count, count)).astype(np.float32)
    return queries, paths, table


def mine(queries, paths, table, hardest, generator, close=1.0, alterations=0):
    hardness = Hardness(hardest, close)
    return mine_triplets(queries, paths, table, hardness, alterations, generator)


@pytest.mark.parametrize("hardest", [1, 3, 100])
def test_negatives_are_drawn_from_the_hardest_of_other_items(hardest):
    queries, paths, table = random_case()
    generator = np.random.default_rng(0)
    chosen = {path: set() for path in paths}
    for _ in range(200):
        for triplet in mine(queries, paths, table, hardest, generator):
            chosen[triplet.anchor.path].add(triplet.negative.path)
    for row, query in enumerate(queries):
        ranked = sorted(
            query.negatives, key=lambda path: -table[row, paths.index(path)]
        )
        assert chosen[query.path] == set(ranked[:hardest])


def test_positives_and_views_are_drawn_at_random():
    queries, paths, table = random_case()
    generator = np.random.default_rng(0)
    seen = {path: set() for path in paths}
    views = set()
    for _ in range(100):
        for triplet in mine(queries, paths, table, 3, generator):
            seen[triplet.anchor.path].add(triplet.positive.path)
            views.add(tuple(view.mirrored for view in triplet.views()))
    for query in queries:
        assert seen[query.path] == set(query.positives)
    assert len(views) == 8  # each of the three mirrored or not


def test_the_mirror_rule_takes_the_mirror_image_as_positive():
    queries = [Query("p", (), ("q",)), Query("q", (), ("p",))]
    generator = np.random.default_rng(0)
    anchors = set()
    for _ in range(30):
        triplets = mine(queries, ["p", "q"], np.eye(2), 5, generator)
        for triplet, (path, other) in zip(
            triplets, [("p", "q"), ("q", "p")], strict=True
        ):
            assert triplet.anchor.path == triplet.positive.path == path
            assert triplet.anchor.mirrored != triplet.positive.mirrored
            assert triplet.negative.path == other
            anchors.add(triplet.anchor)
    assert len(anchors) == 4


def test_mining_is_repeatable():
    queries, paths, table = random_case()
    first, same, other = (
        mine(queries, paths, table, 3, np.random.default_rng(seed))
        for seed in (1, 1, 2)
    )
    assert first == same != other


def test_queries_outside_the_pool_are_left_out():
    queries, _, _ = random_case()
    pool = ["a0", "a1", "b2"]
    table = np.ones((3, 3), dtype=np.float32)
    triplets = mine(queries, pool, table, 3, np.random.default_rng(0))
    found = [(triplet.anchor.path, triplet.negative.path) for triplet in triplets]
    assert [anchor for anchor, _ in found] == pool
    assert found[:2] == [("a0", "b2"), ("a1", "b2")]
    assert found[2][1] in ("a0", "a1")


@pytest.mark.parametrize("pool", [[], ["a0", "a1"], ["nowhere"]])
def test_pools_without_triplets(pool):
    queries, _, _ = random_case()
    table = np.zeros((len(pool), len(pool)), dtype=np.float32)
    assert mine(queries, pool, table, 3, np.random.default_rng(0)) == []
    assert mine([], pool, table, 3, np.random.default_rng(0)) == []


def test_judged_triplets_follow_the_mirror_rule():
    triplets = judged_triplets([Triplet("p", "q", "r"), Triplet("p", "p", "r")])
    assert triplets == [
        ViewTriplet(View("p"), View("q"), View("r")),
        ViewTriplet(View("p"), View("p", mirrored=True), View("r")),
    ]
    assert judged_triplets([]) == []


def worn(path, *categories, source="shop", item=""):
    garments = tuple(Garment(name, (0.0, 0.0, 1.0, 1.0)) for name in categories)
    return Photo(path, 10, 10, source, "train", garments=garments, item_id=item)


CLASSES = [
    worn("dress1", "dress", item="a"),
    worn("dress2", "dress", source="street", item="b"),
    worn("dress3", "dress", item="b"),
    worn("suit1", "trousers", "jacket"),
    worn("suit2", "jacket", "trousers"),
    worn("hat", "hat"),
    worn("nothing"),
    worn("nothing too"),
]


def test_positives_by_class_have_the_same_categories():
    queries = {query.path: query for query in list_queries(CLASSES, "class")}
    assert queries["dress1"].positives == ("dress2", "dress3")
    assert queries["dress2"].positives == ("dress1", "dress3")
    assert queries["suit1"].positives == ("suit2",)  # in any order
    for alone in ("hat", "nothing", "nothing too"):
        assert queries[alone].positives == ()
    everything = {photo.path for photo in CLASSES}
    assert set(queries["dress1"].negatives) == {
        path for path in everything if not path.startswith("dress")
    }
    assert set(queries["nothing"].negatives) == everything - {"nothing"}


def test_positives_by_view_are_views_of_the_anchor():
    queries = {query.path: query for query in list_queries(ITEMS, "view")}
    assert len(queries) == len(ITEMS)
    assert all(query.positives == () for query in queries.values())
    # Photographs of one item are still no negatives of each other.
    assert set(queries["street/a"].negatives) == {
        "street/b",
        "shop/b",
        "shop/unknown",
        "street/c",
    }


def test_positives_are_by_item_by_default():
    assert list_queries(ITEMS) == list_queries(ITEMS, "item")


ALTERED = 3
LOOKS = [(False, 0), (True, 0), (False, 1), (False, 2), (False, 3)]


def looks_drawn(queries, paths, count=3000):
    generator = np.random.default_rng(0)
    table = np.zeros((len(paths), len(paths)), dtype=np.float32)
    drawn = []
    while len(drawn) < count:
        drawn += mine(queries, paths, table, 5, generator, alterations=ALTERED)
    return [
        tuple((view.mirrored, view.alteration) for view in triplet.views())
        for triplet in drawn
    ]


def test_views_are_drawn_uniformly():
    queries, paths, _ = random_case()
    drawn = looks_drawn(queries, paths)
    for role in range(3):
        for look in LOOKS:
            share = np.mean([triple[role] == look for triple in drawn])
            # Within four standard deviations of a share of 1 / 5 in 3,000 draws.
            assert share == pytest.approx(1 / 5, abs=4 * (0.16 / 3000) ** 0.5)
    pairs = {triple[:2] for triple in drawn}
    assert len(pairs) == 25  # equal views of two photographs are allowed


def test_no_view_is_its_own_positive():
    queries = [Query("p", (), ("p", "q"), frozenset("p"))]
    drawn = looks_drawn(queries, ["p", "q"])
    pairs = [triple[:2] for triple in drawn]
    assert all(anchor != positive for anchor, positive in pairs)
    for look in LOOKS:
        for other in set(LOOKS) - {look}:
            share = np.mean([pair == (look, other) for pair in pairs])
            assert share == pytest.approx(1 / 20, abs=4 * (0.0475 / 3000) ** 0.5)


@pytest.mark.parametrize("close", [0.0, 0.4, 1.0])
def test_share_of_hard_negatives(close):
    queries, paths, table = random_case()
    generator = np.random.default_rng(0)
    hardest, drawn = 0, 0
    for _ in range(300):
        for triplet in mine(queries, paths, table, 1, generator, close):
            row = table[paths.index(triplet.anchor.path)]
            query = queries[paths.index(triplet.anchor.path)]
            best = max(query.negatives, key=lambda path: row[paths.index(path)])
            hardest += triplet.negative.path == best
            drawn += 1
    expected = close + (1 - close) / 9  # one of nine negatives is the closest
    deviation = (expected * (1 - expected) / drawn) ** 0.5
    assert hardest / drawn == pytest.approx(expected, abs=4 * deviation + 1e-9)


def test_alike_holds_the_photographs_of_a_category():
    queries = {query.path: query for query in list_queries(CLASSES)}
    assert queries["dress1"].alike == {"dress1", "dress2", "dress3"}
    assert queries["dress1"].alike is queries["dress3"].alike
    assert queries["suit1"].alike == {"suit1", "suit2"}  # in any order
    assert queries["hat"].alike == {"hat"}
    assert queries["nothing"].alike == frozenset()  # unknown is not a category


def negatives_drawn(in_class, out_of_class, hardest=100, count=300):
    """Counts of the negatives drawn for the first query of ``random_case``.

    The class of the query holds the items a (its own) and b.

    Returns:
        Count of each negative by path, similarities of the query to all photographs,
        and their paths.
    """
    queries, paths, table = random_case()
    alike = frozenset(path for path in paths if path[0] in "ab")
    query = replace(queries[0], alike=alike)
    hardness = Hardness(hardest, 1.0, in_class, out_of_class)
    generator = np.random.default_rng(0)
    drawn = Counter()
    for _ in range(count):
        (triplet,) = mine_triplets([query], paths, table, hardness, 0, generator)
        drawn[triplet.negative.path] += 1
    return drawn, table[0], paths


@pytest.mark.parametrize(
    ("in_class", "out_of_class"),
    [(1.0, 0.0), (0.0, 1.0), (0.3, 0.7), (0.4, 0.2), (0.25, 0.0)],
)
def test_shares_of_negatives_in_and_out_of_the_class(in_class, out_of_class):
    drawn, _, _ = negatives_drawn(in_class, out_of_class, count=2000)
    assert not any(path.startswith("a") for path in drawn)  # the item of the query
    found = sum(drawn[path] for path in drawn if path.startswith("b")) / 2000
    # Three of the nine candidates are of the class.
    expected = in_class + (1 - in_class - out_of_class) / 3
    deviation = (expected * (1 - expected) / 2000) ** 0.5
    assert found == pytest.approx(expected, abs=4 * deviation + 1e-9)


@pytest.mark.parametrize(
    ("in_class", "out_of_class", "items"), [(1.0, 0.0, "b"), (0.0, 1.0, "cd")]
)
def test_hard_negatives_are_drawn_within_the_class(in_class, out_of_class, items):
    drawn, similarities, paths = negatives_drawn(in_class, out_of_class, hardest=2)
    candidates = [path for path in paths if path[0] in items]
    candidates.sort(key=lambda path: -similarities[paths.index(path)])
    assert set(drawn) == set(candidates[:2])


@pytest.mark.parametrize("alike", [frozenset(), frozenset(["a0", "a1", "a2"])])
def test_queries_without_negatives_of_their_class_draw_from_all(alike):
    queries, paths, table = random_case()
    query = replace(queries[0], alike=alike)
    generator = np.random.default_rng(0)
    drawn = {
        triplet.negative.path[0]
        for _ in range(100)
        for triplet in mine_triplets(
            [query], paths, table, Hardness(100, in_class=1.0), 0, generator
        )
    }
    assert drawn == set("bcd")


def test_without_shares_classes_do_not_change_any_draw():
    """The triplets and the state of the generator do not depend on the classes."""
    queries, paths, table = random_case()
    known = [replace(query, alike=frozenset(paths)) for query in queries]
    ours, theirs = np.random.default_rng(3), np.random.default_rng(3)
    with_classes = mine(known, paths, table, 3, ours, close=0.5)
    assert with_classes == mine(queries, paths, table, 3, theirs, close=0.5)
    assert ours.random() == theirs.random()


def test_combined_kinds_of_positives_repeat_no_query():
    of_item, of_view = list_queries(ITEMS, "item"), list_queries(ITEMS, "view")
    combined = combine_queries(ITEMS, ("item", "view"))
    assert combined[: len(of_item)] == of_item
    # Only these have other positives by item than by view.
    assert [query.path for query in combined[len(of_item) :]] == [
        "street/a",
        "street/b",
    ]
    assert set(combined) == set(of_item) | set(of_view)
    assert combine_queries(ITEMS, ("view",)) == of_view
    by_class = combine_queries(CLASSES, ("class", "item"))
    galleries = [set(query.negatives) for query in by_class if query.path == "dress2"]
    # By class no dress is a negative; by item a dress of another item is.
    assert ["dress1" in gallery for gallery in galleries] == [False, True]
