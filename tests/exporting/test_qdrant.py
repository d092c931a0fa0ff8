"""Qdrant, in the process of its client: a folder, and collections in turns."""

import json

import pytest

from tiefvision.errors import BadUsage, TiefVisionError
from tiefvision.exporting.qdrant import search, upload
from tiefvision.exporting.targets import TARGETS, check, export
from tiefvision.index.neighbours import TIE

qdrant_client = pytest.importorskip("qdrant_client")
QDRANT = TARGETS["qdrant"]


@pytest.fixture
def client():
    client = qdrant_client.QdrantClient(":memory:")
    yield client
    client.close()


def collections_of(client):
    return [one.name for one in client.get_collections().collections]


def test_a_folder_agrees_with_exact_search(make_shop, tmp_path):
    shop = make_shop(45)  # each row costs the local mode a write to the disk
    output = str(tmp_path / "out")
    export(QDRANT, shop.collection, shop.read(), output)
    found = check(QDRANT, shop.collection, shop.read, output)
    assert (found.queries, found.recall, found.same) == (45, 1, 1)
    assert found.difference <= TIE
    about = json.loads((tmp_path / "out" / "export.json").read_text("utf-8"))
    assert (about["target"], about["count"]) == ("qdrant", 45)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_point_has_every_fact(client, shop):
    upload(client, shop.collection, shop.read())
    (point,) = client.retrieve("shop", [4])
    assert point.payload == {
        **{"id": 4, "item": "item 0", "photo": shop.rows[1].photo, "box": None},
        **{"category": "upper", "variant": "red, dark", "fingerprint": f"{1:016x}"},
        "columns": {"price": 1.5, "category": "dress", "a.b 'c\"": "👗"},
    }
    (point,) = client.retrieve("shop", [1])
    assert point.payload["box"] == [1.5, 2, 300.25, 400]
    assert point.payload["columns"] == {}


def test_the_name_leads_to_the_last_export_and_the_one_before_goes(client, make_shop):
    first, second = make_shop(10), make_shop(20)
    upload(client, first.collection, first.read())
    assert collections_of(client) == ["shop_export_1"]
    upload(client, second.collection, second.read())
    assert collections_of(client) == ["shop_export_2"]
    found = search(client, second.collection, second.vectors[:1], 20)
    assert sorted(found.rows[0].tolist()) == [row.id for row in second.rows]


def test_a_broken_export_leaves_the_one_before(client, make_shop):
    shop = make_shop(10)
    upload(client, shop.collection, shop.read())
    fewer = make_shop(9)
    with pytest.raises(TiefVisionError, match="holds 9 of 10 rows"):
        upload(client, shop.collection, fewer.read())
    assert search(client, shop.collection, shop.vectors[:1], 20).rows.max() == 28
    upload(client, shop.collection, shop.read())
    assert collections_of(client) == ["shop_export_3"]


def test_a_collection_that_was_not_exported_is_not_replaced(client, shop):
    models = qdrant_client.models
    vectors = models.VectorParams(size=2, distance=models.Distance.DOT)
    client.create_collection("shop", vectors_config=vectors)
    client.create_collection("shop_export_mine", vectors_config=vectors)
    with pytest.raises(BadUsage, match="a collection shop that was not exported"):
        upload(client, shop.collection, shop.read())
    assert sorted(collections_of(client)) == ["shop", "shop_export_mine"]


def test_a_server_that_is_not_there_is_named(shop):
    nobody = "http://127.0.0.1:9"
    with pytest.raises(TiefVisionError, match=f"Qdrant at {nobody} failed"):
        export(QDRANT, shop.collection, shop.read(), nobody)
