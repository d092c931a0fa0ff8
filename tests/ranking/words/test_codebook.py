import numpy as np
import pytest

from tiefvision.errors import BadDataset
from tiefvision.ranking.words.codebook import (
    Codebook,
    embed_words,
    k_means,
    learn_codebook,
    nearest_words,
)


def photographs(count=12, places=40, numbers=3, seed=0):
    generator = np.random.default_rng(seed)
    return [
        generator.normal(size=(places, numbers)).astype(np.float32)
        for _ in range(count)
    ]


def corners():
    """A codebook of three words in one dimension."""
    words = np.array([[0.0], [10.0], [20.0]], dtype=np.float32)
    return Codebook(words, np.ones(1, dtype=np.float32))


def seen(*places):
    return np.array(places, dtype=np.float32).reshape(-1, 1)


def test_nearest_words_against_a_loop():
    points = np.random.default_rng(1).normal(size=(5000, 4)).astype(np.float32)
    words = points[:7] + np.float32(0.1)
    expected = [np.square(words - point).sum(axis=1).argmin() for point in points]
    assert nearest_words(points, words).tolist() == expected


def test_k_means_worked_by_hand():
    points = np.array([[0], [1], [10], [12]], dtype=np.float32)
    start = np.array([[0], [1], [99]], dtype=np.float32)
    # First 1, 10 and 12 are nearest to the second centroid; then 1 is nearer to the
    # first. No point is nearest to 99.
    assert k_means(points, start, 1).ravel() == pytest.approx([0, 23 / 3, 99])
    assert k_means(points, start, 9).ravel() == pytest.approx([0.5, 11, 99])


def test_learn_codebook_finds_clusters():
    generator = np.random.default_rng(2)
    middles = np.array([[0, 0], [9, 0], [0, 9], [9, 9]], dtype=np.float32)
    photos = [
        (middles + generator.normal(0, 0.1, (4, 2))).astype(np.float32)
        for _ in range(30)
    ]
    codebook = learn_codebook(photos, words=4, seed=3)
    words = np.unique((codebook.words * codebook.scales).round(), axis=0)
    assert words.tolist() == [[0, 0], [0, 9], [9, 0], [9, 9]]


def test_equal_seeds_give_equal_words():
    first, again, other = (
        learn_codebook(photographs(), words=8, seed=seed, most=200).words
        for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_words_depend_on_importance_and_not_on_units():
    photos = photographs()
    larger = [photo * np.array([1, 1024, 1], dtype=np.float32) for photo in photos]
    plain = learn_codebook(photos, words=8)
    assert learn_codebook(larger, words=8).words == pytest.approx(plain.words, abs=1e-4)
    weights = np.array([1, 0.5, 1], dtype=np.float32)
    weighted = learn_codebook(photos, words=8, importance=weights)
    assert weighted.scales == pytest.approx(plain.scales / weights)


def test_embed_words_worked_by_hand():
    photo = seen(1, -1, 2, 9, 21, 22, 19, 20)  # three, one and four of each word
    embedded = embed_words(photo, corners())
    assert embedded == pytest.approx(np.sqrt(np.array([3, 1, 4]) / 8))
    assert embedded.dtype == np.float32


def test_photographs_without_descriptors_embed_as_zeros():
    embedded = embed_words(np.empty((0, 1), dtype=np.float32), corners())
    assert embedded.tolist() == [0, 0, 0]
    assert embedded.dtype == np.float32


def test_photographs_without_descriptors_are_tolerated():
    empty = np.empty((0, 3), dtype=np.float32)
    codebook = learn_codebook([empty, *photographs()], words=8)
    assert codebook.words.shape == (8, 3)
    assert np.isfinite(codebook.words).all()


def test_constant_dimensions_have_scale_one():
    photos = [np.pad(photo, ((0, 0), (0, 1))) for photo in photographs()]
    codebook = learn_codebook(photos, words=8)
    assert codebook.scales[3] == 1
    assert np.isfinite(codebook.words).all()


@pytest.mark.parametrize("photos", [[], [seen(1, 1, 1, 2)]])
def test_too_few_different_descriptors_are_refused(photos):
    with pytest.raises(BadDataset, match=r"too few for 3 visual words.*fewer words"):
        learn_codebook(photos, words=3)
