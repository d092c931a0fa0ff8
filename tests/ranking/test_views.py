import numpy as np
import pytest

from tiefvision.ranking.cosine import embed_cells
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.ranking.similarity import normalise_cells, similarity
from tiefvision.ranking.views import embed_views, similarity_rows, similarity_table
from tiefvision.records import View

COUNT = 10
VIEWS = [View(str(number)) for number in range(COUNT)]
MAPS = normalise_cells(
    np.random.default_rng(0).standard_normal((COUNT, 4, 3, 3), np.float32)
)


def garments_of(views):
    return GarmentBatch(MAPS[[int(view.path) for view in views]])


@pytest.mark.parametrize("block", [1, 3, 10, 256])
def test_the_table_holds_the_similarity_of_every_pair(block):
    queries, gallery = VIEWS[:4], VIEWS[2:]
    table = similarity_table(queries, gallery, garments_of, embed_cells, block)
    assert table.shape == (4, 8)
    assert table.dtype == np.float32
    for row, query in enumerate(queries):
        for column, other in enumerate(gallery):
            pair = (garments_of([view]).maps for view in (query, other))
            (expected,) = similarity(*pair)
            assert table[row, column] == pytest.approx(expected, abs=1e-6)
    assert table.max() <= 1.0


@pytest.mark.parametrize("block", [1, 4, 256])
def test_embeddings_do_not_depend_on_the_block(block):
    expected = embed_cells(garments_of(VIEWS))
    embeddings = embed_views(VIEWS, garments_of, embed_cells, block)
    np.testing.assert_allclose(embeddings, expected)
    assert embeddings.dtype == np.float32


def test_no_more_than_a_block_is_read_at_a_time():
    sizes = []

    def reading(views):
        sizes.append(len(views))
        return garments_of(views)

    embed_views(VIEWS, reading, embed_cells, 4)
    assert sizes == [4, 4, 2]
    sizes.clear()
    similarity_table(VIEWS, VIEWS, reading, embed_cells, 4)
    assert max(sizes) == 4


def test_rows_come_a_block_of_queries_at_a_time():
    table = similarity_table(VIEWS, VIEWS[:7], garments_of, embed_cells)
    rows = list(similarity_rows(VIEWS, VIEWS[:7], garments_of, embed_cells, 4))
    assert [len(block) for block in rows] == [4, 4, 2]
    np.testing.assert_allclose(np.concatenate(rows), table, atol=1e-6)


@pytest.mark.parametrize(("queries", "gallery"), [(0, 5), (5, 0), (0, 0)])
def test_an_empty_table(queries, gallery):
    table = similarity_table(VIEWS[:queries], VIEWS[:gallery], garments_of, embed_cells)
    assert table.shape == (queries, gallery)


@pytest.mark.parametrize("block", [3, 256])
def test_close_ups_raise_a_similarity_to_the_highest_of_all(block):
    random = np.random.default_rng(1)
    views = normalise_cells(random.standard_normal((3, COUNT, 4, 3, 3), np.float32)[0])
    closer = [MAPS, views, np.ascontiguousarray(views[::-1])]

    def reading(asked):
        return GarmentBatch(
            np.stack([closer[view.closeup][int(view.path)] for view in asked])
        )

    args = VIEWS[:4], VIEWS, reading, embed_cells, block
    found = np.concatenate(list(similarity_rows(*args, closeups=2)))
    alone = np.concatenate(list(similarity_rows(*args)))
    one = np.concatenate(list(similarity_rows(*args, closeups=1)))
    query = embed_cells(reading(VIEWS[:4]))
    each = [query @ embed_cells(GarmentBatch(maps)).T for maps in closer]
    np.testing.assert_allclose(alone, each[0], atol=1e-6)
    np.testing.assert_allclose(one, np.maximum(*each[:2]), atol=1e-6)
    np.testing.assert_allclose(found, np.maximum.reduce(each), atol=1e-6)
    assert (found > one).any() and (one > alone).any()
