"""Indexing a catalogue; tests/cli/test_index.py runs the command."""

import shutil
import time

import pytest

from tiefvision.catalogue import gallery
from tiefvision.engines.choice import Backend
from tiefvision.errors import StaleArtifact, TiefVisionError
from tiefvision.finder import Finder
from tiefvision.models.trained import TrainedModels
from tiefvision.store.artifact import ArtifactWriter
from tiefvision.store.header import Header
from tiefvision.store.table import Table
from tiefvision.workspace.artifacts import Workspace


@pytest.fixture
def finder(run):
    with Finder(Workspace(run), TrainedModels(Workspace(run)), Backend("cpu")) as made:
        yield made


@pytest.fixture
def shop(dataset, tmp_path):
    """The twelve shop photographs, in a folder of their own."""
    return shutil.copytree(dataset / "images" / "shop", tmp_path / "shop")


def hits_of(finder, photo, ranker="cosine"):
    (answer, *_) = finder.search(photo, whole=True, ranker=ranker)
    return [(hit.item, hit.photo) for hit in answer.hits], [
        hit.similarity for hit in answer.hits
    ]


def test_a_catalogue_indexed_by_components_finds_what_whole_maps_find(
    finder, shop, monkeypatch
):
    report = finder.index(shop)
    assert not report["indexes"]["cosine"]["reduced"]
    asked = sorted(shop.iterdir())[::4]
    expected = [hits_of(finder, photo) for photo in asked]
    by_deeprank = hits_of(finder, asked[0], "deeprank")
    finder.close()
    monkeypatch.setattr(gallery, "REDUCED_FROM", 12)
    report = finder.index(shop)
    facts = report["indexes"]
    assert facts["cosine"]["reduced"] and facts["cosine"]["embedding"] <= 11
    assert not facts["deeprank"]["reduced"]  # its embeddings are short already
    for photo, (listed, similarities) in zip(asked, expected, strict=True):
        found, again = hits_of(finder, photo)
        assert len(found) == 10
        assert found == listed
        assert again == pytest.approx(similarities, abs=1e-5)
    assert hits_of(finder, asked[0], "deeprank")[0] == by_deeprank[0]


def test_an_empty_folder_is_refused_before_a_ranker_learns(finder, tmp_path):
    (tmp_path / "shop").mkdir()
    with pytest.raises(TiefVisionError, match="no photograph in"):
        finder.index(tmp_path / "shop", ["pca"])
    assert not finder.workspace.holds("pca")


def test_nothing_is_kept_that_no_ranker_reads(finder, shop):
    finder.index(shop, ["lab"])
    with Table(finder.workspace.path("catalogue")) as table, table.read() as now:
        kinds = ("row", "crop", "colours", "map", "pixels")
        counts = [len(list(now.keys(f"{kind}/"))) for kind in kinds]
    assert counts == [12, 12, 12, 0, 0]


def test_the_header_tells_what_can_be_searched(finder, shop):
    finder.index(shop, ["cosine", "lab"])
    indexed = finder.indexed
    assert (indexed.name, indexed.photos, indexed.items) == ("catalogue", 12, 12)
    assert (indexed.root, indexed.rankers) == (shop, ("cosine", "lab"))
    assert 0 <= time.time() - indexed.made < 600


def test_a_catalogue_of_an_earlier_release_is_refused_with_what_mends_it(
    finder, shop, run
):
    """It was an artifact, written once."""
    path = finder.workspace.path("catalogue")
    header = Header("index", 4, {}, {})
    with ArtifactWriter(path, header, 0.1) as writer:
        writer.write(records={"row/00000000": {"photo": "a.jpg", "item": "a"}})
        writer.finish(None, {"root": str(shop), "images": str(shop), "indexes": {}})
    photo = sorted(shop.iterdir())[0]
    with pytest.raises(StaleArtifact, match="written by an earlier release") as caught:
        finder.search(photo, whole=True)
    assert caught.value.fix == f"Run: tiefvision index CATALOGUE --workspace {run}"
    assert finder.index(shop, ["cosine"])["photos"] == 12
    assert finder.search(photo, whole=True)[0].hits[0].item == photo.stem
