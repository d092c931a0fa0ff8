"""What is exported is checked, and every store gets texts that it can hold."""

from dataclasses import replace

import numpy as np
import pytest

from tiefvision.errors import BadUsage, TiefVisionError
from tiefvision.exporting.records import (
    FIELDS,
    Collection,
    ExportBatch,
    ExportRow,
    checked,
    field_names,
    flat_row,
    kinds_of,
    stored_columns,
    stored_row,
)


def test_batches_of_a_sound_collection_pass(shop):
    batches = list(checked(shop.collection, shop.read()))
    assert [len(batch.rows) for batch in batches] == [40, 40, 10]
    vectors = np.concatenate([batch.vectors for batch in batches])
    assert (vectors == shop.vectors).all()


@pytest.mark.parametrize("value", [np.nan, 2.0])
def test_a_vector_that_is_not_of_unit_length_is_named(shop, value):
    shop.vectors[50, 3] = value
    with pytest.raises(TiefVisionError, match="not of unit length") as caught:
        list(checked(shop.collection, shop.read()))
    assert "images/50é" in str(caught.value)


def test_a_vector_of_zeros_passes(shop):
    shop.vectors[50] = 0
    assert len(list(checked(shop.collection, shop.read()))) == 3


def test_a_number_that_does_not_grow_is_refused(shop):
    shop.rows[41] = shop.rows[40]
    with pytest.raises(TiefVisionError, match="row 121 comes after row 121"):
        list(checked(shop.collection, shop.read()))


def test_missing_rows_are_noticed(shop):
    first = [next(shop.read())]
    with pytest.raises(TiefVisionError, match="40 of 90 rows"):
        list(checked(shop.collection, first))


def test_vectors_of_another_shape_are_refused(shop):
    batch = ExportBatch(shop.rows[:2], shop.vectors[:3])
    with pytest.raises(TiefVisionError, match=r"2 rows of 12 .* shape \(3, 12\)"):
        list(checked(shop.collection, [batch]))


@pytest.mark.parametrize("name", ["", "Shop", "a-b", "1a", "a" * 41, 'a"', "_a"])
def test_a_name_that_some_store_refuses_is_refused(name):
    with pytest.raises(BadUsage, match="no name for a collection"):
        Collection(name, "deeprank", 4, 0, {})


def test_kinds_of_columns():
    facts = [{"a": 1.0, "b": 2.0, "c": ""}, None, {"a": "", "b": "x", "d": 3}]
    assert kinds_of(facts) == {"a": "number", "b": "text", "d": "number"}
    assert kinds_of([{"b": "x"}, {"b": 2.0}]) == {"b": "text"}


def test_texts_that_are_no_unicode_or_hold_nul_become_escapes():
    row = ExportRow(1, "a\0b", "skirt\udce9.jpg", columns={"x\udce9": "\udce9"})
    stored = stored_row(row)
    assert (stored["item"], stored["photo"]) == ("a\\x00b", "skirt\\udce9.jpg")
    assert stored_columns(row, {"x\udce9": "text"}) == {"x\\udce9": "\\udce9"}


def test_missing_and_infinite_numbers_are_left_out():
    kinds = {"a": "number", "b": "number", "c": "number", "d": "text"}
    row = ExportRow(1, "i", "p", columns={"a": 1, "b": float("nan"), "c": "", "d": 2.5})
    assert stored_columns(row, kinds) == {"a": 1.0, "d": "2.5"}
    names = field_names(kinds)
    flat = flat_row(row, kinds, names)
    assert [flat[name] for name in kinds] == [1.0, None, None, "2.5"]
    assert stored_columns(replace(row, columns=None), kinds) == {}


def test_names_of_fields_are_distinct_and_fit():
    columns = ["id", "items_id", "", " ", "a.b", "a_b", "é" * 40, "é" * 41, "price"]
    names = field_names(columns, avoided=".")
    assert list(names) == columns
    assert len(set(names.values()) | set(FIELDS)) == len(columns) + len(FIELDS)
    assert all(len(name.encode()) <= 63 for name in names.values())
    assert (names["id"], names["items_id"]) == ("items_id", "items_id_2")
    assert (names[""], names[" "]) == ("column", "column_2")
    assert (names["a.b"], names["a_b"]) == ("a_b", "a_b_2")
    assert names["price"] == "price"
    assert field_names(["id"], taken=()) == {"id": "id"}
