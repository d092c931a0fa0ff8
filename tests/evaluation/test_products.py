import numpy as np
import pytest

from tiefvision.evaluation import products
from tiefvision.evaluation.cosines import cosine_blocks
from tiefvision.evaluation.products import photo_ranks

FAR = np.array([[1.0, 0.0], [0.9, 0.3], [0.8, 0.6], [0.6, 0.8], [0.0, 1.0]])
"""Embeddings of falling cosine with the first."""


def test_ranks_against_counting(monkeypatch):
    generator = np.random.default_rng(0)
    gallery, queries = (generator.normal(size=(n, 3)) for n in (40, 25))
    owners = [f"p{number}" for number in generator.integers(0, 12, 40)]
    wanted = [f"p{number}" for number in generator.integers(0, 14, 25)]
    expected = []
    for query, product in zip(queries, wanted, strict=True):
        order = np.argsort(-(gallery @ query) / np.linalg.norm(gallery, axis=1))
        in_order = [owners[row] for row in order]
        expected.append(in_order.index(product) + 1 if product in in_order else 0)
    assert 0 in expected  # a product that the gallery lacks

    def in_small_blocks(queries, gallery):
        return cosine_blocks(queries, gallery, block_bytes=7 * 4 * 40)

    monkeypatch.setattr(products, "cosine_blocks", in_small_blocks)
    ranks = photo_ranks(queries, wanted, gallery, owners)
    assert ranks.tolist() == expected
    assert ranks.dtype == np.int64


def test_every_photograph_of_a_wrong_product_takes_a_place():
    owners = ["b", "b", "b", "a", "a"]
    assert photo_ranks(FAR[:1], ["a"], FAR, owners).tolist() == [4]
    assert photo_ranks(FAR[:1], ["b"], FAR, owners).tolist() == [1]


def test_a_tie_counts_against_the_query():
    alike = np.ones((4, 2))
    ranks = photo_ranks(alike[:2], ["a", "d"], alike, ["a", "b", "c", "d"])
    assert ranks.tolist() == [4, 4]


@pytest.mark.parametrize(("queries", "gallery"), [(0, 3), (2, 0)])
def test_nothing_to_rank(queries, gallery):
    ranks = photo_ranks(FAR[:queries], ["a"] * queries, FAR[:gallery], ["b"] * gallery)
    assert ranks.tolist() == [0] * queries
