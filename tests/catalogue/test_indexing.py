"""Indexing a catalogue; tests/cli/test_index.py runs the command."""

import shutil

import pytest

from tiefvision.catalogue import gallery
from tiefvision.engines.choice import Backend
from tiefvision.errors import StaleArtifact, TiefVisionError
from tiefvision.finder import Finder
from tiefvision.models.trained import TrainedModels
from tiefvision.store.artifact import Artifact, ArtifactWriter
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
    finder.workspace.path("catalogue").unlink()
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
    with finder.workspace.open("catalogue") as catalogue:
        count = catalogue.header.count
    assert count["colours"] == count["crop"] == count["row"] == 12
    assert "map" not in count and "pixels" not in count


def test_the_header_tells_what_can_be_searched(finder, shop):
    finder.index(shop, ["cosine", "lab"])
    indexed = finder.indexed
    assert (indexed.name, indexed.photos, indexed.items) == ("catalogue", 12, 12)
    assert (indexed.root, indexed.images) == (shop, shop)
    assert indexed.rankers == ("cosine", "lab")
    made = finder.workspace.path("catalogue").stat().st_mtime
    assert indexed.made == made


def test_a_catalogue_of_an_earlier_release_is_refused_with_what_mends_it(
    finder, shop, run
):
    """Its rows say "box_in_image" where they now say "box", and it counts no items."""
    finder.index(shop, ["cosine"])
    finder.close()
    path = finder.workspace.path("catalogue")
    with Artifact(path) as catalogue:
        header = catalogue.header
        keys = catalogue.keys("derived/cosine")
        index = {
            f"derived/cosine/{key}": catalogue.tensors(f"derived/cosine/{key}")
            for key in keys
        }
        rows = [
            {"photo": row["photo"], "item": row["item"], "box_in_image": row["box"]}
            for row in catalogue.records("row")
        ]
    with ArtifactWriter(path, header, 0.1) as writer:
        writer.write(index, {f"row/{i:08d}": row for i, row in enumerate(rows)})
        details = {k: v for k, v in header.details.items() if k != "items"}
        writer.finish(header.encoder, details)
    assert finder.indexed.items == 12  # counted from the rows
    photo = sorted(shop.iterdir())[0]
    with pytest.raises(StaleArtifact, match="written by an earlier release") as caught:
        finder.search(photo, whole=True)
    assert caught.value.fix == f"Run: tiefvision index CATALOGUE --workspace {run}"
