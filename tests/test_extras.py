import sys

import pytest

from tiefvision.errors import TiefVisionError
from tiefvision.extras import import_module_of


def test_a_module_that_is_there_is_imported():
    assert import_module_of("none", "json.decoder").__name__ == "json.decoder"


def test_a_package_that_is_missing_is_named_with_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "nowhere", None)
    with pytest.raises(TiefVisionError, match="nowhere is missing") as caught:
        import_module_of("parquet", "nowhere.part")
    assert caught.value.fix == "Run: pip install 'tiefvision[parquet]'"
