import numpy as np
import pytest

from tiefvision.errors import BadUsage
from tiefvision.evaluation.judged import gains_of, with_judgements
from tiefvision.evaluation.searches import Search
from tiefvision.records import View

SEARCH = Search(
    "item",
    tuple(View(path) for path in ("street/q0.jpg", "street/q1.jpg", "street/q2.jpg")),
    ("a", "b", "c"),
    tuple(View(path) for path in ("shop/a1.jpg", "shop/a2.jpg", "shop/b.png")),
    ("a", "a", "b"),
    query_kinds=("coat", "hat", "shoe"),
    products=(0, 1, 1),
)


def test_photographs_are_named_by_path_by_stem_and_by_item():
    judged = {
        "street/q0.jpg": {"shop/b.png": 1.0, "a": 2.0, "shop/a2": 3.0},
        "street/q1": {"shop/b": 0.0, "shop/a1.jpg": 0.5},
    }
    search = with_judgements(SEARCH, {"mine": judged})
    assert search.grades["mine"] == ({2: 1.0, 0: 2.0, 1: 3.0}, {0: 0.5})
    expected = np.array([[2, 3, 1], [0.5, 0, 0]], np.float32)
    np.testing.assert_array_equal(gains_of(search, "mine", slice(0, 2)), expected)
    np.testing.assert_array_equal(gains_of(search, "mine", slice(1, 2)), expected[1:])


def test_queries_without_anything_relevant_are_left_out():
    files = {
        "one": {"street/q2": {"a": 1.0}, "street/q1": {"a": 0.0}},
        "other": {"street/q0": {"b": 1.0, "sold": 2.0}, "elsewhere": {"a": 1.0}},
    }
    search = with_judgements(SEARCH, files)
    assert [view.path for view in search.queries] == ["street/q0.jpg", "street/q2.jpg"]
    assert search.unjudged == ("street/q1.jpg",)
    assert (search.query_items, search.query_kinds) == (("a", "c"), ("coat", "shoe"))
    assert search.products == (0, 1)
    # A query that one file does not judge finds nothing relevant by it.
    assert search.grades == {"one": ({}, {0: 1.0, 1: 1.0}), "other": ({2: 1.0}, {})}


def test_without_judgements_nothing_changes():
    assert with_judgements(SEARCH, {}) is SEARCH


@pytest.mark.parametrize(
    "judged", [{"q0": {"a": 1.0}}, {"street/q0": {"x": 1.0}}, {"street/q0": {"a": 0.0}}]
)
def test_a_file_of_other_photographs_is_refused(judged):
    with pytest.raises(BadUsage, match=r"mine judges no .* street/q0\.jpg"):
        with_judgements(SEARCH, {"mine": judged})
