from dataclasses import replace

import numpy as np
import pytest

from tiefvision.catalogue.gallery import GalleryRow, write_gallery
from tiefvision.evaluation.searches import Search
from tiefvision.index.hnsw import HnswSettings
from tiefvision.judging import indexes as module
from tiefvision.judging.comparison import Comparison
from tiefvision.judging.indexes import with_indexes
from tiefvision.judging.results import run_search
from tiefvision.ranking.cosine import embed_cells
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.ranking.similarity import normalise_cells
from tiefvision.records import Crop, View
from tiefvision.store.artifact import ArtifactWriter
from tiefvision.store.header import Header
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.job import input_digests

COUNT = 12
MAPS = normalise_cells(
    np.random.default_rng(1).standard_normal((COUNT, 4, 2, 2), np.float32)
)
VIEWS = tuple(View(str(number)) for number in range(COUNT))
ITEMS = tuple(f"item{number}" for number in range(COUNT))
SEARCH = Search("mirror", VIEWS[:3], ITEMS[:3], VIEWS, ITEMS)
RANKERS = {
    "cosine": embed_cells,
    "first": lambda garments: garments.maps[:, :, 0, 0],
}
SURE = {
    name: {"value": 0.0, "low": 0.0, "high": 0.0} for name in ("recall@1", "recall@10")
}


def garments_of(views):
    return GarmentBatch(MAPS[[int(view.path) for view in views]])


def compared():
    results = tuple(run_search(SEARCH, RANKERS, garments_of))
    return Comparison("", SEARCH, results, {}, {}, 0)


@pytest.fixture
def workspace(tmp_path):
    """A workspace with artifacts of stages 1 and 6, and no gallery."""
    for name in ("photos", "crops"):
        with ArtifactWriter(
            tmp_path / f"{name}.lmdb", Header("", 1, {}, {}), 0.1
        ) as to:
            to.write(records={"row/0": name})
            to.finish(details={})
    return Workspace(tmp_path)


def index_it(workspace, views=VIEWS, stale=False):
    """The gallery of stage 9, with an index only for the first ranker."""
    digests = input_digests(workspace, ["photos", "crops"])
    header = Header("compare", 1, {}, digests | ({"crops": "old"} if stale else {}))
    rows = [GalleryRow(view.path, view.path, Crop(None)) for view in views]
    with ArtifactWriter(workspace.path("gallery"), header, 0.1) as writer:
        details = write_gallery(
            writer, rows, (), garments_of, {"cosine": embed_cells}, HnswSettings()
        )
        writer.finish(details=details)
    return details["indexes"]["cosine"]["bytes"]


def test_missing_indexes_are_built(workspace):
    indexes = with_indexes(compared(), RANKERS, garments_of, workspace).indexes
    exact = {"recall_of_exact": 1.0, "ahead_of_exact": SURE}
    assert indexes == {
        "cosine": {"embedding": 16, **exact},
        "first": {"embedding": 4, **exact},
    }


def test_the_gallery_s_own_index_is_judged(workspace, monkeypatch):
    size = index_it(workspace)
    built = []
    build = module.build_index
    monkeypatch.setattr(
        module, "build_index", lambda rows: built.append(rows.shape) or build(rows)
    )
    indexes = with_indexes(compared(), RANKERS, garments_of, workspace).indexes
    assert indexes["cosine"]["bytes"] == size
    assert indexes["cosine"]["recall_of_exact"] == 1.0
    assert built == [(COUNT, 4)]  # the gallery was not indexed for "first"
    assert "bytes" not in indexes["first"]


@pytest.mark.parametrize("changes", [{"stale": True}, {"views": VIEWS[::-1]}])
def test_a_gallery_of_other_photographs_is_not_used(workspace, changes):
    index_it(workspace, **changes)
    indexes = with_indexes(compared(), RANKERS, garments_of, workspace).indexes
    assert "bytes" not in indexes["cosine"]
    assert indexes["cosine"]["recall_of_exact"] == 1.0


def test_a_damaged_gallery_is_not_used(workspace):
    workspace.path("gallery").write_bytes(b"no artifact")
    indexes = with_indexes(compared(), RANKERS, garments_of, workspace).indexes
    assert "bytes" not in indexes["cosine"]


def test_a_gallery_too_large_for_memory_is_not_judged(workspace, monkeypatch):
    monkeypatch.setattr(module, "MOST_BYTES", 4 * 4 * COUNT)
    indexes = with_indexes(compared(), RANKERS, garments_of, workspace).indexes
    assert indexes["cosine"] == {"embedding": 16}
    assert indexes["first"]["recall_of_exact"] == 1.0


def test_the_lines_hold_the_facts_of_indexes(workspace):
    comparison = compared()
    assert all("index" not in line for line in comparison.to_lines())
    facts = {"cosine": {"embedding": 16}}
    first, other = replace(comparison, indexes=facts).to_lines()
    assert first["index"] == {"embedding": 16} and "index" not in other


def test_no_index_is_judged_where_each_query_searches_a_part(workspace):
    index_it(workspace)
    whole = compared()
    search = replace(whole.search, within="category", query_kinds=("hat",) * 3)
    part = replace(whole, search=search)
    indexes = with_indexes(part, RANKERS, garments_of, workspace).indexes
    assert indexes == {"cosine": {"embedding": 16}, "first": {"embedding": 4}}
