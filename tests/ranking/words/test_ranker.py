import numpy as np
import pytest

from tiefvision.ranking.colours.histogram import colour_histogram, lab_histogram
from tiefvision.ranking.colours.rankers import embed_lab, embed_rgb
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.ranking.words.codebook import Codebook, embed_words
from tiefvision.ranking.words.ranker import WordsRanker

CROPS = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), dtype=np.uint8)
COLOURS = np.stack([lab_histogram(crop) for crop in CROPS])
GARMENTS = GarmentBatch(np.empty((3, 0, 1, 1), np.float32), COLOURS, CROPS)


def corners(crop):
    """The colours of two corners, in [0, 1]; none of a black crop."""
    if not crop.any():
        return np.empty((0, 3), dtype=np.float32)
    return (crop[[0, -1], [0, -1]] / 255).astype(np.float32)


CODEBOOK = Codebook(
    np.array([[0, 0, 0], [1, 1, 1], [1, 0, 0]], dtype=np.float32),
    np.ones(3, dtype=np.float32),
)


def test_each_row_is_the_histogram_of_its_crop():
    embeddings = embed_rgb(GARMENTS)
    assert embeddings.shape == (3, 512)
    for row, crop in zip(embeddings, CROPS, strict=True):
        np.testing.assert_allclose(row, colour_histogram(crop))


def test_lab_takes_the_colours_that_are_kept():
    # Half precision on disk left them a little off unit length.
    kept = GarmentBatch(GARMENTS.maps, COLOURS * 1.01, CROPS)
    assert np.allclose(embed_lab(kept), COLOURS, atol=1e-5)


def test_each_row_holds_the_words_of_its_crop():
    embeddings = WordsRanker(corners, CODEBOOK)(GARMENTS)
    for row, crop in zip(embeddings, CROPS, strict=True):
        np.testing.assert_allclose(row, embed_words(corners(crop), CODEBOOK))
        assert np.linalg.norm(row) == pytest.approx(1.0)


def test_a_crop_in_which_nothing_stands_out_is_like_nothing():
    dark = GarmentBatch(GARMENTS.maps, COLOURS, np.zeros_like(CROPS))
    assert not WordsRanker(corners, CODEBOOK)(dark).any()
