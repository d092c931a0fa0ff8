"""Every ranker of the table keeps what the table says of it."""

import json
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tiefvision.engines.modules import arrays_of
from tiefvision.errors import BadUsage, BadWeights
from tiefvision.evaluation.searches import Search
from tiefvision.networks.building import build_network
from tiefvision.progress import untracked
from tiefvision.ranking import learning
from tiefvision.ranking.colours.histogram import lab_histogram
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.ranking.learning import Learnt, TrainingCrops
from tiefvision.ranking.needs import EVERYTHING
from tiefvision.ranking.registry import BASELINE, OWN, RANKERS, ranker_kind
from tiefvision.ranking.restoring import restore_ranker
from tiefvision.ranking.similarity import normalise_cells
from tiefvision.records import View

COUNT, CHANNELS, SIDE = 8, 6, 4
"""Garments of the training split, and the size of their maps."""

ROOT = Path(__file__).parents[2]


def pixels_of(seed):
    """Coloured squares on grey: corners for Gabor jets, blobs for MSER."""
    generator = np.random.default_rng(seed)
    crop = np.full((64, 64, 3), 120, dtype=np.uint8)
    for row in range(0, 64, 16):
        for column in range(0, 64, 16):
            colour = generator.integers(0, 256, 3)
            crop[row + 3 : row + 13, column + 3 : column + 13] = colour
    return crop


PIXELS = np.stack([pixels_of(number) for number in range(COUNT)])
GARMENTS = GarmentBatch(
    normalise_cells(
        np.random.default_rng(0).random((COUNT, CHANNELS, SIDE, SIDE), np.float32)
    ),
    np.stack([lab_histogram(crop) for crop in PIXELS]),
    PIXELS,
)


class Watched:
    """Garments that note which of their parts are read."""

    def __init__(self, garments):
        self._garments, self.read = garments, set()

    def __getattr__(self, name):
        self.read.add(name)
        return getattr(self._garments, name)


def garments_of(views):
    rows = [int(view.path) for view in views]
    return GarmentBatch(GARMENTS.maps[rows], GARMENTS.colours[rows], PIXELS[rows])


CROPS = TrainingCrops(
    [View(str(number)) for number in range(COUNT)],
    Search(
        "item",
        tuple(View(str(number)) for number in range(0, COUNT, 2)),
        tuple(str(number // 2) for number in range(0, COUNT, 2)),
        tuple(View(str(number)) for number in range(1, COUNT, 2)),
        tuple(str(number // 2) for number in range(1, COUNT, 2)),
    ),
    garments_of,
    seed=0,
    track=untracked,
)

DEEPRANKS = {
    "cells": {"network": "cells", "channels": CHANNELS},
    "deep": {"network": "deep", "channels": CHANNELS},
    "of an earlier release": {"channels": CHANNELS},
    "colour": {
        "network": "colour",
        "channels": CHANNELS,
        "colours": GARMENTS.colours.shape[1],
        "size": 10,
    },
}


def learnt(kind):
    """Details and weights: as the ranker learns them, drawn, or none."""
    if kind.learn:
        return kind.learn(CROPS)
    if kind.system:
        network = build_network(kind.name, 0.05)
        weights = {n: a for n, a in arrays_of(network).items() if a.shape}
        return Learnt({"network": kind.name, "width": 0.05}, weights)
    if kind.learns == "triplets":
        return drawn(DEEPRANKS["colour"])
    return Learnt({}, {})


def drawn(details):
    """Random weights of a network of DeepRank."""
    generator = np.random.default_rng(0)
    shapes = RANKERS["deeprank"].shapes(details)
    weights = {
        name: generator.standard_normal(shape, np.float32)
        for name, shape in shapes.items()
    }
    return Learnt(details, weights)


def restored(kind, found):
    return restore_ranker(kind, found.details, found.weights, "the test")


@pytest.fixture(autouse=True)
def few_words(monkeypatch):
    """16 visual words in place of 1024, for which there are too few descriptors."""
    learn = partial(learning.learn_codebook, words=16)
    monkeypatch.setattr(learning, "learn_codebook", learn)


every_ranker = pytest.mark.parametrize("name", RANKERS)

several_rankers = pytest.mark.parametrize("name", [*OWN, "mobilenet_skips", "cardigan"])
"""This project's, and two networks: tests/networks holds the others to their data."""


@several_rankers
def test_a_ranker_makes_unit_embeddings_of_the_length_that_the_table_says(name):
    kind = RANKERS[name]
    found = learnt(kind)
    embeddings = restored(kind, found)(GARMENTS)
    expected = kind.embedding(CHANNELS, SIDE**2, found.details)
    assert embeddings.shape == (COUNT, expected)
    assert embeddings.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-5)
    assert len(np.unique(embeddings, axis=0)) == COUNT


@several_rankers
def test_a_ranker_reads_what_it_needs_and_nothing_else(name):
    kind = RANKERS[name]
    watched = Watched(GARMENTS)
    restored(kind, learnt(kind))(watched)
    assert watched.read == set(kind.needs)
    assert set(kind.needs) <= set(EVERYTHING)


@several_rankers
def test_a_ranker_is_restored_from_details_and_weights_as_they_are_stored(name):
    """Details as JSON, and weights in half precision, as a bundle holds them."""
    kind = RANKERS[name]
    found = learnt(kind)
    halves = {name: array.astype(np.float16) for name, array in found.weights.items()}
    rounded = {name: array.astype(np.float32) for name, array in halves.items()}
    details = json.loads(json.dumps(found.details))
    again = restore_ranker(kind, details, {**halves, "other": PIXELS}, "the test")
    expected = kind.build(found.details, rounded)
    np.testing.assert_array_equal(again(GARMENTS), expected(GARMENTS))


@pytest.mark.parametrize("name", ["pca", "gabor", "deeprank", "512_no_dropout"])
def test_weights_that_are_missing_or_have_another_shape_are_named(name):
    kind = RANKERS[name]
    found = learnt(kind)
    for lost, array in found.weights.items():
        rest = {key: kept for key, kept in found.weights.items() if key != lost}
        with pytest.raises(BadWeights, match=f"file lacks it.{lost}: it holds another"):
            restore_ranker(kind, found.details, rest, "file", "it.")
        wrong = array[..., None]
        expected = re.escape(f"it.{lost} is {wrong.shape}, expected {array.shape}")
        with pytest.raises(BadWeights, match=expected):
            restore_ranker(kind, found.details, rest | {lost: wrong}, "file", "it.")


@pytest.mark.parametrize("details", DEEPRANKS.values(), ids=DEEPRANKS)
def test_every_network_of_deeprank_has_the_length_that_the_table_says(details):
    kind = RANKERS["deeprank"]
    watched = Watched(GARMENTS)
    embeddings = restored(kind, drawn(details))(watched)
    assert embeddings.shape[1] == kind.embedding(CHANNELS, SIDE**2, details)
    assert watched.read <= set(kind.needs)


def test_lengths_worked_by_hand():
    lengths = {
        name: RANKERS[name].embedding(256, 121, {"size": 512, "network": "colour"})
        for name in OWN
        if name not in ("pca", "mix")
    }
    assert lengths == {
        "cosine": 256 * 121,
        **dict.fromkeys(("mean", "max", "gem", "spoc"), 256),
        "rgb": 8 * 8 * 8,
        "lab": GARMENTS.colours.shape[1],
        **dict.fromkeys(("gabor", "blobs"), 1024),
        "deeprank": 512,
        "engineered": 2048 + 1024 + 540,
    }
    assert RANKERS["pca"].embedding(256, 121, {"size": 7}) == 7
    # The first ranker decides how long a mix is.
    colours = lengths["lab"]
    assert RANKERS["mix"].embedding(256, 121, {"first": "gem"}) == 256 + colours
    assert RANKERS["mix"].embedding(256, 121, {}) == 256 * 121 + colours
    assert RANKERS["mildnet"].embedding(256, 121, {}) == 2048
    assert RANKERS["mildnet"].embedding(256, 121, {"width": 0.25}) == 512


def test_who_learns_and_from_what():
    learners = {
        name: RANKERS[name].learns for name in OWN if RANKERS[name].learns != "nothing"
    }
    assert learners == {
        "pca": "photographs",
        "gabor": "photographs",
        "blobs": "photographs",
        "mix": "items",
        "deeprank": "triplets",
        "engineered": "items",
    }
    for kind in RANKERS.values():
        assert not kind.system or kind.learns == "triplets"
        assert (kind.learn is not None) == (kind.learns in ("photographs", "items"))


def test_the_mix_learns_what_finds_the_items():
    """LAB tells the items apart where the maps are all alike."""
    alike = normalise_cells(np.ones_like(GARMENTS.maps))

    def pairs(views):
        """Both garments of an item have its colours; a little noise keeps them two."""
        rows = [int(view.path) // 2 * 2 for view in views]
        return GarmentBatch(alike[rows], GARMENTS.colours[rows])

    crops = TrainingCrops(CROPS.views, CROPS.search, pairs, 0, untracked)
    assert RANKERS["mix"].learn(crops).details["weight"] > 0


@every_ranker
def test_a_summary_is_a_part_of_a_sentence(name):
    kind = RANKERS[name]
    assert kind.name == name
    assert kind.summary and not kind.summary.endswith(".")
    assert ". " not in kind.summary and "\n" not in kind.summary


def test_the_baseline_comes_first_and_learns_nothing():
    assert next(iter(RANKERS)) == BASELINE
    assert RANKERS[BASELINE].learns == "nothing"


@every_ranker
def test_a_kind_is_found_by_its_name(name):
    assert ranker_kind(name) is RANKERS[name]


@pytest.mark.parametrize("name", ["deeprank-cells", "deeprank-2", "deeprank-a-b_c"])
def test_a_trained_ranker_may_have_a_suffix(name):
    assert ranker_kind(name) is RANKERS["deeprank"]


def test_the_engineered_ranker_may_be_told_its_weights():
    assert ranker_kind("engineered-5-3-2") is RANKERS["engineered"]
    for name in ("engineered-5-3", "engineered-0-0-0", "engineered-a-b-c"):
        with pytest.raises(BadUsage, match="There is no ranker"):
            ranker_kind(name)


def test_so_may_a_network_of_the_literature():
    assert ranker_kind("1024_512-quarter") is RANKERS["1024_512"]


@pytest.mark.parametrize(
    "name",
    [
        *("cosine-2", "pca-2", "x", "", "deeprank-", "deeprank--a", "Deeprank"),
        *("deeprank-../x", "deeprank-a/b", "deeprank-a\n", "deeprank a", "-deeprank"),
    ],
)
def test_what_is_no_ranker_is_refused_with_those_there_are(name):
    with pytest.raises(BadUsage, match="There is no ranker") as caught:
        ranker_kind(name)
    fix = caught.value.fix.split("? ")[-1]
    count = len(RANKERS) - len(OWN)
    assert fix == (
        f"Use {', '.join(OWN)}, or one of {count} networks of the literature, which "
        "tiefvision models lists."
    )


def test_a_name_that_is_nearly_one_is_told():
    with pytest.raises(BadUsage) as caught:
        ranker_kind("mildnet_vgg-2")
    assert caught.value.fix.startswith("Did you mean mildnet_vgg19 or ")


def test_reading_the_table_imports_nothing_slow():
    code = (
        "import json, sys; from tiefvision.ranking.registry import RANKERS; "
        "print(json.dumps([len(RANKERS), sorted(sys.modules)]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT
    )
    count, modules = json.loads(done.stdout)
    assert count == len(RANKERS)
    assert not {"torch", "numpy", "scipy", "cv2"} & set(modules)
