"""Milvus Lite: a folder, and collections in turns."""

import json

import pytest

from tiefvision.errors import BadUsage, TiefVisionError
from tiefvision.exporting import milvus
from tiefvision.exporting.milvus import FOLDER_INDEX as INDEX
from tiefvision.exporting.milvus import MOST_TEXT_BYTES, open_milvus, upload
from tiefvision.exporting.records import Collection
from tiefvision.exporting.targets import TARGETS, check, export
from tiefvision.index.neighbours import TIE

pymilvus = pytest.importorskip("pymilvus")
pytest.importorskip("milvus_lite")
MILVUS = TARGETS["milvus"]


@pytest.fixture
def client(tmp_path):
    with open_milvus(str(tmp_path)) as client:
        yield client


def test_a_folder_agrees_with_exact_search(shop, tmp_path):
    output = str(tmp_path / "out")
    export(MILVUS, shop.collection, shop.read(), output)
    found = check(MILVUS, shop.collection, shop.read, output)
    assert (found.queries, found.recall, found.same) == (50, 1, 1)
    assert found.difference <= TIE
    about = json.loads((tmp_path / "out" / "export.json").read_text("utf-8"))
    assert (about["target"], about["count"]) == ("milvus", 90)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    # Nothing holds the files: the same process replaces the folder.
    export(MILVUS, shop.collection, shop.read(), output)
    assert check(MILVUS, shop.collection, shop.read, output).recall == 1


def test_an_entity_has_every_fact(client, shop):
    upload(client, shop.collection, shop.read(), INDEX)
    first, second = client.query("shop", ids=[1, 4], output_fields=["*"])
    assert second.pop("vector") == pytest.approx(shop.vectors[1])
    assert second == {
        **{"id": 4, "item": "item 0", "photo": shop.rows[1].photo, "box": None},
        **{"category": "upper", "variant": "red, dark", "fingerprint": f"{1:016x}"},
        "columns": {"price": 1.5, "category": "dress", "a.b 'c\"": "👗"},
    }
    assert (first["box"], first["columns"]) == ([1.5, 2, 300.25, 400], {})


def test_the_name_leads_to_the_last_export_and_the_one_before_goes(client, make_shop):
    first, second = make_shop(10), make_shop(20)
    upload(client, first.collection, first.read(), INDEX)
    upload(client, second.collection, second.read(), INDEX)
    assert client.list_collections() == ["shop_export_2"]
    (count,) = client.query("shop", filter="", output_fields=["count(*)"])
    assert count["count(*)"] == 20


def test_a_collection_that_was_not_exported_is_not_replaced(client, shop):
    client.create_collection("shop", dimension=2)
    with pytest.raises(BadUsage, match="a collection shop that was not exported"):
        upload(client, shop.collection, shop.read(), INDEX)
    assert client.list_collections() == ["shop"]


def test_facts_longer_than_milvus_takes_are_cut(client, make_shop):
    shop = make_shop(3)
    long = {"text": "👗" * MOST_TEXT_BYTES, "price": 2.0}
    object.__setattr__(shop.rows[1], "columns", long)
    kinds = {"text": "text", "price": "number"}
    collection = Collection("shop", "deeprank", 12, 3, kinds)
    upload(client, collection, shop.read(), INDEX)
    (row,) = client.query("shop", ids=[4], output_fields=["columns"])
    assert row["columns"]["price"] == 2
    assert len(row["columns"]["text"]) > 1000
    assert len(json.dumps(row["columns"])) <= MOST_TEXT_BYTES


def test_a_failure_leaves_the_old_folder_and_names_it(shop, tmp_path, monkeypatch):
    output = tmp_path / "out"
    export(MILVUS, shop.collection, shop.read(), str(output))

    def fail(*_: object) -> None:
        raise pymilvus.MilvusException(message="no more room")

    monkeypatch.setattr(milvus, "upload", fail)
    with pytest.raises(TiefVisionError, match=f"Milvus at {output} failed.*no more"):
        export(MILVUS, shop.collection, shop.read(), str(output))
    assert check(MILVUS, shop.collection, shop.read, str(output)).recall == 1
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_vectors_too_long_are_refused(tmp_path):
    long = Collection("shop", "cosine", 32_769, 0, {})
    with pytest.raises(BadUsage, match="at most 32768 numbers"):
        export(MILVUS, long, [], str(tmp_path / "out"))


def test_a_folder_that_is_no_database_is_named(shop, tmp_path):
    (tmp_path / "export.json").write_text("{}")
    (tmp_path / "milvus.db").write_text("no database")
    with pytest.raises(TiefVisionError, match=f"Milvus at {tmp_path} failed"):
        check(MILVUS, shop.collection, shop.read, str(tmp_path))
