"""A shop to index, finders for it, and catalogues as values that can be compared."""

import shutil
from pathlib import Path

import pytest

from tiefvision.catalogue.living.current import current_of
from tiefvision.catalogue.partitions import partition
from tiefvision.catalogue.partitions.shards import shards_of
from tiefvision.engines.choice import Backend
from tiefvision.finder import Finder
from tiefvision.models.trained import TrainedModels
from tiefvision.store.table import Table
from tiefvision.workspace.artifacts import Workspace


@pytest.fixture
def shop(dataset, tmp_path):
    """Twelve shop photographs, one of them twice, and two that cannot be read."""
    folder = tmp_path / "shop"
    shutil.copytree(dataset / "images" / "shop", folder)
    first, *_ = sorted(folder.iterdir())
    (folder / "half.jpg").write_bytes(first.read_bytes()[:600])
    (folder / "none.jpg").write_bytes(b"\xff\xd8\xff no photograph")
    shutil.copy(first, folder / "twin.jpg")
    return folder


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Partitions of four photographs, and workers that import this code."""
    monkeypatch.setattr(partition, "SIZE", 4)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))


@pytest.fixture
def finder(run):
    """A finder of the trained workspace, which the test may change."""
    with Finder(Workspace(run), TrainedModels(Workspace(run)), Backend("cpu")) as made:
        yield made


def contents_of(run):
    """All that a catalogue holds; names of spaces and times are drawn or told anew."""
    workspace = Workspace(run)
    current = current_of(workspace)
    spaces = {space.name: ranker for ranker, space in current.spaces.items()}
    found = {}
    with Table(workspace.path("catalogue")) as table, table.read() as now:
        for key, content in now.contents(""):
            for name, ranker in spaces.items():
                key = key.replace(f"/{name}/", f"/{ranker}/")
            if key.split("/")[0] not in ("collection", "log", "merging"):
                found[key] = content
    facts = {"photos": current.photos, "items": current.items}
    return facts | {"next_row": current.next_row}, found


@pytest.fixture
def assert_as_expected(run, shop, finder, tmp_path):
    """Holds a report, and the catalogue of the run, against what one process makes."""
    other = shutil.copytree(run, tmp_path / "alone")
    workspace = Workspace(other)
    with Finder(workspace, TrainedModels(workspace), Backend("cpu")) as alone:
        expected = alone.index(shop)
    expected_facts, expected_contents = contents_of(other)

    def check(report):
        timeless = {"seconds": 0, "milliseconds": {}}
        assert report | timeless == expected | timeless
        facts, found = contents_of(run)
        assert facts == expected_facts
        assert sorted(found) == sorted(expected_contents)
        assert [k for k in found if found[k] != expected_contents[k]] == []
        assert not shards_of(Workspace(run).path("catalogue")).exists()

    return check
