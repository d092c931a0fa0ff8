import tracemalloc

import numpy as np
import pytest

from tiefvision.evaluation.searches import Search
from tiefvision.judging.memory import peak_bytes, peak_of_search
from tiefvision.judging.results import run_search
from tiefvision.ranking.cosine import embed_cells
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.ranking.views import BLOCK, embed_views
from tiefvision.records import View


def search_of(queries, gallery, within="all"):
    views = tuple(View(str(number)) for number in range(queries + gallery))
    items = tuple(str(number % (gallery // 2)) for number in range(queries + gallery))
    kinds = tuple(str(int(item) % 3) for item in items)
    return Search(
        "item",
        views[gallery:],
        items[gallery:],
        views[:gallery],
        items[:gallery],
        query_kinds=kinds[gallery:],
        gallery_kinds=kinds[:gallery],
        within=within,
    )


def reader(width):
    """Garments made on access."""

    def read(views):
        numbers = np.array([int(view.path) for view in views], dtype=np.float32)
        maps = np.empty((len(views), width, 1, 1), dtype=np.float32)
        maps[:] = np.cos(numbers)[:, None, None, None]
        return GarmentBatch(maps)

    return read


def traced_peak(call):
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("width", "queries", "gallery", "within"),
    [
        (30976, 300, 600, "all"),  # maps of 256 channels by 11x11 cells
        (30976, 300, 600, "category"),
        (8, 256, 2000, "all"),
        (8, 512, 2000, "all"),
        (8, 256, 2000, "category"),
    ],
)
def test_memory_stays_under_the_stated_peak(width, queries, gallery, within):
    search, read = search_of(queries, gallery, within), reader(width)
    stated = peak_of_search(search, embed_cells, read)
    assert stated == peak_bytes(width, gallery, 4 * width)
    peak = traced_peak(lambda: run_search(search, {"any": embed_cells}, read))
    assert 0.75 * stated < peak < 1.005 * stated


def test_embeddings_of_several_blocks_are_in_memory_once():
    views = [View(str(number)) for number in range(4 * BLOCK)]
    peak = traced_peak(lambda: embed_views(views, reader(4000), embed_cells))
    whole, block = 4 * 4000 * len(views), 4 * 4000 * BLOCK
    assert whole < peak < whole + 2.1 * block


def test_the_peak_by_hand():
    # Embedding: two blocks of 3 rows of 10 numbers, 3 garments of 7 bytes, and the
    # similarities of 3 queries to 100 photographs. Judging takes more: 48 bytes each.
    assert peak_bytes(10, 100, 7, block=3) == 4 * 3 * 10 + 48 * 3 * 100
    assert peak_bytes(900, 1, 7, block=3) == 2 * 4 * 3 * 900 + 3 * 7 + 4 * 3


def test_the_bytes_that_a_ranker_reads_are_counted():
    garments = GarmentBatch(
        np.ones((1, 2, 3, 3), np.float32),
        np.ones((1, 5), np.float32),
        np.ones((1, 4, 4, 3), np.uint8),
    )
    search = search_of(2, 10)
    read = {
        "maps": 4 * 18,
        "colours": 4 * 5,
        "pixels": 48,
    }
    for name, size in read.items():

        def embed(them, name=name):
            return getattr(them, name).reshape(1, -1).astype(np.float32)

        width = embed(garments).shape[1]
        assert peak_of_search(search, embed, lambda _: garments) == peak_bytes(
            width, 10, size
        )
    assert peak_of_search(search, embed_cells, lambda _: garments) == peak_bytes(
        18, 10, 72
    )
