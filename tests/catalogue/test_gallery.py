import numpy as np
import pytest

from tiefvision.catalogue import gallery as module
from tiefvision.catalogue.gallery import (
    GalleryRow,
    read_densities,
    read_index,
    read_reduction,
    read_rows,
    write_gallery,
)
from tiefvision.catalogue.searcher import Searcher
from tiefvision.catalogue.stored_gallery import StoredGallery
from tiefvision.catalogue.stored_rows import StoredRows
from tiefvision.errors import StaleArtifact
from tiefvision.index.hnsw import HnswSettings
from tiefvision.ranking.cosine import embed_cells
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.ranking.similarity import normalise_cells
from tiefvision.records import Crop
from tiefvision.store.artifact import Artifact, ArtifactWriter
from tiefvision.store.header import Header

ROWS = [
    GalleryRow("a.jpg", "a", Crop((1.0, 2.0, 3.0, 4.0), "dress", 0.75)),
    GalleryRow("b.jpg", "b", Crop(None)),
    GalleryRow("c.jpg", "b", Crop(None, unsure=True), "blue"),
]
MAPS = normalise_cells(
    np.random.default_rng(0).standard_normal((3, 4, 2, 2), np.float32)
)


def garments_of(views):
    return GarmentBatch(MAPS[["abc".index(view.path[0]) for view in views]])


MANY = 40
MANY_ROWS = [
    GalleryRow(f"{row}.jpg", f"item{row // 2}", Crop(None)) for row in range(MANY)
]
MANY_MAPS = normalise_cells(
    np.random.default_rng(2).standard_normal((MANY, 8, 3, 3), np.float32)
)


def many_garments(views):
    return GarmentBatch(MANY_MAPS[[int(view.path[:-4]) for view in views]])


def searcher_of(path):
    """A searcher over the many rows, and what the gallery says of its index."""
    with ArtifactWriter(path, Header("compare", 1, {}, {}), 0.1) as writer:
        rankers = {"cosine": embed_cells, "other": embed_cells}
        details = write_gallery(
            writer, MANY_ROWS, (), many_garments, rankers, HnswSettings()
        )
        writer.finish(details=details)
    with Artifact(path) as gallery:
        stored = StoredGallery(
            StoredRows(read_rows(gallery)),
            read_index(gallery, "cosine"),
            embed_cells,
            many_garments,
            read_reduction(gallery, "cosine"),
        )
        made = Searcher(embed_cells, stored)
        assert read_reduction(gallery, "other") is None
        return made, gallery.header.details["indexes"]


def test_from_so_many_rows_on_whole_maps_are_indexed_by_their_components(
    tmp_path, monkeypatch
):
    """And what is found is the same, in the same order, by the same cosines."""
    whole, facts = searcher_of(tmp_path / "whole.lmdb")
    assert whole.gallery.reduction is None
    assert (facts["cosine"]["reduced"], facts["cosine"]["embedding"]) == (False, 72)
    monkeypatch.setattr(module, "REDUCED_FROM", MANY)
    reduced, facts = searcher_of(tmp_path / "reduced.lmdb")
    assert reduced.gallery.reduction is not None
    # 40 rows span 39 directions around their mean.
    assert (facts["cosine"]["reduced"], facts["cosine"]["embedding"]) == (True, 39)
    assert (facts["other"]["reduced"], facts["other"]["embedding"]) == (False, 72)
    assert facts["cosine"]["recall_of_exact"] > 0.9
    for row in (0, 13, 39):
        garment = GarmentBatch(MANY_MAPS[[row]])
        expected = whole.nearest(garment, 20)
        found = reduced.nearest(garment, 20)
        assert len(found) == 20  # all items
        assert [hit.item for hit in found] == [hit.item for hit in expected]
        assert [hit.photo for hit in found] == [hit.photo for hit in expected]
        assert [hit.similarity for hit in found] == pytest.approx(
            [hit.similarity for hit in expected], abs=1e-5
        )
        assert found[0].similarity == pytest.approx(1.0, abs=1e-5)


def test_one_row_less_is_indexed_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "REDUCED_FROM", MANY + 1)
    _, facts = searcher_of(tmp_path / "whole.lmdb")
    assert not facts["cosine"]["reduced"]


@pytest.fixture
def gallery(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "CHUNK", 100)  # so that an index takes several
    path = tmp_path / "gallery.lmdb"
    with ArtifactWriter(path, Header("compare", 1, {}, {}), 0.1) as writer:
        rankers = {"cosine": embed_cells}
        details = write_gallery(writer, ROWS, (), garments_of, rankers, HnswSettings())
        writer.finish(details=details)
    with Artifact(path) as artifact:
        yield artifact


def test_rows_come_back_in_order(gallery):
    rows = read_rows(gallery)
    assert rows == ROWS


def test_an_index_in_several_values_finds_each_row(gallery):
    assert len(gallery.keys("derived/cosine")) > 1
    index = read_index(gallery, "cosine")
    found = index.search(embed_cells(GarmentBatch(MAPS)), 3)
    assert found.rows[:, 0].tolist() == [0, 1, 2]
    np.testing.assert_allclose(found.similarities[:, 0], 1.0, atol=1e-6)
    facts = gallery.header.details["indexes"]["cosine"]
    assert (facts["embedding"], facts["recall_of_exact"]) == (16, 1.0)


def test_densities_come_back_in_order(gallery):
    """The closest photograph of the other item counts alone."""
    cosines = embed_cells(GarmentBatch(MAPS)) @ embed_cells(GarmentBatch(MAPS)).T
    expected = [max(cosines[0, 1:]), cosines[1, 0], cosines[2, 0]]
    np.testing.assert_allclose(read_densities(gallery, "cosine"), expected, atol=1e-5)
    with pytest.raises(StaleArtifact, match="written by an earlier release"):
        read_densities(gallery, "mean")


def test_an_index_does_not_count_in_the_digest(gallery):
    assert gallery.header.count == {"row": 3}


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("gallery", "make stage-9 RUN={}"),
        ("catalogue", "tiefvision index CATALOGUE --workspace {}"),
    ],
)
def test_rows_of_an_earlier_release_are_refused_with_what_mends_them(
    name, command, tmp_path
):
    row = {"photo": "a.jpg", "item": "a", "box_in_image": None, "category": ""}
    path = tmp_path / f"{name}.lmdb"
    with ArtifactWriter(path, Header("compare", 1, {}, {}), 0.1) as writer:
        writer.write(records={"row/00000000": row})
        writer.finish()
    with (
        Artifact(path) as artifact,
        pytest.raises(StaleArtifact, match="written by an earlier release") as caught,
    ):
        read_rows(artifact)
    assert caught.value.fix == f"Run: {command.format(tmp_path)}"


def test_a_ranker_that_was_not_indexed_is_named(gallery):
    with pytest.raises(StaleArtifact, match="no index for mean, only for cosine"):
        read_index(gallery, "mean")


def test_the_command_that_indexes_for_it_takes_a_ranker(gallery):
    """Which the last stage does not: it indexes for its own two."""
    with pytest.raises(StaleArtifact) as caught:
        read_index(gallery, "mean")
    folder = gallery.path.parent
    expected = f"Run: tiefvision index CATALOGUE --workspace {folder} --ranker mean"
    assert caught.value.fix == expected
