"""How rankers learn that need no triplets: from crops of a training split."""

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
"""Photographs to learn from: embeddings of so many whole maps take 190 MB."""

Learnt = tuple[nn.Module, dict[str, Any]]
"""A ranker, and what ``RankerKind.build`` needs to build it again before its weights
are restored (values of JSON types)."""


@dataclass(frozen=True)
class TrainingCrops:
    """The training split of a workspace, as rankers learn from it.

    Attributes:
        views: The crops as they are, at most ``MOST_LEARNT_FROM``.
        search: The search that the split allows among its own photographs.
        garments_of: Reader of crops.
        seed: Seed of everything drawn.
        track: Progress of long loops.
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
    """Visual words of one kind of descriptors.

    Args:
        crops: The training split.
        describe: Function from a crop to its descriptors.
        importance: (D,) weight of each number of a descriptor; None for all alike.
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
    """An encoding (whole or pooled) beside LAB, with the weight that ranks best."""
    firsts: dict[str, Embed] = {
        "cosine": CosineRanker(),
        **{name: PooledRanker(pool) for name, pool in POOLS.items()},
    }
    first, mix = learn_mix(crops.search, firsts, LabRanker(), crops.garments_of)
    return mix, {"first": first, "weight": mix.weight}


def learn_components(crops: TrainingCrops) -> Learnt:
    """The principal components of whole maps."""
    maps = embed_views(crops.views, crops.garments_of, CosineRanker())
    whitening = fit_whitening(maps)
    size, length = whitening.projection.shape
    ranker = WhitenedRanker(CosineRanker(), whitening)
    return ranker, {"size": size, "length": length}
