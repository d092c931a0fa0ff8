import math

import numpy as np
import pytest
import torch

from tiefvision.engines.choice import OpenVinoEngine
from tiefvision.engines.modules import arrays_of
from tiefvision.engines.torch import TorchEngine
from tiefvision.errors import BadWeights
from tiefvision.locating.folded import fold_heads
from tiefvision.locating.heads import (
    LOG_SPREAD_RANGE,
    BoxRegressors,
    CropClassifier,
    HeadSizes,
    set_input_statistics,
)

CHANNELS, WINDOW = 6, 3
MANY = tuple(f"category {number}" for number in range(23))


def make_heads(channels=CHANNELS, window=WINDOW, categories=("coat", "dress"), seed=0):
    """Heads of different widths and statistics, as two stages may train them."""
    torch.manual_seed(seed)
    classifier = CropClassifier(channels, window, categories, HeadSizes(4, 5))
    regressors = BoxRegressors(channels, window, len(categories), HeadSizes(3, 7))
    for head in (classifier, regressors):
        set_input_statistics(head, torch.randn(channels), torch.rand(channels) + 0.2)
    return classifier.eval(), regressors.eval()


ENGINES = (OpenVinoEngine(), TorchEngine(torch.device("cpu")))


def noise(*size):
    return np.random.default_rng(0).standard_normal((CHANNELS, *size), np.float32)


def judged(heads, cells):
    for_category, for_sides = heads.reduce(cells)
    return heads.probabilities(for_category), *heads.boxes(for_sides)


@pytest.mark.parametrize("engine", ENGINES, ids=repr)
@pytest.mark.parametrize("categories", [("outfit",), ("coat", "dress"), MANY])
@torch.no_grad()
def test_folded_heads_have_the_outputs_of_the_networks(fold, categories, engine):
    classifier, regressors = make_heads(categories=categories)
    cells = noise(5, 8)
    folded = fold(classifier, regressors, engine)
    assert (folded.categories, folded.window) == (categories, WINDOW)
    probabilities, coordinates, spreads = judged(folded, cells)
    assert {one.dtype for one in (probabilities, coordinates, spreads)} == {
        np.dtype(np.float32)
    }
    assert probabilities.shape == (len(categories), 3, 6)
    given = torch.from_numpy(cells)[None]
    close = {"rtol": 1e-4, "atol": 1e-5}
    np.testing.assert_allclose(probabilities, classifier(given)[0], **close)
    expected = regressors(given)
    assert coordinates.shape == spreads.shape == (4, len(categories), 3, 6)
    np.testing.assert_allclose(coordinates, expected[0][0], **close)
    np.testing.assert_allclose(spreads, expected[1][0], **close)


@torch.no_grad()
def test_all_reductions_are_one_convolution(fold):
    engine = WatchedEngine()
    heads = fold(*make_heads(), engine)
    (convolution, _), *others = engine.compiled
    assert (convolution.inputs, convolution.outputs) == (CHANNELS, 4 + 4 * 3)
    assert convolution.kernel == 1
    assert len(others) == 1 + 4  # the classifier and the regressors
    for_category, for_sides = heads.reduce(noise(4, 4))
    assert for_category.shape == (4, 4, 4)
    assert for_sides.shape == (4 * 3, 4, 4)


class WatchedEngine:
    """OpenVINO's engine; notes the layers, and that all are in float32."""

    def __init__(self):
        self.compiled = []

    def compile(self, layers, weights, channels):
        self.compiled.append(layers)
        return OpenVinoEngine().compile(layers, weights, channels)


@torch.no_grad()
def test_a_rectangle_of_the_reduced_map_has_the_boxes_of_its_windows(fold):
    heads = fold(*make_heads())
    _, for_sides = heads.reduce(noise(9, 8))
    every, part = heads.boxes(for_sides), heads.boxes(for_sides[:, 2:7, 3:8])
    for one, two in zip(every, part, strict=True):
        assert two.shape[2:] == (3, 3)
        np.testing.assert_allclose(one[:, :, 2:5, 3:6], two, rtol=1e-5, atol=1e-6)


@torch.no_grad()
def test_the_spread_stays_in_its_range(fold):
    classifier, regressors = make_heads()
    for side in regressors.networks.values():
        side.output.weight[1::2].mul_(1e4)
    *_, spreads = judged(fold(classifier, regressors), noise(9, 9))
    low, high = (math.exp(value) for value in LOG_SPREAD_RANGE)
    assert float(spreads.min()) == pytest.approx(low, rel=1e-5)
    assert float(spreads.max()) == pytest.approx(high, rel=1e-5)


@pytest.mark.filterwarnings("error")
@torch.no_grad()
def test_probabilities_of_certain_windows_are_0_and_1(fold):
    classifier, regressors = make_heads()
    classifier.network.output.weight.mul_(1e5)
    probabilities, *_ = judged(fold(classifier, regressors), noise(9, 9))
    assert (probabilities.min(), probabilities.max()) == (0.0, 1.0)


@torch.no_grad()
def test_half_precision_maps_give_the_outputs_of_their_float32_copies(fold):
    cells = noise(5, 5).astype(np.float16)
    heads = fold(*make_heads())
    both = judged(heads, cells), judged(heads, cells.astype(np.float32))
    for one, two in zip(*both, strict=True):
        np.testing.assert_array_equal(one, two)


def test_heads_in_half_precision_are_folded_in_single():
    classifier, regressors = map(arrays_of, make_heads())
    halves, singles = (
        [
            {
                name: array.astype(np.float16).astype(dtype)
                for name, array in one.items()
            }
            for one in (classifier, regressors)
        ]
        for dtype in (np.float16, np.float32)
    )
    both = (
        judged(fold_heads(("coat", "dress"), *one, OpenVinoEngine()), noise(5, 5))
        for one in (halves, singles)
    )
    for one, two in zip(*both, strict=True):
        np.testing.assert_array_equal(one, two)


def test_folding_changes_no_weights(fold):
    heads = make_heads()
    before = [tensor.clone() for head in heads for tensor in head.state_dict().values()]
    fold(*heads)
    after = [tensor for head in heads for tensor in head.state_dict().values()]
    assert all(map(torch.equal, before, after))


@pytest.mark.parametrize("head", ["crop_classifier", "box_regressors"])
def test_an_array_that_is_missing_or_does_not_fit_is_named(head):
    heads = dict(zip(("crop_classifier", "box_regressors"), make_heads(), strict=True))
    arrays = {name: arrays_of(module) for name, module in heads.items()}

    def folded(**changed):
        fold_heads(
            ("coat", "dress"),
            *({**arrays, head: {**arrays[head], **changed}}).values(),
            OpenVinoEngine(),
            "heads.safetensors",
        )

    folded()
    for name, array in arrays[head].items():
        with pytest.raises(BadWeights, match=r"heads\.safetensors: .* is \(5, 5, 5\)"):
            folded(**{name: np.zeros((5, 5, 5), np.float32)})
        rest = {key: one for key, one in arrays[head].items() if key != name}
        given = {**arrays, head: rest}.values()
        with pytest.raises(BadWeights, match=rf"here lacks {head}\.{name}: "):
            fold_heads(("coat", "dress"), *given, OpenVinoEngine(), "here")
        grown = np.zeros([size + 1 for size in array.shape], np.float32)
        with pytest.raises(BadWeights, match=rf"{head}\..*, expected "):
            folded(**{name: grown})


def test_heads_for_other_categories_are_refused():
    arrays = map(arrays_of, make_heads())
    with pytest.raises(BadWeights, match=r"output\.weight is \(2, 5, 1, 1\), expected"):
        fold_heads(("coat", "dress", "hat"), *arrays, OpenVinoEngine())
