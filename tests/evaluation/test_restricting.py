from dataclasses import replace

import numpy as np
import pytest

from tiefvision.errors import BadUsage
from tiefvision.evaluation.restricting import (
    allowed,
    items_in_reach,
    restrict,
    same_kind,
)
from tiefvision.evaluation.searches import Search, search_of_split
from tiefvision.records import Garment, Photo, View


def photo(path, source, split, item=""):
    return Photo(path, 10, 10, source, split, item_id=item)


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
    assert (picked.query_items, picked.query_kinds) == (("a", "c"), ("full", "outer"))
    assert picked.lacking == ()
    assert restrict(search, "all") == search


def test_a_query_is_of_the_kind_of_its_item(split_photos, every):
    search = search_of_split(WARDROBE, "test", ALL)
    assert search.query_kinds == ("full", "outer", "full")  # not hats
    kinds = same_kind(search, slice(0, 1))
    assert kinds.tolist() == [[True, True, True, False]]
    assert same_kind(search_of_split(split_photos, "test", every), slice(0, 1)) is None


def test_within_the_category():
    search = restrict(search_of_split(WARDROBE, "test", ALL), "category")
    assert [view.path for view in search.queries] == ["back/a-red", "alt/a-red"]
    assert search.products == (0, 0)
    assert search.alone == ("back/c-blue",)  # there is no other coat
    assert search.lacking == search.unknown == ()
    assert allowed(search, slice(0, 2)).tolist() == [[True, True, True, False]] * 2
    assert "within the category" in search.description


def test_variants_are_other_colours_of_the_item_and_other_items_in_its_colour():
    search = restrict(search_of_split(WARDROBE, "test", ALL), "variants", "back/*")
    # c has no other colour, so its query has nothing to find.
    assert [view.path for view in search.queries] == ["back/a-red"]
    assert search.lacking == ("back/c-blue",)
    found = [view.path for view in search.gallery]
    mask = allowed(search, slice(0, 1))[0].tolist()
    assert [path for path, may in zip(found, mask, strict=True) if may] == [
        "main/a-blue",
        "main/b-red",
    ]


def test_what_is_left_out_follows_the_pattern(split_photos, every):
    search = search_of_split(split_photos, "test", every)
    assert restrict(search, "all", "street/[ab]").lacking == ()
    assert restrict(search, "all", "street/[al]*").lacking == ("street/lost",)


def test_an_unknown_category_equals_no_other():
    garments = {"a": "hat", "b": "hat", "c": "", "d": ""}
    photos = [
        one
        for item, kind in garments.items()
        for one in (
            dressed(f"shop/{item}", "shop", item, kind, ""),
            dressed(f"street/{item}", "street", item, "", ""),
        )
    ]
    search = search_of_split(photos, "test", {one.path for one in photos})
    within = restrict(search, "category")
    assert within.query_items == ("a", "b")
    assert within.unknown == ("street/c", "street/d")
    assert same_kind(search, slice(0, 4)).tolist() == [
        [True, True, False, False],
        [True, True, False, False],
        [False] * 4,
        [False] * 4,
    ]
    with pytest.raises(BadUsage, match=r"leaves no query.* category of 2 is unknown"):
        restrict(search, "category", "street/[cd]")


def test_a_photograph_of_no_known_variant_is_not_found():
    photos = [*WARDROBE, dressed("main/a", "shop", "a", "dress", "")]
    search = search_of_split(photos, "test", {one.path for one in photos})
    found = restrict(search, "variants", "back/*")
    mask = dict(
        zip(found.gallery, allowed(found, slice(0, 1))[0].tolist(), strict=True)
    )
    assert mask[View("main/a")] is False and mask[View("main/a-blue")] is True


@pytest.mark.parametrize("within", ["category", "variants"])
@pytest.mark.parametrize("alterations", [0, 1])
def test_without_items_there_is_nothing_to_search_within(within, alterations):
    photos = [photo("p", "shop", "test"), photo("q", "shop", "train")]
    search = search_of_split(photos, "test", {"p", "q"}, alterations)
    assert restrict(search, "all") == search
    with pytest.raises(BadUsage, match=rf"--within {within}: .* ties no"):
        restrict(search, within)


@pytest.mark.parametrize(
    ("within", "matching", "complaint"),
    [
        ("all", "nosuch*", r"No query matches nosuch\*.*such as street/a"),
        ("category", "*", "--within category: no query has a known category"),
        ("variants", "*", "--within variants: no query has a known variant"),
    ],
)
def test_the_option_that_leaves_no_query_is_named(
    within, matching, complaint, split_photos, every
):
    search = search_of_split(split_photos, "test", every)
    with pytest.raises(BadUsage, match=complaint):
        restrict(search, within, matching)
    # A search without queries is returned: its caller complains about the split.
    nothing = search_of_split(split_photos, "test", set())
    assert restrict(nothing, within, matching) == nothing


@pytest.mark.parametrize("within", ["category", "variants"])
def test_who_is_left_out_against_a_loop(within):
    generator = np.random.default_rng(7)

    def names(count, kinds, empty):
        drawn = generator.integers(0, kinds, count)
        return tuple("" if n < empty else str(n) for n in drawn.tolist())

    shown, asking = 40, 400
    search = Search(
        "item",
        tuple(View(f"q{number}") for number in range(asking)),
        names(asking, 10, 0),
        tuple(View(str(number)) for number in range(shown)),
        names(shown, 8, 0),
        query_kinds=names(asking, 30, 2),
        gallery_kinds=names(shown, 30, 2),
        query_variants=names(asking, 30, 2),
        gallery_variants=names(shown, 30, 2),
    )
    found = restrict(search, within)
    fates = {"kept": [], "lacking": [], "alone": [], "unknown": []}
    mask = allowed(replace(search, within=within), slice(0, asking))
    names_of = search.query_kinds if within == "category" else search.query_variants
    for number, view in enumerate(search.queries):
        items = {
            search.gallery_items[column] for column in np.flatnonzero(mask[number])
        }
        fate = "kept"
        if not names_of[number]:
            fate = "unknown"
        elif search.query_items[number] not in items:
            fate = "lacking"
        elif len(items) == 1:
            fate = "alone"
        fates[fate].append(view.path)
    assert all(fates.values())
    reach = {}
    for number, view in enumerate(search.queries):
        row = np.flatnonzero(mask[number])
        reach[view.path] = len({search.gallery_items[column] for column in row})
    assert items_in_reach(found) == [reach[view.path] for view in found.queries]
    assert [view.path for view in found.queries] == fates["kept"]
    assert list(found.lacking) == fates["lacking"]
    assert list(found.alone) == fates["alone"]
    assert list(found.unknown) == fates["unknown"]
