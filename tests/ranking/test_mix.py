import numpy as np
import pytest

from tiefvision.evaluation.searches import Search
from tiefvision.ranking import mix as module
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.ranking.mix import MixRanker, learn_mix
from tiefvision.ranking.similarity import unit_rows
from tiefvision.records import View

GENERATOR = np.random.default_rng(0)
SHAPES = unit_rows(GENERATOR.standard_normal((8, 6), np.float32))
NOISE = unit_rows(GENERATOR.standard_normal((8, 6), np.float32))


def garments_of(views):
    rows = [int(view.path) for view in views]
    return GarmentBatch(SHAPES[rows], NOISE[rows])


def shape(garments):
    return garments.maps


def noise(garments):
    return garments.colours


SEARCH = Search(
    "item",
    tuple(View(str(number)) for number in range(8)),
    tuple("abcdefgh"),
    tuple(View(str(number)) for number in range(8)),
    tuple("abcdefgh"),
)


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_similarity_is_the_weighted_mean_of_both_rankers(weight):
    mixed = MixRanker(shape, noise, weight)(garments_of(SEARCH.queries))
    assert mixed.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(mixed, axis=1), 1, rtol=1e-6)
    expected = (1 - weight) * (SHAPES @ SHAPES.T) + weight * (NOISE @ NOISE.T)
    np.testing.assert_allclose(mixed @ mixed.T, expected, atol=1e-6)


class Turned:
    """A reader whose gallery crops have the colours of another garment.

    A ranker of maps then finds every item, a ranker of colours none.
    """

    def __call__(self, views):
        rows = [int(view.path.split("-")[-1]) for view in views]
        turned = [
            (row + 1) % 8 if view.path.startswith("g") else row
            for row, view in zip(rows, views, strict=True)
        ]
        return GarmentBatch(SHAPES[rows], NOISE[turned])


def test_the_better_ranker_gets_the_weight():
    search = Search(
        "item",
        tuple(View(f"q-{number}") for number in range(8)),
        tuple("abcdefgh"),
        tuple(View(f"g-{number}") for number in range(8)),
        tuple("abcdefgh"),
    )
    found = learn_mix(search, {"shape": shape}, noise, Turned())
    assert found == ("shape", 0.0)
    _, weight = learn_mix(search, {"noise": noise}, shape, Turned())
    assert weight > 0.5
    name, _ = learn_mix(search, {"noise": noise, "shape": shape}, noise, Turned())
    assert name == "shape"


def test_size_of_blocks_does_not_change_the_mix(monkeypatch):
    whole = learn_mix(SEARCH, {"noise": noise, "shape": shape}, noise, Turned())
    sizes = []

    def reading(views):
        sizes.append(len(views))
        return Turned()(views)

    monkeypatch.setattr(module, "BLOCK", 3)
    blocks = learn_mix(SEARCH, {"noise": noise, "shape": shape}, noise, reading)
    assert blocks == whole
    # Queries in blocks of 3, 3 and 2, and the gallery of 8 at once.
    assert sorted(set(sizes)) == [2, 3, 8]


def test_at_most_so_many_evenly_spaced_queries_are_used(monkeypatch):
    assert module._blocks(5) == [[0, 1, 2, 3, 4]] and module._blocks(0) == []
    monkeypatch.setattr(module, "MOST_QUERIES", 4)
    assert module._blocks(9) == [[0, 2, 4, 6]]
    assert module._blocks(4) == [[0, 1, 2, 3]]
    asked = set()

    def reading(views):
        asked.update(view.path for view in views if view.path.startswith("q"))
        return Turned()(views)

    search = Search(
        "item",
        tuple(View(f"q-{number}") for number in range(8)),
        tuple("abcdefgh"),
        tuple(View(f"g-{number}") for number in range(8)),
        tuple("abcdefgh"),
    )
    assert learn_mix(search, {"shape": shape}, noise, reading)[1] == 0.0
    assert asked == {"q-0", "q-2", "q-4", "q-6"}


def test_names_and_weights_are_told_in_words():
    mix = MixRanker(shape, noise, 0.35, ("mean", "lab"))
    assert (
        mix.learnt_in_words() == "mean by 0.65 and lab by 0.35, as learnt in training"
    )
