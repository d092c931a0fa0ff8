"""The rows of a collection: photographs, items, references and the log."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.catalogue.living.made import KEY, SPACE, Rows, new_photo, vector_of
from tiefvision.catalogue.living import ledger
from tiefvision.catalogue.living.ledger import (
    files_of_item,
    known_photo,
    known_photos,
    logged_since,
    put_stamp,
    record_to_row,
    row_key,
)
from tiefvision.catalogue.living.vectors import (
    count_behind,
    numbers_of,
    vectors_behind,
    vectors_of,
)
from tiefvision.store.table import Table


def keys_of(table):
    with table.read() as snapshot:
        return list(snapshot.keys(""))


def test_a_photograph_is_a_row_with_its_vector_and_facts(rows):
    photo = new_photo("/shop/a.jpg", "c", "coat", "outer", "red", price=9.5, title="é")
    after = rows.change([photo])
    assert (after.photos, after.items, after.next_row, after.changes) == (1, 1, 1, 1)
    assert rows.collection == after
    with rows.table.read() as snapshot:
        known = known_photo(snapshot, KEY, "/shop/a.jpg")
        record = snapshot.record(row_key(KEY, 0))
        assert known_photo(snapshot, KEY, "/shop/b.jpg") is None
    assert (known.file, known.row, known.content) == ("/shop/a.jpg", 0, "c")
    assert (known.stamp, known.facts) == ((1, 2, 3), photo.facts)
    row = record_to_row(record, "a.jpg")
    assert (row.photo, row.item, row.variant) == ("a.jpg", "coat", "red")
    assert (row.crop, row.columns) == (photo.crop, {"price": 9.5, "title": "é"})
    (vector,) = vectors_of(rows.table, KEY, SPACE, [0], 8)
    np.testing.assert_array_equal(vector, vector_of("c"))


def test_numbers_are_never_used_again(rows):
    rows.change(["a", "b"])
    rows.change((), ["a", "b"])
    assert rows.change(["a"]).next_row == 3
    with rows.table.read() as snapshot:
        assert known_photo(snapshot, KEY, "a").row == 2
        assert numbers_of(snapshot, KEY, SPACE).tolist() == [2]


def test_a_changed_photograph_takes_the_place_of_its_row(rows):
    rows.change([new_photo("a", "old", "x"), new_photo("b", item="x")])
    after = rows.change([new_photo("a", "new", "y")])
    assert (after.photos, after.items) == (2, 2)
    with rows.table.read() as snapshot:
        assert not snapshot.has(row_key(KEY, 0))
        assert files_of_item(snapshot, KEY, "x") == ["b"]
        assert files_of_item(snapshot, KEY, "y") == ["a"]
        assert numbers_of(snapshot, KEY, SPACE).tolist() == [1, 2]
    assert not vectors_of(rows.table, KEY, SPACE, [0], 8).any()  # gone


def test_of_several_photographs_of_one_file_the_last_counts(rows):
    after = rows.change([new_photo("a", "1"), new_photo("b"), new_photo("a", "2")])
    assert (after.photos, after.next_row) == (2, 2)
    with rows.table.read() as snapshot:
        assert known_photo(snapshot, KEY, "a").content == "2"
        assert len(list(snapshot.keys(f"row/{KEY}/"))) == 2


def test_unknown_files_are_removed_without_a_word(rows):
    rows.change(["a"])
    after = rows.change((), ["b", "a", "a"])
    assert (after.photos, after.items) == (0, 0)


def test_nothing_is_left_of_what_was_removed(rows):
    before = keys_of(rows.table)
    rows.change([new_photo("a", "c", "x"), new_photo("b", "c", "x"), new_photo("d")])
    rows.change((), ["a", "b", "d"])
    left = set(keys_of(rows.table)) - set(before)
    assert {key.split("/")[0] for key in left} == {"log"}


def test_a_description_lives_as_long_as_a_row_shows_its_content(rows):
    def described():
        return [key for key in keys_of(rows.table) if key.startswith("map/")]

    with rows.table.write() as changes:
        for content in "cd":
            changes.put_content(f"map/{KEY}/{content}", b"x")
    rows.change([new_photo("a", "c"), new_photo("b", "c")])
    rows.change((), ["a"])
    assert len(described()) == 2
    rows.change([new_photo("b", "d"), new_photo("e", "c")])  # c moves on
    assert len(described()) == 2
    rows.change((), ["e"])
    assert described() == [f"map/{KEY}/d"]


def test_an_item_may_have_any_name(rows):
    names = ["", "/", "a/b", "a", "é" * 400, "\ud800", "x" * 3000]
    rows.change([new_photo(str(n), item=name or " ") for n, name in enumerate(names)])
    with rows.table.read() as snapshot:
        for number, name in enumerate(names):
            assert files_of_item(snapshot, KEY, name or " ") == [str(number)]
        assert files_of_item(snapshot, KEY, "b") == []


@pytest.mark.parametrize("depth", [1, 40, 120, 900])
def test_files_below_a_folder_are_listed_however_long_its_path(depth, rows):
    deep = "/".join(["", *["folder"] * depth])
    inside = [f"{deep}/a", f"{deep}/b/c", f"{deep}/é"]
    rows.change([*inside, f"{deep}x", "/folde", "/other/a"])
    with rows.table.read() as snapshot:
        found = {photo.file for photo in known_photos(snapshot, KEY, f"{deep}/")}
        assert found == set(inside)
        assert known_photo(snapshot, KEY, inside[0]).file == inside[0]
        assert len(list(known_photos(snapshot, KEY))) == 6


def test_a_new_state_of_a_file_is_noted(rows):
    rows.change(["a"])
    with rows.table.write() as changes:
        put_stamp(changes, KEY, "a", (4, 5, 6))
    with rows.table.read() as snapshot:
        known = known_photo(snapshot, KEY, "a")
    assert (known.stamp, known.row, known.content) == ((4, 5, 6), 0, "a")


def test_the_log_tells_what_changed_as_long_as_it_reaches_back(rows, monkeypatch):
    monkeypatch.setattr(ledger, "LOGGED", 3)
    rows.change(["a", "b"])
    rows.change(["a"], ["b"])
    rows.change((), ["c"])
    with rows.table.read() as snapshot:
        collection = rows.collection
        expected = [([0, 1], []), ([2], [1, 0]), ([], [])]
        assert logged_since(snapshot, collection, 0) == expected
        assert logged_since(snapshot, collection, 2) == expected[2:]
        assert logged_since(snapshot, collection, 3) == []
    rows.change(["d"])
    with rows.table.read() as snapshot:
        assert logged_since(snapshot, rows.collection, 0) is None
        assert len(logged_since(snapshot, rows.collection, 1)) == 3
        assert len(list(snapshot.keys(f"log/{KEY}/"))) == 3


def test_vectors_behind_a_number_are_read_in_order(rows):
    rows.change(["a", "b", "c"])
    rows.change((), ["b"])
    with rows.table.read() as snapshot:
        for behind, expected in ((-1, [0, 2]), (0, [2]), (1, [2]), (2, [])):
            numbers, vectors = vectors_behind(snapshot, KEY, SPACE, behind, 8)
            assert numbers.tolist() == expected
            assert count_behind(snapshot, KEY, SPACE, behind) == len(expected)
            assert vectors.shape == (len(expected), 8)
        assert count_behind(snapshot, KEY, "other", -1) == 0


FILES = st.sampled_from("abcdef")
STEPS = st.lists(
    st.tuples(
        st.lists(st.tuples(FILES, st.sampled_from("uvw"), st.sampled_from("xyz"))),
        st.lists(FILES),
    ),
    max_size=6,
)


@settings(max_examples=40, deadline=None)
@given(steps=STEPS)
def test_counts_and_references_stay_true(steps, tmp_path_factory):
    folder = tmp_path_factory.mktemp("ledger")
    with Table(folder / "t.lmdb", create=True) as table:
        rows = Rows(table)
        for added, removed in steps:
            rows.change([new_photo(f, c, i) for f, c, i in added], removed)
            collection = rows.collection
            items = {photo.facts.item for photo in rows.photos.values()}
            assert collection.photos == len(rows.photos)
            assert collection.items == len(items)
            with table.read() as snapshot:
                for item in "xyz":
                    expected = {
                        f for f, p in rows.photos.items() if p.facts.item == item
                    }
                    found = files_of_item(snapshot, KEY, item)
                    assert sorted(found) == sorted(expected)
                known = {p.file: p.row for p in known_photos(snapshot, KEY)}
                numbers = numbers_of(snapshot, KEY, SPACE)
                contents = [name[0] for name in snapshot.keys(f"content/{KEY}/")]
            assert set(known) == set(rows.photos)
            assert sorted(known.values()) == numbers.tolist()
            assert sorted(contents) == sorted(p.content for p in rows.photos.values())
