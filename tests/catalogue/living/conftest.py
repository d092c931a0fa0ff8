"""A table, and a catalogue of made-up vectors in it."""

import pytest

from tests.catalogue.living.made import Rows
from tiefvision.store.table import Table


@pytest.fixture
def path(tmp_path):
    return tmp_path / "catalogue.lmdb"


@pytest.fixture
def table(path):
    with Table(path, create=True) as table:
        yield table


@pytest.fixture
def rows(table):
    return Rows(table)
