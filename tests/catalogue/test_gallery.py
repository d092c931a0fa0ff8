import numpy as np
import pytest
import torch

from tiefvision.catalogue import gallery as module
from tiefvision.catalogue.gallery import (
    GalleryRow,
    read_index,
    read_rows,
    write_gallery,
)
from tiefvision.errors import StaleArtifact
from tiefvision.index.hnsw import HnswSettings
from tiefvision.ranking.cosine import CosineRanker
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.records import Crop
from tiefvision.store.artifact import Artifact, ArtifactWriter
from tiefvision.store.header import Header

ROWS = [
    GalleryRow("a.jpg", "a", Crop((1.0, 2.0, 3.0, 4.0), "dress", 0.75)),
    GalleryRow("b.jpg", "b", Crop(None)),
    GalleryRow("c.jpg", "b", Crop(None, unsure=True)),
]
MAPS = torch.nn.functional.normalize(
    torch.randn(3, 4, 2, 2, generator=torch.Generator().manual_seed(0)), dim=1
)


def garments_of(views):
    return GarmentBatch(MAPS[["abc".index(view.path[0]) for view in views]])


@pytest.fixture
def gallery(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "CHUNK", 100)  # so that an index takes several
    path = tmp_path / "gallery.lmdb"
    with ArtifactWriter(path, Header("compare", 1, {}, {}), 0.1) as writer:
        rankers = {"cosine": CosineRanker()}
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
    found = index.search(CosineRanker()(GarmentBatch(MAPS)).numpy(), 3)
    assert found.rows[:, 0].tolist() == [0, 1, 2]
    np.testing.assert_allclose(found.similarities[:, 0], 1.0, atol=1e-6)
    facts = gallery.header.details["indexes"]["cosine"]
    assert (facts["embedding"], facts["recall_of_exact"]) == (16, 1.0)


def test_an_index_does_not_count_in_the_digest(gallery):
    assert gallery.header.count == {"row": 3}


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
