import numpy as np
import pytest

from tiefvision.catalogue import reduction as module
from tiefvision.catalogue.reduction import Reduction, reduce_rows
from tiefvision.errors import BadDataset
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.ranking.similarity import unit_rows
from tiefvision.ranking.whitening import Whitening
from tiefvision.records import View

NORMAL = np.random.default_rng(1).standard_normal((40, 6), np.float32)
EMBEDDINGS = unit_rows(NORMAL)
VIEWS = [View(str(row)) for row in range(len(EMBEDDINGS))]


def reader(blocks=None):
    """Reads embeddings, and notes how many at a time."""

    def garments_of(views):
        if blocks is not None:
            blocks.append(len(views))
        return GarmentBatch(EMBEDDINGS[[int(view.path) for view in views]])

    return garments_of


def embed(garments):
    return garments.maps


def test_a_case_worked_by_hand():
    """Less the mean (1, 0), the first axis alone, at unit length."""
    reduction = Reduction(
        Whitening(
            np.array([1, 0], dtype=np.float32), np.array([[1, 0]], dtype=np.float32)
        )
    )
    reduced = reduction.apply(np.array([[3, 5], [0, 9]], dtype=np.float32))
    assert reduced.tolist() == [[1.0], [-1.0]]


def test_components_are_kept_in_half_precision():
    reduction, _ = reduce_rows(VIEWS, reader(), embed)
    kept = reduction.to_tensors()
    assert {name: (a.dtype, a.shape) for name, a in kept.items()} == {
        "mean": (np.float16, (6,)),
        "projection": (np.float16, (6, 6)),
    }


def test_rows_are_reduced_by_what_is_read_again():
    """By the rounded components: queries are reduced by nothing else."""
    reduction, reduced = reduce_rows(VIEWS, reader(), embed)
    again = Reduction.from_tensors(reduction.to_tensors())
    np.testing.assert_array_equal(again.apply(EMBEDDINGS), reduced)
    assert reduced.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(reduced, axis=1), 1.0, atol=1e-6)


def test_blocks_are_put_together_in_order(monkeypatch):
    _, whole = reduce_rows(VIEWS, reader(), embed)
    monkeypatch.setattr(module, "BLOCK", 7)
    blocks = []
    _, reduced = reduce_rows(VIEWS, reader(blocks), embed)
    np.testing.assert_allclose(reduced, whole, atol=1e-5)
    assert blocks == [40, 7, 7, 7, 7, 7, 5]  # 40 to learn from, then block by block


def test_of_many_rows_evenly_spaced_ones_are_learnt_from(monkeypatch):
    monkeypatch.setattr(module, "MOST_LEARNT_FROM", 15)
    blocks = []
    _, reduced = reduce_rows(VIEWS, reader(blocks), embed)
    assert blocks[0] == 14  # every third of 40: as many as fit
    assert len(reduced) == 40


def test_rows_that_are_all_alike_cannot_be_reduced():
    same = GarmentBatch(np.ones((2, 3), np.float32))
    with pytest.raises(BadDataset):
        reduce_rows(VIEWS[:2], lambda views: same, embed)
