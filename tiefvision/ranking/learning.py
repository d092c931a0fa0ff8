"""Rankers that learn without triplets, from the crops of a training split."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from tiefvision.evaluation.searches import Search
from tiefvision.progress import Track
from tiefvision.ranking.colours.rankers import LabRanker
from tiefvision.ranking.cosine import CosineRanker
from tiefvision.ranking.garments import Embed, GarmentsOf
from tiefvision.ranking.mix import learn_mix
from tiefvision.ranking.pooling import POOLS, PooledRanker
from tiefvision.ranking.views import BLOCK, embed_views
from tiefvision.ranking.whitening import WhitenedRanker, fit_whitening
from tiefvision.ranking.words.codebook import learn_codebook
from tiefvision.ranking.words.ranker import Describe, WordsRanker
from tiefvision.records import View

MOST_LEARNT_FROM = 1500
"""Most photographs to learn from; their whole maps take 190 MB."""

Learnt = tuple[nn.Module, dict[str, Any]]
"""A ranker, and the details from which ``RankerKind.build`` builds it again before its
weights are restored (values of JSON types)."""


@dataclass(frozen=True)
class TrainingCrops:
    """The training split of a workspace, as rankers learn from it.

    Attributes:
        views: unchanged crops, at most ``MOST_LEARNT_FROM``.
        search: search within the training split.
        garments_of: reader of the crops of views.
        seed: seed of random numbers.
        track: shows progress.
    """

    views: Sequence[View]
    search: Search
    garments_of: GarmentsOf
    seed: int
    track: Track


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
    return WordsRanker(describe, codebook), {"words": words, "length": length}


def learn_mixture(crops: TrainingCrops) -> Learnt:
    """Learn the mix of a map, whole or pooled, and LAB colours that ranks best."""
    firsts: dict[str, Embed] = {
        "cosine": CosineRanker(),
        **{name: PooledRanker(pool) for name, pool in POOLS.items()},
    }
    first, mix = learn_mix(crops.search, firsts, LabRanker(), crops.garments_of)
    return mix, {"first": first, "weight": mix.weight}


def learn_components(crops: TrainingCrops) -> Learnt:
    """Learn the principal components of whole feature maps."""
    maps = embed_views(crops.views, crops.garments_of, CosineRanker())
    whitening = fit_whitening(maps)
    size, length = whitening.projection.shape
    ranker = WhitenedRanker(CosineRanker(), whitening)
    return ranker, {"size": size, "length": length}
