import math
from dataclasses import replace

import numpy as np
import pytest

from tiefvision.catalogue.queries import (
    Query,
    queries_as_asked,
    queries_of_garments,
    query_of_box,
    query_of_whole,
)
from tiefvision.errors import BadUsage
from tiefvision.locating.findings import TellingRules
from tiefvision.records import Garment

RULES = TellingRules(least_score=0.5)
DRESS = Garment("dress", (1.0, 2.0, 3.0, 4.0), 0.9)
BAG = Garment("bag", (5.0, 6.0, 7.0, 8.0), 0.5)
OUTFIT = Garment("outfit", (0.0, 0.0, 9.0, 9.0), 0.437)
NOTHING = "searched with the whole photograph"


def test_a_query_for_each_garment_in_their_order():
    assert queries_of_garments([DRESS, BAG], RULES, "") == [
        Query(DRESS.box_in_image, "dress"),
        Query(BAG.box_in_image, "bag"),  # 0.5 is enough
    ]


def test_an_outfit_below_the_score_that_is_told_is_called_unsure():
    (query,) = queries_of_garments([OUTFIT], RULES, "")
    assert query == Query(
        OUTFIT.box_in_image, "outfit", "outfit with a score of only 0.44", True
    )


def test_outfits_come_behind_named_garments_and_search_everything():
    sure = replace(OUTFIT, score=0.99)
    found = queries_of_garments([sure, DRESS, BAG], RULES, "")
    assert [query.category for query in found] == ["dress", "bag", "outfit"]
    assert [query.group for query in found] == ["dress", "bag", ""]


def test_a_query_knows_the_label_of_its_garment():
    skirt = Garment("lower", (1.0, 2.0, 3.0, 4.0), 0.9, "skirt", 0.7)
    (query,) = queries_of_garments([skirt], RULES, "")
    assert (query.label, query.label_score, query.group) == ("skirt", 0.7, "lower")


def test_of_a_category_only_its_garments():
    found = queries_of_garments([DRESS, BAG], RULES, "bag")
    assert found == [Query(BAG.box_in_image, "bag")]


@pytest.mark.parametrize(
    ("found", "category", "note"),
    [
        ((), "", f"no garment found: {NOTHING}"),
        ((), "bag", f"no bag found: {NOTHING}"),
        ((DRESS,), "bag", f"no bag found: {NOTHING}"),
    ],
)
def test_where_there_is_none_the_whole_photograph(found, category, note):
    assert queries_of_garments(found, RULES, category) == [Query(None, "", note)]


def test_a_box_is_searched_with_as_it_was_given():
    assert query_of_box((1, 2, 30.5, 40), 50, 60, "dress") == Query(
        (1.0, 2.0, 30.5, 40.0), "dress", "box as given"
    )
    # It may reach beyond the edges, where crops are clipped.
    assert query_of_box((-5, -5, 500, 500), 50, 60, "").box_in_image == (
        *(-5.0, -5.0, 500.0, 500.0),
    )


@pytest.mark.parametrize("made", [list, np.array, tuple])
def test_any_four_numbers_are_a_box(made):
    box = query_of_box(made([1, 2, 13, 14]), 50, 60, "").box_in_image
    assert box == (1.0, 2.0, 13.0, 14.0)
    assert all(type(number) is float for number in box)


@pytest.mark.parametrize(
    "box",
    [
        (50, 0, 60, 9),  # begins where the photograph ends
        (0, 60, 9, 70),
        (-9, 0, 0, 9),  # ends where it begins
        (0, -9, 9, 0),
    ],
)
def test_a_box_outside_the_photograph_is_refused(box):
    with pytest.raises(BadUsage, match="outside a photograph of 50 x 60 px"):
        query_of_box(box, 50, 60, "")


@pytest.mark.parametrize(
    ("box", "hint"),
    [
        ((0, 0, 0.4, 0.5), "in pixels they are 0,0,20,30."),
        ((0.1, 0.2, 1, 1), "in pixels they are 5,12,50,60."),
        ((0, 0, 7.9, 40), "Give pixels"),
        ((10, 10, 40, 12), "Give pixels"),
        ((43, 0, 90, 60), "covers 7 x 60 px"),
        ((-99, -99, 30, 7), "covers 30 x 7 px"),
    ],
)
def test_a_sliver_is_refused_with_a_hint(box, hint):
    with pytest.raises(BadUsage, match="each side needs at least 8") as caught:
        query_of_box(box, 50, 60, "")
    assert hint in str(caught.value)


def test_a_box_that_is_cut_at_the_edge_is_told():
    assert query_of_box((0, 0, 50, 60), 50, 60, "").note == "box as given"
    assert query_of_box((-1, 0, 8, 61), 50, 60, "").note == "box as given"
    cut = query_of_box((0, 0, 99, 60), 50, 60, "")
    assert cut.note == "box as given, cut at the edge"


@pytest.mark.parametrize(
    "box",
    [
        *((9, 0, 1, 9), (0, 9, 9, 1), (5, 0, 5, 9), (0, 0, math.inf, 9)),
        *((math.nan, 0, 9, 9), (0, 0, 9, math.nan), (-math.inf, 0, 9, 9)),
    ],
)
def test_a_box_of_nothing_or_without_end_is_refused(box):
    with pytest.raises(BadUsage, match="empty, reversed or endless"):
        query_of_box(box, 50, 60, "")


@pytest.mark.parametrize("box", [(), (1, 2, 3), (1, 2, 3, 4, 5), "box", 7, ("a",) * 4])
def test_what_is_no_box_is_refused(box):
    with pytest.raises(BadUsage, match="is not x0, y0, x1, y1"):
        query_of_box(box, 50, 60, "")


def test_what_was_asked_for_comes_before_what_is_located():
    size = 50, 60
    box = (1.0, 2.0, 13.0, 14.0)
    assert queries_as_asked(box, False, size, "") == [query_of_box(box, *size, "")]
    assert queries_as_asked(None, True, size, "bag") == [query_of_whole("bag")]
    assert query_of_whole("bag") == Query(None, "bag", "whole photograph, as asked")
    assert queries_as_asked(None, False, size, "bag") == []
    with pytest.raises(BadUsage):
        queries_as_asked((), False, size, "")
