import math

import numpy as np
import pytest

from tiefvision.errors import BadDataset, BadUsage
from tiefvision.ranking import whitening
from tiefvision.ranking.cosine import embed_cells
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.ranking.similarity import normalise_cells
from tiefvision.ranking.whitening import WhitenedRanker, Whitening, fit_whitening


def unit_rows(count, length, seed=0):
    """Random unit rows whose columns have decreasing variance, (count, length)."""
    rows = np.random.default_rng(seed).standard_normal((count, length))
    rows = rows / np.arange(1, length + 1) + 0.5
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def reduce_by_svd(train, asked, size, strength):
    """The reduction by its definition: a singular value decomposition in float64."""
    mean = train.astype(np.float64).mean(axis=0)
    _, deviations, directions = np.linalg.svd(train - mean, full_matrices=False)
    deviations = deviations / math.sqrt(len(train) - 1)
    reduced = (asked - mean) @ directions[:size].T / deviations[:size] ** strength
    return reduced / np.linalg.norm(reduced, axis=1, keepdims=True)


def cosines(rows):
    """Dot products of all rows, which do not depend on the signs of components."""
    return rows @ rows.T


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("block", [3, 256])
@pytest.mark.parametrize(("count", "length"), [(12, 40), (40, 12), (12, 12), (2, 5)])
def test_reduction_against_the_singular_value_decomposition(
    monkeypatch, count, length, block, strength
):
    monkeypatch.setattr(whitening, "BLOCK", block)
    train, asked = unit_rows(count, length), unit_rows(9, length, seed=1)
    size = min(6, count - 1)
    reduced = fit_whitening(train, size, strength).apply(asked)
    assert reduced.shape == (9, size) and reduced.dtype == np.float32
    expected = reduce_by_svd(train, asked, size, strength)
    np.testing.assert_allclose(cosines(reduced), cosines(expected), atol=1e-4)
    np.testing.assert_allclose(np.abs(reduced), np.abs(expected), atol=1e-4)


SQUARE = np.array([[3, 0], [-3, 0], [0, 1], [0, -1]], dtype=np.float32) + 5
"""Four points with the mean (5, 5) and the variances 18 / 3 = 6 and 2 / 3."""


@pytest.mark.parametrize(
    ("strength", "scales"),
    [
        (0.0, (1.0, 1.0)),
        (0.5, (6**-0.25, 1.5**0.25)),
        (1.0, (1 / math.sqrt(6), math.sqrt(1.5))),
    ],
)
def test_reduction_worked_by_hand(strength, scales):
    fitted = fit_whitening(SQUARE, 2, strength)
    assert fitted.mean.tolist() == [5.0, 5.0]
    np.testing.assert_allclose(fitted.projection, np.diag(scales), atol=1e-6)
    # (8, 6) less the mean is (3, 1). PCA preserves its angle of 18.4 degrees to the
    # first axis; full whitening gives (3 / sqrt 6, sqrt 1.5), at 45 degrees.
    x, y = 3 * scales[0], 1 * scales[1]
    expected = [x / math.hypot(x, y), y / math.hypot(x, y)]
    reduced = fitted.apply(np.array([[8.0, 6.0]], dtype=np.float32))
    assert reduced[0].tolist() == pytest.approx(expected)
    if strength == 1.0:
        assert expected == pytest.approx([math.sqrt(0.5)] * 2)


def test_whitened_training_embeddings_have_unit_covariance():
    train = unit_rows(200, 20)
    fitted = fit_whitening(train, 8, strength=1)
    projected = (train - fitted.mean) @ fitted.projection.T
    np.testing.assert_allclose(np.cov(projected.T), np.eye(8), atol=1e-3)
    alone = fit_whitening(train, 8, strength=0)
    lengths = np.linalg.norm(alone.projection, axis=1)
    np.testing.assert_allclose(lengths, 1.0, atol=1e-6)
    variances = ((train - alone.mean) @ alone.projection.T).var(axis=0)
    assert np.all(np.diff(variances) < 0)


def test_all_components_preserve_dot_products():
    train = unit_rows(10, 30)
    fitted = fit_whitening(train, 256, strength=0)
    assert fitted.projection.shape == (9, 30)
    centred = train - train.mean(axis=0)
    projected = centred @ fitted.projection.T
    np.testing.assert_allclose(projected @ projected.T, centred @ centred.T, atol=1e-6)


@pytest.mark.parametrize(("count", "length"), [(30, 8), (8, 30)])
def test_constant_or_copied_columns_and_rows_add_no_component(count, length):
    train = unit_rows(count, length)
    plain = fit_whitening(train, 256)
    dull = np.concatenate([train, np.full((count, 3), 0.25, np.float32)], axis=1)
    fitted = fit_whitening(dull, 256)
    assert fitted.projection.shape == (len(plain.projection), length + 3)
    assert (
        np.abs(fitted.projection[:, length:]).max()
        < 1e-6 * np.abs(fitted.projection).max()
    )
    copied = fit_whitening(np.concatenate([train, train[:, :2]], axis=1), 256)
    assert len(copied.projection) == len(plain.projection)
    twice = fit_whitening(np.concatenate([train, train]), 256)
    assert len(twice.projection) == len(plain.projection) == min(count - 1, length)
    np.testing.assert_allclose(twice.apply(train), plain.apply(train), atol=1e-3)


def test_two_embeddings_are_reduced_to_opposite_numbers():
    train = unit_rows(2, 50)
    fitted = fit_whitening(train)
    assert fitted.projection.shape == (1, 50)
    assert sorted(fitted.apply(train)[:, 0].tolist()) == [-1.0, 1.0]


def test_the_mean_is_reduced_to_zeros():
    fitted = Whitening(np.ones(3, np.float32), np.eye(3, dtype=np.float32)[:2])
    reduced = fitted.apply(np.array([[1, 1, 1], [1, 1, 9]], dtype=np.float32))
    assert reduced.tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert fitted.apply(np.empty((0, 3), np.float32)).shape == (0, 2)


def test_number_of_largest_magnitude_in_a_component_is_positive():
    for seed in range(5):
        projection = fit_whitening(unit_rows(20, 9, seed), 5).projection
        largest = np.abs(projection).argmax(axis=1)
        assert (projection[np.arange(5), largest] > 0).all()


@pytest.mark.parametrize("train", [np.zeros((0, 4)), np.ones((1, 4)), np.ones((7, 4))])
def test_embeddings_that_do_not_differ_are_refused(train):
    with pytest.raises(BadDataset, match="two training photographs"):
        fit_whitening(train.astype(np.float32))


def test_rounding_errors_add_no_component():
    """Rows that differ only in the last bit of float32 count as equal."""
    rows = unit_rows(3, 100)
    rounded = np.nextafter(rows, 2, dtype=np.float32)
    fitted = fit_whitening(np.concatenate([rows, rounded]))
    assert fitted.projection.shape == (2, 100)


def test_bad_arguments_are_refused():
    train = unit_rows(5, 4)
    with pytest.raises(BadUsage, match="0 numbers"):
        fit_whitening(train, 0)
    for strength in (-0.1, 1.1, math.nan):
        with pytest.raises(BadUsage, match="strength"):
            fit_whitening(train, strength=strength)
    train[2, 1] = np.nan
    with pytest.raises(ValueError, match="finite"):
        fit_whitening(train)


def test_rows_are_subsampled_if_both_sides_exceed_the_limit(monkeypatch):
    monkeypatch.setattr(whitening, "MOST_ROWS", 16)
    train = unit_rows(40, 20)  # every third row is used: 14 rows
    fitted = fit_whitening(train, 5)
    np.testing.assert_array_equal(
        fitted.projection, fit_whitening(train[::3].copy(), 5).projection
    )
    few_numbers = unit_rows(40, 16)  # 16 columns are within the limit: all rows
    assert np.array_equal(
        fit_whitening(few_numbers, 5).mean,
        few_numbers.mean(axis=0, dtype=np.float64).astype(np.float32),
    )


def test_arguments_are_not_changed_and_may_lie_on_disk(tmp_path):
    train = unit_rows(12, 40)
    kept = train.copy()
    fitted = fit_whitening(train, 4)
    applied = fitted.apply(train)
    assert np.array_equal(train, kept)
    np.save(tmp_path / "train.npy", train)
    on_disk = np.load(tmp_path / "train.npy", mmap_mode="r")
    assert np.array_equal(fit_whitening(on_disk, 4).projection, fitted.projection)
    assert np.array_equal(fitted.apply(on_disk), applied)


def test_whitened_ranker_reduces_the_embeddings_of_its_ranker():
    generator = np.random.default_rng(0)
    maps = normalise_cells(generator.standard_normal((12, 4, 3, 5), np.float32))
    embeddings = embed_cells(GarmentBatch(maps))
    fitted = fit_whitening(embeddings, 6)
    ranker = WhitenedRanker(embed_cells, fitted)
    reduced = ranker(GarmentBatch(maps))
    np.testing.assert_allclose(reduced, fitted.apply(embeddings), atol=1e-5)
    assert reduced.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(reduced, axis=1), 1, rtol=1e-6)
    assert ranker(GarmentBatch(maps[:0])).shape == (0, 6)
