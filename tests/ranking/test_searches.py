import pytest

from tiefvision.ranking.searches import (
    allowed,
    restrict,
    same_kind,
    same_names,
    search_of_split,
)
from tiefvision.ranking.triplets import View
from tiefvision.records import Garment, Photo


def photo(path, source, split, item=""):
    return Photo(path, 10, 10, source, split, item_id=item)


PHOTOS = [
    photo("street/a", "street", "test", "a"),
    photo("street/b", "street", "test", "b"),
    photo("street/lost", "street", "test", "lost"),  # the shop does not have it
    photo("street/unknown", "street", "test"),
    photo("street/c", "street", "val", "c"),
    photo("shop/a", "shop", "test", "a"),
    photo("shop/a2", "shop", "test", "a"),
    photo("shop/b", "shop", "train", "b"),  # shop photographs of all splits count
    photo("shop/c", "shop", "val", "c"),
    photo("shop/unknown", "shop", "train"),
]
EVERY = {item.path for item in PHOTOS}


def test_street_photographs_ask_for_items():
    search = search_of_split(PHOTOS, "test", EVERY)
    assert search.kind == "item"
    assert search.queries == (View("street/a"), View("street/b"))
    assert search.query_items == ("a", "b")
    assert [view.path for view in search.gallery] == [
        "shop/a",
        "shop/a2",
        "shop/b",
        "shop/c",
        "shop/unknown",
    ]
    # A photograph of no known item is an item of its own.
    assert search.gallery_items == ("a", "a", "b", "c", "shop/unknown")
    assert search.unanswerable == 1
    assert search.description.startswith("2 street photographs search 5 shop")


def test_only_the_split_asks():
    search = search_of_split(PHOTOS, "val", EVERY)
    assert search.query_items == ("c",)
    assert search.unanswerable == 0
    assert len(search.gallery) == 5


def test_photographs_without_maps_take_no_part():
    search = search_of_split(PHOTOS, "test", EVERY - {"shop/b", "street/unknown"})
    assert search.query_items == ("a",)
    assert search.unanswerable == 2
    assert View("shop/b") not in search.gallery


@pytest.mark.parametrize(
    "photos",
    [
        [photo("p", "shop", "test"), photo("q", "shop", "train")],
        [photo("p", "shop", "test", "a"), photo("q", "street", "train", "a")],
        [photo("p", "street", "test", "a"), photo("q", "shop", "train", "b")],
    ],
)
def test_where_no_item_can_be_asked_for_mirror_images_ask(photos):
    search = search_of_split(photos, "test", {"p", "q"})
    assert search.kind == "mirror"
    assert search.queries == (View("p", mirrored=True),)
    assert search.query_items == ("p",)
    assert search.gallery == (View("p"), View("q"))
    assert search.gallery_items == ("p", "q")
    assert search.description.startswith("1 mirror images search 2 photographs")


@pytest.mark.parametrize("available", [set(), {"shop/b"}])
def test_nothing_to_ask(available):
    search = search_of_split(PHOTOS, "test", available)
    assert search.kind == "mirror"
    assert search.queries == search.query_items == ()
    assert len(search.gallery) == len(available)


@pytest.mark.parametrize("alterations", [1, 4])
def test_where_there_are_altered_views_the_first_of_them_asks(alterations):
    photos = [photo("p", "shop", "test"), photo("q", "shop", "train")]
    search = search_of_split(photos, "test", {"p", "q"}, alterations)
    assert search.kind == "view"
    assert search.queries == (View("p", alteration=1),)
    assert search.query_items == ("p",)
    assert search.gallery == (View("p"), View("q"))  # as they are
    assert search.gallery_items == ("p", "q")
    assert search.description.startswith("1 altered views search 2 photographs")


def test_altered_views_do_not_ask_where_items_can_be_asked_for():
    search = search_of_split(PHOTOS, "test", EVERY, 4)
    assert search == search_of_split(PHOTOS, "test", EVERY)
    assert search.kind == "item"


def dressed(path, source, item, kind, colour):
    worn = (Garment(kind, (0.0, 0.0, 5.0, 5.0)),)
    return Photo(path, 10, 10, source, "test", item, garments=worn, variant=colour)


WARDROBE = [
    dressed("back/a-red", "street", "a", "hat", "red"),
    dressed("back/c-blue", "street", "c", "coat", "blue"),
    dressed("alt/a-red", "street", "a", "hat", "red"),
    dressed("main/a-blue", "shop", "a", "dress", "blue"),
    dressed("main/a-red", "shop", "a", "dress", "red"),
    dressed("main/b-red", "shop", "b", "dress", "red"),
    dressed("main/c-blue", "shop", "c", "coat", "blue"),
]
ALL = {item.path for item in WARDROBE}


def test_queries_are_picked_by_their_paths():
    search = search_of_split(WARDROBE, "test", ALL)
    picked = restrict(search, "all", "back/*")
    assert [view.path for view in picked.queries] == ["back/a-red", "back/c-blue"]
    assert (picked.query_items, picked.query_kinds) == (("a", "c"), ("dress", "coat"))
    assert picked.unanswerable == 0
    assert restrict(search, "all") == search


def test_a_query_is_of_the_kind_of_its_item():
    search = search_of_split(WARDROBE, "test", ALL)
    assert search.query_kinds == ("dress", "coat", "dress")  # not hats
    kinds = same_kind(search, slice(0, 1))
    assert kinds.tolist() == [[True, True, True, False]]
    assert same_kind(search_of_split(PHOTOS, "test", EVERY), slice(0, 1)) is None


def test_within_the_category():
    search = restrict(search_of_split(WARDROBE, "test", ALL), "category")
    assert allowed(search, slice(0, 3)).tolist() == [
        [True, True, True, False],
        [False, False, False, True],
        [True, True, True, False],
    ]
    assert "within the category" in search.description


def test_among_variants_colour_leads_astray():
    """Other colours of the product, and other products in the colour."""
    search = restrict(search_of_split(WARDROBE, "test", ALL), "variants", "back/*")
    # c has no other colour, so its query has nothing to find.
    assert [view.path for view in search.queries] == ["back/a-red"]
    assert search.unanswerable == 1
    found = [view.path for view in search.gallery]
    mask = allowed(search, slice(0, 1))[0].tolist()
    assert [path for path, may in zip(found, mask, strict=True) if may] == [
        "main/a-blue",
        "main/b-red",
    ]


def test_names_are_compared_each_with_each():
    assert same_names(("a", "b"), ("b", "c", "a")).tolist() == [
        [False, False, True],
        [True, False, False],
    ]
