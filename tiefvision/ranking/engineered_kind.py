"""What the registry says of the ranker ``engineered``; nothing slow is imported."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tiefvision.ranking.garments import Embed, Weights
    from tiefvision.ranking.learning import Learnt, TrainingCrops

SUFFIX = r"(?!0+-0+-0+$)\d+-\d+-\d+"
"""Weights of structure, pattern and colour, of which one is above 0."""


def engineered_embedding(channels: int, cells: int, details: Mapping[str, Any]) -> int:
    """Length of an embedding: structure, pattern and colour."""
    return 2048 + int(details.get("words", 1024)) + 540


def build_engineered(details: Mapping[str, Any], weights: "Weights") -> "Embed":
    """The ranker, from the details of a header and its weights by name."""
    from tiefvision.ranking.engineered import (
        EngineeredRanker,
        StructureRanker,
        embed_colour,
    )
    from tiefvision.ranking.words.codebook import Codebook
    from tiefvision.ranking.words.gabor import gabor_jets
    from tiefvision.ranking.words.ranker import WordsRanker

    codebook = Codebook(weights["words"], weights["scales"])
    return EngineeredRanker(
        StructureRanker(weights["places"]),
        WordsRanker(gabor_jets, codebook),
        embed_colour,
        tuple(details["weights"]),
        details["given"],
    )


def learn_engineered(crops: "TrainingCrops") -> "Learnt":
    """The details and weights of the ranker, learnt on a training split."""
    from tiefvision.ranking.learning import learn_engineered

    return learn_engineered(crops)


def engineered_shapes(details: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """The shapes of the weights by name."""
    words, length = details["words"], details["length"]
    return {"words": (words, length), "scales": (length,), "places": (details["map"],)}
