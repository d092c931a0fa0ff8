import numpy as np
import pytest

from tiefvision.evaluation.searches import Search
from tiefvision.ranking.colours.histogram import CELLS, lab_cells
from tiefvision.ranking.colours.lab import srgb_to_lab
from tiefvision.ranking.engineered import (
    SIZE,
    EngineeredRanker,
    StructureRanker,
    draw_places,
)
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.ranking.mix import learn_weights
from tiefvision.ranking.similarity import normalise_cells, unit_rows
from tiefvision.records import View

GENERATOR = np.random.default_rng(0)
MAPS = normalise_cells(GENERATOR.standard_normal((6, 32, 7, 7), np.float32))


def test_structure_adds_every_number_of_a_map_to_its_place():
    maps = normalise_cells(GENERATOR.standard_normal((2, 3, 2, 2), np.float32))
    places = np.array([1, -1, 2, 2, -3, 4, 5, 6, 7, 8, 9, -2048], np.float32)
    flat = maps.reshape(2, 12) / 2  # 4 cells, so a length of 2
    expected = np.zeros((2, SIZE), np.float32)
    for row in range(2):
        for value, place in zip(flat[row], places, strict=True):
            expected[row, abs(int(place)) - 1] += np.sign(place) * value
    found = StructureRanker(places)(GarmentBatch(maps))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, unit_rows(expected), atol=1e-6)


def test_structure_keeps_similarities_up_to_the_noise_of_its_size():
    places = draw_places(32 * 7 * 7)
    np.testing.assert_array_equal(places, draw_places(32 * 7 * 7))
    assert set(np.sign(places)) == {-1, 1}
    assert 1 <= np.abs(places).min() < 20 and SIZE - 20 < np.abs(places).max() <= SIZE
    # Whole numbers of this size survive half precision, in which bundles hold them.
    np.testing.assert_array_equal(places.astype(np.float16), places)
    noisy = MAPS + 0.7 * MAPS[::-1]
    both = normalise_cells(np.concatenate([MAPS, noisy]))
    flat = both.reshape(len(both), -1) / 7
    found = StructureRanker(places)(GarmentBatch(both))
    apart = found @ found.T - flat @ flat.T
    assert 0 < np.abs(apart).max() < 4 / SIZE**0.5


def lab_cell(colour):
    """The cell of a colour in 12 x 5 x 9, by hand."""
    light, a, b = srgb_to_lab(np.array(colour, np.uint8))
    return (
        min(int(light / (100 / 12)), 11) * 45
        + int((a + 100) // 40) * 9
        + int((b + 108) // 24)
    )


@pytest.mark.parametrize(
    "colour", [(0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 0, 255), (40, 60, 110)]
)
def test_the_heaviest_cell_is_the_one_that_holds_the_colour(colour):
    histogram = lab_cells(np.full((3, 4, 3), colour, np.uint8))
    assert histogram.shape == (540,) == (np.prod(CELLS),)
    assert np.linalg.norm(histogram) == pytest.approx(1, abs=1e-5)
    assert histogram.argmax() == lab_cell(colour)


def test_a_grey_lies_inside_one_cell_of_a_and_b():
    histogram = lab_cells(np.full((2, 2, 3), 119, np.uint8)).reshape(CELLS)
    assert np.argwhere(histogram.max(axis=0) > 0.05).tolist() == [[2, 4]]


def test_similarity_is_the_weighted_mean_of_the_features():
    rows = [
        unit_rows(GENERATOR.standard_normal((5, size), np.float32))
        for size in (4, 3, 2)
    ]
    weights = (0.5, 0.2, 0.3)
    ranker = EngineeredRanker(*(lambda _, own=own: own for own in rows), weights)
    found = ranker(GarmentBatch())
    assert found.shape == (5, 9) and found.dtype == np.float32
    expected = sum(w * own @ own.T for w, own in zip(weights, rows, strict=True))
    np.testing.assert_allclose(found @ found.T, expected, atol=1e-6)
    assert list(ranker.features) == ["structure", "pattern", "colour"]
    assert ranker.learnt_in_words() == (
        "structure by 0.50, pattern by 0.20 and colour by 0.30, as learnt in training"
    )


def test_a_crop_without_a_pattern_is_compared_by_the_others():
    one, none = np.array([[1.0, 0.0]], np.float32), np.zeros((1, 2), np.float32)
    ranker = EngineeredRanker(
        lambda _: one, lambda _: none, lambda _: one, (0.25, 0.5, 0.25)
    )
    assert np.linalg.norm(ranker(GarmentBatch())) == pytest.approx(1)


def test_weights_go_to_the_ranker_that_finds_the_items():
    views = tuple(View(str(number)) for number in range(6))
    asked = tuple(View(f"q{number}") for number in range(6))
    search = Search("item", asked, tuple("abcdef"), views, tuple("abcdef"))

    def by(finds):
        """Finds the item, or the one beside it."""

        def embed(batch):
            return np.eye(6, dtype=np.float32)[batch.colours[:, 0 if finds else 1]]

        return embed

    def garments_of(views):
        rows = [(int(one.path[-1]), one.path.startswith("q")) for one in views]
        turned = [[row, (row + is_query) % 6] for row, is_query in rows]
        return GarmentBatch(colours=np.array(turned))

    found = learn_weights(search, [by(False), by(True), by(False)], garments_of)
    assert sum(found) == pytest.approx(1)
    # The other two agree with each other: the second must outweigh their sum, and the
    # most even weights that do are chosen.
    assert found == (0.2, 0.6, 0.2)
