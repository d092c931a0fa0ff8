"""Exports to files: read back with pyarrow, NumPy and the standard library."""

import json

import numpy as np
import pytest

from tiefvision.errors import BadUsage, TiefVisionError
from tiefvision.exporting import opensearch
from tiefvision.exporting.opensearch import index_body
from tiefvision.exporting.records import Collection, stored_row
from tiefvision.exporting.targets import TARGETS, check, export
from tiefvision.index.neighbours import TIE

IN_FILES = ("parquet", "npy", "opensearch")


@pytest.fixture(params=IN_FILES)
def target(request):
    if request.param == "parquet":
        pytest.importorskip("pyarrow")
    return TARGETS[request.param]


def test_it_agrees_with_exact_search(target, shop, tmp_path):
    output = str(tmp_path / "deep" / "out")
    export(target, shop.collection, shop.read(), output)
    found = check(target, shop.collection, shop.read, output)
    assert (found.queries, found.top) == (50, 20)
    assert (found.recall, found.same) == (1, 1)
    assert found.difference <= TIE


def test_a_check_notices_another_vector(target, shop, tmp_path):
    output = str(tmp_path / "out")
    export(target, shop.collection, shop.read(), output)
    shop.vectors[:] = shop.vectors[::-1].copy()
    assert check(target, shop.collection, shop.read, output).recall < 0.6


def test_an_empty_collection(target, make_shop, tmp_path):
    shop, output = make_shop(0), str(tmp_path / "out")
    export(target, shop.collection, shop.read(), output)
    assert check(target, shop.collection, shop.read, output).recall == 1


def test_a_broken_batch_leaves_the_old_export(target, shop, tmp_path):
    output = str(tmp_path / "out")
    export(target, shop.collection, shop.read(), output)
    broken = shop.vectors.copy()
    broken[60] = np.nan
    right, shop.vectors = shop.vectors, broken
    with pytest.raises(TiefVisionError, match="unit length"):
        export(target, shop.collection, shop.read(), output)
    shop.vectors = right
    assert check(target, shop.collection, shop.read, output).same == 1
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("name", ["npy", "opensearch"])
def test_a_folder_of_somebody_else_is_not_replaced(name, shop, tmp_path):
    (tmp_path / "mine.jpg").write_text("photograph")
    with pytest.raises(BadUsage, match=r"is not replaced: it has no export\.json"):
        export(TARGETS[name], shop.collection, shop.read(), str(tmp_path))
    assert (tmp_path / "mine.jpg").read_text() == "photograph"


@pytest.mark.parametrize("name", ["npy", "qdrant", "milvus", "opensearch"])
def test_a_check_of_a_folder_that_was_not_exported(name, shop, tmp_path):
    with pytest.raises(TiefVisionError, match=r"no exported folder.*export\.json"):
        check(TARGETS[name], shop.collection, shop.read, str(tmp_path / "none"))
    assert list(tmp_path.iterdir()) == []


def test_a_check_of_damaged_files(target, shop, tmp_path):
    output = tmp_path / "out"
    export(target, shop.collection, shop.read(), str(output))
    files = [output] if output.is_file() else list(output.glob("[vb]*"))
    for file in files:
        file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(TiefVisionError, match="cannot be read"):
        check(target, shop.collection, shop.read, str(output))


def test_parquet_has_every_fact(shop, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    file = tmp_path / "shop.parquet"
    export(TARGETS["parquet"], shop.collection, shop.read(), str(file))
    table = parquet.read_table(file)
    about = json.loads(table.schema.metadata[b"tiefvision"])
    assert (about["ranker"], about["dimension"], about["count"]) == ("deeprank", 12, 90)
    rows = table.to_pylist()
    assert np.array_equal([row.pop("vector") for row in rows], shop.vectors)
    facts = {"price": 1.5, "items_category": "dress", "a.b 'c\"": "👗"}
    assert rows[1] == {**stored_row(shop.rows[1]), **facts}
    assert rows[0] == {**stored_row(shop.rows[0]), **dict.fromkeys(facts)}
    assert table.schema.field("price").type == "double"


def test_npy_is_mapped_and_has_every_fact(shop, tmp_path):
    export(TARGETS["npy"], shop.collection, shop.read(), str(tmp_path / "out"))
    vectors = np.load(tmp_path / "out" / "vectors.npy", mmap_mode="r")
    assert (vectors.dtype, vectors.shape) == (np.float32, (90, 12))
    assert np.array_equal(vectors, shop.vectors)
    lines = (tmp_path / "out" / "rows.jsonl").read_text("utf-8").split("\n")
    rows = [json.loads(line) for line in lines if line]
    facts = {"price": 1.5, "category": "dress", "a.b 'c\"": "👗"}
    assert rows[1] == {**stored_row(shop.rows[1]), "columns": facts}
    assert rows[0]["columns"] == {}
    about = json.loads((tmp_path / "out" / "export.json").read_text("utf-8"))
    assert (about["target"], about["count"]) == ("npy", 90)
    assert about["columns"]["price"] == "number"


def test_opensearch_bulk_files_have_the_documented_form(shop, tmp_path, monkeypatch):
    """Each row is an action line and a document line; a body ends with a newline."""
    monkeypatch.setattr(opensearch, "BULK_BYTES", 4000)
    export(TARGETS["opensearch"], shop.collection, shop.read(), str(tmp_path / "out"))
    files = sorted((tmp_path / "out").glob("bulk-*.ndjson"))
    assert len(files) > 3
    ids, properties = [], index_body(shop.collection)["mappings"]["properties"]
    for number, file in enumerate(files, 1):
        content = file.read_bytes()
        assert file.name == f"bulk-{number:05d}.ndjson"
        assert len(content) <= 4000
        assert content.endswith(b"}\n")
        lines = [json.loads(line) for line in content.split(b"\n")[:-1]]
        for action, document in zip(lines[::2], lines[1::2], strict=True):
            assert list(action) == ["index"]
            assert action["index"] == {"_id": str(document["id"])}
            assert len(document["vector"]) == properties["vector"]["dimension"]
            assert set(document) == set(properties)
            assert set(document["columns"]) <= set(properties["columns"]["properties"])
            ids.append(document["id"])
    assert ids == [row.id for row in shop.rows]


def test_opensearch_mapping_has_the_documented_form(shop, tmp_path):
    export(TARGETS["opensearch"], shop.collection, shop.read(), str(tmp_path / "out"))
    body = json.loads((tmp_path / "out" / "index.json").read_text("utf-8"))
    assert body["settings"] == {"index": {"knn": True}}
    properties = body["mappings"]["properties"]
    assert properties["vector"] == {
        "type": "knn_vector",
        "dimension": 12,
        "method": {"name": "hnsw", "engine": "faiss", "space_type": "innerproduct"},
    }
    keyword = {"type": "keyword", "ignore_above": 8191}
    assert properties["columns"]["properties"] == {
        "price": {"type": "double"},
        "category": keyword,
        "a_b 'c\"": keyword,
    }


def test_a_row_larger_than_a_bulk_file_has_one_of_its_own(
    make_shop, tmp_path, monkeypatch
):
    monkeypatch.setattr(opensearch, "BULK_BYTES", 10)
    shop, output = make_shop(3), tmp_path / "out"
    export(TARGETS["opensearch"], shop.collection, shop.read(), str(output))
    assert len(list(output.glob("bulk-*.ndjson"))) == 3
    assert check(TARGETS["opensearch"], shop.collection, shop.read, str(output)).same


def test_vectors_too_long_for_opensearch_are_refused(tmp_path):
    long = Collection("shop", "cosine", 16_001, 0, {})
    with pytest.raises(BadUsage, match="at most 16000 numbers"):
        export(TARGETS["opensearch"], long, [], str(tmp_path / "out"))
    assert list(tmp_path.iterdir()) == []
