import numpy as np
import pytest
import torch

from tiefvision.ranking.cosine import CosineRanker
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.ranking.similarity import normalise_cells, similarity
from tiefvision.ranking.views import embed_views, similarity_rows, similarity_table
from tiefvision.records import View

COUNT = 10
VIEWS = [View(str(number)) for number in range(COUNT)]
MAPS = normalise_cells(
    torch.randn(COUNT, 4, 3, 3, generator=torch.Generator().manual_seed(0))
)


def garments_of(views):
    return GarmentBatch(MAPS[[int(view.path) for view in views]])


@pytest.mark.parametrize("block", [1, 3, 10, 256])
def test_the_table_holds_the_similarity_of_every_pair(block):
    queries, gallery = VIEWS[:4], VIEWS[2:]
    table = similarity_table(queries, gallery, garments_of, CosineRanker(), block)
    assert table.shape == (4, 8)
    assert table.dtype == np.float32
    for row, query in enumerate(queries):
        for column, other in enumerate(gallery):
            expected = similarity(
                garments_of([query]).maps, garments_of([other]).maps
            ).item()
            assert table[row, column] == pytest.approx(expected, abs=1e-6)
    assert table.max() <= 1.0


@pytest.mark.parametrize("block", [1, 4, 256])
def test_embeddings_do_not_depend_on_the_block(block):
    expected = CosineRanker()(garments_of(VIEWS)).numpy()
    embeddings = embed_views(VIEWS, garments_of, CosineRanker(), block)
    np.testing.assert_allclose(embeddings, expected)
    assert embeddings.dtype == np.float32


def test_no_more_than_a_block_is_read_at_a_time():
    sizes = []

    def reading(views):
        sizes.append(len(views))
        return garments_of(views)

    embed_views(VIEWS, reading, CosineRanker(), 4)
    assert sizes == [4, 4, 2]
    sizes.clear()
    similarity_table(VIEWS, VIEWS, reading, CosineRanker(), 4)
    assert max(sizes) == 4


def test_rows_come_a_block_of_queries_at_a_time():
    table = similarity_table(VIEWS, VIEWS[:7], garments_of, CosineRanker())
    rows = list(similarity_rows(VIEWS, VIEWS[:7], garments_of, CosineRanker(), 4))
    assert [len(block) for block in rows] == [4, 4, 2]
    np.testing.assert_allclose(np.concatenate(rows), table, atol=1e-6)


@pytest.mark.parametrize(("queries", "gallery"), [(0, 5), (5, 0), (0, 0)])
def test_an_empty_table(queries, gallery):
    table = similarity_table(
        VIEWS[:queries], VIEWS[:gallery], garments_of, CosineRanker()
    )
    assert table.shape == (queries, gallery)
