from pathlib import Path

import numpy as np
import pytest

from tiefvision.evaluation.searches import Search
from tiefvision.judging import gallery_map as module
from tiefvision.judging.comparison import Comparison
from tiefvision.judging.gallery_map import map_gallery
from tiefvision.judging.results import RankerResult
from tiefvision.ranking.cosine import embed_cells
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.ranking.similarity import normalise_cells
from tiefvision.records import View

MAPS = normalise_cells(
    np.random.default_rng(1).standard_normal((20, 4, 2, 2), np.float32)
)
NAMES = ("cosine", "middle", "last")
RANKERS = dict.fromkeys(NAMES, embed_cells)


@pytest.fixture(autouse=True)
def paths(monkeypatch):
    monkeypatch.setattr(module, "photo_path", lambda _, path: Path("images", path))


def garments_of(views):
    return GarmentBatch(MAPS[[int(view.path) for view in views]])


def compared(count, rankers=NAMES, seed=0):
    views = tuple(View(str(number)) for number in range(count))
    items = tuple(f"item{number}" for number in range(count))
    rows, numbers = np.zeros((1, 0), np.int64), np.zeros((1, 0), np.float32)
    results = tuple(
        RankerResult(name, np.ones(1, np.int64), {}, rows, numbers, rows, numbers)
        for name in rankers
    )
    boxes = {view.path: (0.0, 0.0, 1.0, float(view.path)) for view in views}
    search = Search("mirror", views[:1], items[:1], views, items)
    return Comparison("", search, results, {}, boxes, seed)


def test_all_of_a_small_gallery_by_the_first_and_the_last_ranker():
    found = map_gallery(compared(20), None, RANKERS, garments_of)
    assert list(found.cells) == ["cosine", "last"]
    assert [tile.name for tile in found.tiles] == [f"item{n}" for n in range(20)]
    assert found.tiles[7].photo == Path("images/7")
    assert found.tiles[7].box_in_image == (0.0, 0.0, 1.0, 7.0)
    for cells in found.cells.values():
        assert len({tuple(cell) for cell in cells.tolist()}) == 20
        assert cells.min() >= 0 and cells.max() < found.side
    np.testing.assert_array_equal(found.cells["cosine"], found.cells["last"])


def test_of_a_large_gallery_the_seed_draws(monkeypatch):
    monkeypatch.setattr(module, "MAPPED", 6)

    def names(seed):
        found = map_gallery(compared(20, NAMES[:1], seed), None, RANKERS, garments_of)
        assert list(found.cells) == ["cosine"]
        return [tile.name for tile in found.tiles]

    assert len(set(names(0))) == 6
    assert names(0) == names(0) != names(1)


def test_a_tiny_gallery_has_no_map():
    assert map_gallery(compared(4), None, RANKERS, garments_of) is None
    assert map_gallery(compared(5), None, RANKERS, garments_of) is not None
