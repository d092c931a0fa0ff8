import pytest
import torch
from torch.nn import functional

from tiefvision.ranking.garments import GarmentBatch
from tiefvision.ranking.mix import MixRanker, learn_mix
from tiefvision.ranking.searches import Search
from tiefvision.ranking.triplets import View

GENERATOR = torch.Generator().manual_seed(0)
SHAPES = functional.normalize(torch.randn(8, 6, generator=GENERATOR), dim=1)
NOISE = functional.normalize(torch.randn(8, 6, generator=GENERATOR), dim=1)


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
def test_the_similarity_is_the_weighted_mean(weight):
    mixed = MixRanker(shape, noise, weight)(garments_of(SEARCH.queries))
    assert mixed.norm(dim=1).tolist() == pytest.approx([1.0] * 8)
    expected = (1 - weight) * (SHAPES @ SHAPES.T) + weight * (NOISE @ NOISE.T)
    assert (mixed @ mixed.T).allclose(expected, atol=1e-6)


class Turned:
    """Gallery views are those of another row: only one ranker sees through it."""

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
    name, mix = learn_mix(search, {"shape": shape}, noise, Turned())
    assert (name, mix.weight) == ("shape", 0.0)
    name, mix = learn_mix(search, {"noise": noise}, shape, Turned())
    assert mix.weight > 0.5
    name, _ = learn_mix(search, {"noise": noise, "shape": shape}, noise, Turned())
    assert name == "shape"
