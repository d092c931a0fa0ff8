"""Rankers that learn without triplets, from the crops of a training split."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiefvision.evaluation.searches import Search
from tiefvision.progress import Track
from tiefvision.ranking.colours.rankers import embed_lab
from tiefvision.ranking.cosine import embed_cells
from tiefvision.ranking.engineered import (
    StructureRanker,
    draw_places,
    embed_colour,
    weights_from,
)
from tiefvision.ranking.garments import Embed, GarmentsOf, Weights
from tiefvision.ranking.mix import learn_mix, learn_weights
from tiefvision.ranking.pooling import POOLS, PooledRanker
from tiefvision.ranking.views import BLOCK, embed_views
from tiefvision.ranking.whitening import fit_whitening
from tiefvision.ranking.words.codebook import Codebook, learn_codebook
from tiefvision.ranking.words.gabor import gabor_jets
from tiefvision.ranking.words.ranker import Describe, WordsRanker
from tiefvision.records import View

MOST_LEARNT_FROM = 1500
"""Most photographs to learn from; their whole maps take 190 MB."""


@dataclass(frozen=True, eq=False)
class Learnt:
    """What a ranker has learnt, from which ``RankerKind.build`` builds it.

    Attributes:
        details: entries of a header, of JSON types.
        weights: arrays by name, float32; {} if the details are everything.
    """

    details: Mapping[str, Any]
    weights: Weights


@dataclass(frozen=True)
class TrainingCrops:
    """The training split of a workspace, as rankers learn from it.

    Attributes:
        views: unchanged crops, at most ``MOST_LEARNT_FROM``.
        search: search within the training split.
        garments_of: reader of the crops of views.
        seed: seed of random numbers.
        track: shows progress.
        name: name of the ranker that learns, whose suffix may tell it something.
    """

    views: Sequence[View]
    search: Search
    garments_of: GarmentsOf
    seed: int
    track: Track
    name: str = ""


def learn_words(
    crops: TrainingCrops,
    describe: Describe,
    importance: NDArray[np.float32] | None = None,
) -> Learnt:
    """Learn visual words of one kind of descriptor.

    Args:
        crops: training split.
        describe: function from a crop to its local descriptors, (N, D) float32.
        importance: weight of each descriptor dimension, (D,); None for equal weights.
    """
    starts = range(0, len(crops.views), BLOCK)
    pixels = (
        crop
        for start in crops.track(starts, "learning words", len(starts))
        for crop in crops.garments_of(crops.views[start : start + BLOCK]).pixels
    )
    described = [describe(crop) for crop in pixels]
    codebook = learn_codebook(described, seed=crops.seed, importance=importance)
    words, length = codebook.words.shape
    return Learnt(
        {"words": words, "length": length},
        {"words": codebook.words, "scales": codebook.scales},
    )


def learn_mixture(crops: TrainingCrops) -> Learnt:
    """Learn the mix of a map, whole or pooled, and LAB colours that ranks best."""
    firsts: dict[str, Embed] = {
        "cosine": embed_cells,
        **{name: PooledRanker(pool) for name, pool in POOLS.items()},
    }
    first, weight = learn_mix(crops.search, firsts, embed_lab, crops.garments_of)
    return Learnt({"first": first, "weight": weight}, {})


def learn_engineered(crops: TrainingCrops) -> Learnt:
    """Learn the words of the pattern, and the weights unless the name tells them."""
    words = learn_words(crops, gabor_jets)
    length = embed_views(crops.views[:1], crops.garments_of, embed_cells).shape[1]
    places = draw_places(length)
    pattern = WordsRanker(gabor_jets, Codebook(**words.weights))
    embeds = (StructureRanker(places), pattern, embed_colour)
    given = weights_from(crops.name)
    weights = given or learn_weights(crops.search, embeds, crops.garments_of)
    return Learnt(
        {
            **words.details,
            "map": length,
            "weights": list(weights),
            "given": given is not None,
        },
        {**words.weights, "places": places},
    )


def learn_components(crops: TrainingCrops) -> Learnt:
    """Learn the principal components of whole feature maps."""
    maps = embed_views(crops.views, crops.garments_of, embed_cells)
    whitening = fit_whitening(maps)
    size, length = whitening.projection.shape
    return Learnt(
        {"size": size, "length": length},
        {"mean": whitening.mean, "projection": whitening.projection},
    )
