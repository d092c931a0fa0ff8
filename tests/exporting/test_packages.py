"""Packages that are missing, and stores that fail, are told in a sentence."""

import sys
import tomllib
from pathlib import Path

import pytest

from tiefvision.errors import StorageFull, TiefVisionError
from tiefvision.exporting.packages import store_errors
from tiefvision.exporting.targets import TARGETS, check, export
from tiefvision.extras import import_module_of

PACKAGES = {
    "parquet": "pyarrow",
    "qdrant": "qdrant_client",
    "milvus": "pymilvus",
    "pgvector": "psycopg",
}


@pytest.mark.parametrize("name", PACKAGES)
def test_a_missing_package_is_named_with_the_command(name, shop, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, PACKAGES[name], None)
    target, output = TARGETS[name], str(tmp_path / "out")
    with pytest.raises(TiefVisionError, match=PACKAGES[name]) as caught:
        if name != "pgvector":  # whose file needs no package
            export(target, shop.collection, shop.read(), output)
        check(target, shop.collection, shop.read, output)
    assert caught.value.fix == f"Run: pip install 'tiefvision[{target.extra}]'"
    assert list(tmp_path.iterdir()) == []


def test_every_extra_is_one_of_the_project():
    project = Path(__file__).parents[2] / "pyproject.toml"
    extras = tomllib.loads(project.read_text())["project"]["optional-dependencies"]
    assert {target.extra for target in TARGETS.values()} - {""} <= set(extras)


def test_a_module_that_is_there_is_imported():
    assert import_module_of("none", "json.decoder").__name__ == "json.decoder"


def test_what_a_client_raises_becomes_a_sentence():
    failing = pytest.raises(TiefVisionError)
    with failing as caught, store_errors("Qdrant", "http://shop", ValueError):
        raise ValueError("Not\nfound.")
    assert caught.value.message == "Qdrant at http://shop failed: not found."
    full = pytest.raises(StorageFull, match="cannot be written: no space left")
    with full, store_errors("Qdrant", "folder", ValueError):
        raise OSError(28, "No space left on device")


def test_a_target_has_a_name_and_a_sentence():
    for name, target in TARGETS.items():
        assert target.name == name
        assert target.sentence.endswith(".")
        assert target.output
        assert target.asked
