import pytest

from tiefvision.evaluation.searches import (
    same_names,
    search_of_split,
    with_every_alteration,
)
from tiefvision.records import Garment, Photo, View


def photo(path, source, split, item=""):
    return Photo(path, 10, 10, source, split, item_id=item)


def test_street_photographs_ask_for_items(split_photos, every):
    search = search_of_split(split_photos, "test", every)
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
    assert search.lacking == ("street/lost",)
    assert search.description.startswith("2 street photographs search 5 shop")


@pytest.mark.parametrize("split", ["test", "train"])
def test_a_search_knows_the_close_ups_and_tells_them(split_photos, every, split):
    search = search_of_split(split_photos, split, every, closeups=3)
    assert search.closeups == 3
    assert "photographs with 3 close-ups each" in search.description
    assert "close-up" not in search_of_split(split_photos, split, every).description


def test_only_the_split_asks(split_photos, every):
    search = search_of_split(split_photos, "val", every)
    assert search.query_items == ("c",)
    assert search.lacking == ()
    assert len(search.gallery) == 5


def test_photographs_without_maps_take_no_part(split_photos, every):
    search = search_of_split(split_photos, "test", every - {"shop/b", "street/unknown"})
    assert search.query_items == ("a",)
    assert search.lacking == ("street/b", "street/lost")
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
def test_nothing_to_ask(available, split_photos):
    search = search_of_split(split_photos, "test", available)
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


def test_every_altered_view_asks_for_its_photograph():
    photos = [photo("a", "street", "val"), photo("b", "street", "val")]
    search = search_of_split(photos, "val", {"a", "b"}, 2)
    more = with_every_alteration(search, 2)
    assert more.queries == tuple(
        View(path, alteration=number) for number in (1, 2) for path in "ab"
    )
    assert more.query_items == ("a", "b", "a", "b")
    assert more.products == (0, 1, 0, 1)
    assert more.gallery == search.gallery
    mirrored = search_of_split(photos, "val", {"a", "b"})
    assert with_every_alteration(mirrored, 0) is mirrored


@pytest.mark.parametrize("paths", [("p", "q"), ("p", "q", "shop/a")])
def test_photographs_of_an_item_or_a_group_show_one_product(paths):
    asking = [
        photo("p", "street", "test", "a"),
        photo("q", "street", "test", "a"),
        photo("shop/a", "shop", "test", "a"),
    ]
    search = search_of_split(asking, "test", set(paths))
    assert search.kind == ("item" if "shop/a" in paths else "mirror")
    assert search.products == (0, 0)


def test_altered_views_do_not_ask_where_items_can_be_asked_for(split_photos, every):
    search = search_of_split(split_photos, "test", every, 4)
    assert search == search_of_split(split_photos, "test", every)
    assert search.kind == "item"


def dressed(path, source, item, kind, colour):
    worn = (Garment(kind, (0.0, 0.0, 5.0, 5.0)),)
    return Photo(path, 10, 10, source, "test", item, garments=worn, variant=colour)


def test_an_item_is_of_the_category_that_most_of_its_photographs_show():
    more = [
        dressed("shop/1", "shop", "a", "dress", "red"),
        dressed("shop/2", "shop", "a", "dress", "red"),
        dressed("shop/3", "shop", "a", "shoe", "red"),  # a detail, and the last
        dressed("shop/4", "shop", "b", "shoe", "red"),
        dressed("shop/5", "shop", "b", "bag", "red"),
        photo("shop/6", "shop", "test", "b"),
        photo("shop/7", "shop", "test", "c"),
        dressed("street/1", "street", "a", "", "red"),
        dressed("street/2", "street", "b", "", "red"),
    ]
    search = search_of_split(more, "test", {one.path for one in more})
    assert search.query_kinds == ("full", "bag")
    # All photographs of an item are of its category, whatever each shows.
    assert search.gallery_kinds == ("full",) * 3 + ("bag",) * 3 + ("",)


def test_names_are_compared_each_with_each():
    assert same_names(("a", "b"), ("b", "c", "a")).tolist() == [
        [False, False, True],
        [True, False, False],
    ]
