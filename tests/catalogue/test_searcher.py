from dataclasses import dataclass

import numpy as np
import pytest
import torch

from tiefvision.catalogue.searcher import Searcher
from tiefvision.index.hnsw import build_index
from tiefvision.photos.working import WorkingPhoto
from tiefvision.ranking.crops import CropRules, crop_garment

PHOTO = WorkingPhoto(np.zeros((40, 30, 3), dtype=np.uint8), 60, 80)


@dataclass
class Encoder:
    """Encodes every crop alike."""

    mean: torch.Tensor

    def encode(self, photo):
        assert photo.shape == (224, 224, 3)
        return torch.ones(1, 1, 1)


def fan(rows):
    """Unit vectors that turn away from the first, a degree a row."""
    angles = np.deg2rad(np.arange(rows, dtype=np.float64))
    return np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)


def searcher(items):
    return Searcher(
        Encoder(torch.zeros(3)),
        CropRules(),
        lambda maps: torch.tensor([[1.0, 0.0]]),
        build_index(fan(len(items))),
        [f"{row}.jpg" for row in range(len(items))],
        items,
    )


def test_the_closest_photograph_of_each_item_is_listed():
    hits = searcher(["a", "a", "b", "a", "c"]).nearest(PHOTO, None, 3)
    assert [(hit.rank, hit.item, hit.photo) for hit in hits] == [
        (1, "a", "0.jpg"),
        (2, "b", "2.jpg"),
        (3, "c", "4.jpg"),
    ]
    expected = np.cos(np.deg2rad([0, 2, 4]))
    np.testing.assert_allclose([hit.similarity for hit in hits], expected, atol=1e-6)


def test_an_item_with_many_photographs_hides_no_other():
    hits = searcher(["a"] * 50 + ["b"] * 50 + ["c"]).nearest(PHOTO, None, 3)
    assert [hit.item for hit in hits] == ["a", "b", "c"]


@pytest.mark.parametrize(("k", "found"), [(1, 1), (2, 2), (3, 3), (1000, 3)])
def test_no_more_than_k_and_no_more_than_there_are(k, found):
    ready = searcher(["a", "b", "c", "a"])
    assert len(ready.nearest(PHOTO, None, k)) == found
    assert ready.item_count == 3


def test_the_box_is_of_the_photograph_and_not_of_its_pixels(monkeypatch):
    seen = []

    def crop(pixels, box):
        seen.append(box)
        return crop_garment(pixels, box)

    monkeypatch.setattr("tiefvision.catalogue.searcher.crop_garment", crop)
    searcher(["a"]).nearest(PHOTO, (10.0, 20.0, 60.0, 80.0), 1)
    assert seen == [(5.0, 10.0, 30.0, 40.0)]
