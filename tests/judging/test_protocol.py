from dataclasses import replace

import pytest

from tiefvision.evaluation.searches import Search
from tiefvision.judging.boxes import PREDICTED, WHOLE
from tiefvision.judging.protocol import SearchTerms, protocol_rows

TERMS = SearchTerms(
    hit="item",
    queries=9,
    gallery=12,
    gallery_items=12,
    within="all",
    reach=12,
    matching="*",
    box=PREDICTED,
    unsure=2,
    missed=0,
    unfound_gallery=0,
    unboxed=0,
    unreadable_queries=0,
    unreadable_gallery=0,
    unanswerable=0,
    alone=0,
    unknown=0,
)


def rows_of(kind="item", **changed):
    search = Search(kind, (), (), (), ())
    return dict(replace(TERMS, **changed).rows(search))


def test_the_protocol_is_a_table_of_labels_and_values():
    assert rows_of() == {
        "queries": "9 street photographs",
        "gallery": "12 shop photographs",
        "hit": "the same item",
        "boxes": "predicted; 2 of the queries unsure",
        "misses": "none",
        "left out": "none",
        "search": "exact, each query in the whole gallery",
    }


@pytest.mark.parametrize(
    ("changed", "label", "value"),
    [
        ({"matching": "*_back*"}, "queries", "9 street photographs that match *_back*"),
        (
            {"gallery_items": 4},
            "gallery",
            "12 shop photographs of 4 items, each counted once",
        ),
        ({"box": WHOLE}, "boxes", "whole photographs"),
        ({"missed": 3}, "misses", "3 queries in which nothing was found"),
        (
            {"unreadable_queries": 1, "unanswerable": 5},
            "left out",
            "1 unreadable queries; 5 queries without a counterpart in the gallery",
        ),
        (
            {"within": "category", "unknown": 2},
            "left out",
            "2 queries of unknown category",
        ),
        ({"published": 9}, "published", "9 queries; 0 of them lost"),
        ({"published": 12}, "published", "12 queries; 3 of them lost"),
        ({"alone": 2}, "left out", "2 queries that could find nothing else"),
        (
            {"unreadable_gallery": 7},
            "left out",
            "7 unreadable photographs of the gallery",
        ),
        (
            {"within": "category"},
            "search",
            "exact, each query in the category that it asks for",
        ),
    ],
)
def test_what_differs_is_told_in_its_row(changed, label, value):
    rows, usual = rows_of(**changed), rows_of()
    assert rows[label] == value
    others = set(rows) - {label} - ({"search"} if "within" in changed else set())
    assert all(rows[other] == usual[other] for other in others)


@pytest.mark.parametrize(
    ("kind", "queries"), [("view", "9 altered views"), ("mirror", "9 mirror images")]
)
def test_photographs_may_ask_for_themselves(kind, queries):
    rows = rows_of(kind, hit="photograph")
    assert rows["queries"] == queries
    assert rows["gallery"] == "12 photographs"
    assert rows["hit"] == "the photograph itself"


def test_terms_that_are_not_known_have_no_rows():
    search = Search("item", (), (), (), ())
    assert protocol_rows({}, search) == ()
    assert protocol_rows(TERMS.to_dict(), search) == TERMS.rows(search)
