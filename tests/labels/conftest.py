import pytest

from tiefvision.labels.store import LabelStore


@pytest.fixture
def store(tmp_path):
    return LabelStore(tmp_path / "labels.sqlite")
