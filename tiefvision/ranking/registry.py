"""The registry of rankers: what each compares, how it learns, and how it is built.

The command line, the comparison, the pages, the Makefile and the documentation read
this table; no other list of rankers exists. Reading it does not even import NumPy; the
modules of a ranker are imported when it is built.

A new ranker is a function from ``Garments`` to (B, D) float32 of unit length
(``Embed``), and an entry here; see docs/contributing.md. The networks of the literature
come from their own table (``literature.py``).
"""

import difflib
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tiefvision.errors import BadUsage
from tiefvision.ranking.engineered_kind import (
    SUFFIX,
    build_engineered,
    engineered_embedding,
    engineered_shapes,
    learn_engineered,
)
from tiefvision.ranking.kinds import Build, RankerKind
from tiefvision.ranking.literature import literature_kinds
from tiefvision.ranking.needs import Need

if TYPE_CHECKING:
    from tiefvision.ranking.garments import Embed, Weights
    from tiefvision.ranking.learning import Learnt, TrainingCrops

LAB_BINS = 2074
"""Bins of ``lab_histogram``. Counting them takes NumPy and a tenth of a second."""

COSINE, DEEPRANK, ENGINEERED = "cosine", "deeprank", "engineered"

CLIP = "clip"
"""The ranker that reads text, whose weights come from elsewhere."""

BASELINE = COSINE
"""The ranker with which the others are compared."""


def _whole_map(channels: int, cells: int, details: Mapping[str, Any]) -> int:
    return channels * cells


def _channels(channels: int, cells: int, details: Mapping[str, Any]) -> int:
    return channels


def _components(channels: int, cells: int, details: Mapping[str, Any]) -> int:
    return int(details.get("size", 256))


def _rgb_bins(channels: int, cells: int, details: Mapping[str, Any]) -> int:
    return 8**3


def _lab_bins(channels: int, cells: int, details: Mapping[str, Any]) -> int:
    return LAB_BINS


def _words(channels: int, cells: int, details: Mapping[str, Any]) -> int:
    return int(details.get("words", 1024))


def _mixture(channels: int, cells: int, details: Mapping[str, Any]) -> int:
    first = RANKERS[details.get("first", COSINE)]
    return first.embedding(channels, cells, {}) + _lab_bins(channels, cells, {})


def _deeprank(channels: int, cells: int, details: Mapping[str, Any]) -> int:
    if details.get("network", "cells") == "colour":
        return int(details["size"])
    return channels * cells


def _build_cosine(details: Mapping[str, Any], weights: "Weights") -> "Embed":
    from tiefvision.ranking.cosine import embed_cells

    return embed_cells


def _build_pooled(name: str) -> Build:
    def build(details: Mapping[str, Any], weights: "Weights") -> "Embed":
        from tiefvision.ranking.pooling import POOLS, PooledRanker

        return PooledRanker(POOLS[name])

    return build


def _build_components(details: Mapping[str, Any], weights: "Weights") -> "Embed":
    from tiefvision.ranking.cosine import embed_cells
    from tiefvision.ranking.whitening import WhitenedRanker, Whitening

    return WhitenedRanker(embed_cells, Whitening(**weights))


def _learn_components(crops: "TrainingCrops") -> "Learnt":
    from tiefvision.ranking.learning import learn_components

    return learn_components(crops)


def _shapes_of_components(details: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    size, length = details["size"], details["length"]
    return {"mean": (length,), "projection": (size, length)}


def _build_rgb(details: Mapping[str, Any], weights: "Weights") -> "Embed":
    from tiefvision.ranking.colours.rankers import embed_rgb

    return embed_rgb


def _build_lab(details: Mapping[str, Any], weights: "Weights") -> "Embed":
    from tiefvision.ranking.colours.rankers import embed_lab

    return embed_lab


def _build_gabor(details: Mapping[str, Any], weights: "Weights") -> "Embed":
    from tiefvision.ranking.words.codebook import Codebook
    from tiefvision.ranking.words.gabor import gabor_jets
    from tiefvision.ranking.words.ranker import WordsRanker

    return WordsRanker(gabor_jets, Codebook(**weights))


def _learn_gabor(crops: "TrainingCrops") -> "Learnt":
    from tiefvision.ranking.learning import learn_words
    from tiefvision.ranking.words.gabor import gabor_jets

    return learn_words(crops, gabor_jets)


def _build_blobs(details: Mapping[str, Any], weights: "Weights") -> "Embed":
    from tiefvision.ranking.words.blobs import blob_descriptors
    from tiefvision.ranking.words.codebook import Codebook
    from tiefvision.ranking.words.ranker import WordsRanker

    return WordsRanker(blob_descriptors, Codebook(**weights))


def _learn_blobs(crops: "TrainingCrops") -> "Learnt":
    from tiefvision.ranking.learning import learn_words
    from tiefvision.ranking.words.blobs import BLOB_IMPORTANCE, blob_descriptors

    return learn_words(crops, blob_descriptors, BLOB_IMPORTANCE)


def _shapes_of_words(details: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    words, length = details["words"], details["length"]
    return {"words": (words, length), "scales": (length,)}


def _build_mix(details: Mapping[str, Any], weights: "Weights") -> "Embed":
    from tiefvision.ranking.mix import MixRanker

    first = details["first"]
    return MixRanker(
        RANKERS[first].build({}, {}),
        RANKERS["lab"].build({}, {}),
        details["weight"],
        (first, "lab"),
    )


def _learn_mix(crops: "TrainingCrops") -> "Learnt":
    from tiefvision.ranking.learning import learn_mixture

    return learn_mixture(crops)


def _build_deeprank(details: Mapping[str, Any], weights: "Weights") -> "Embed":
    from tiefvision.ranking.deeprank import build_deeprank

    return build_deeprank(details, weights)


def _shapes_of_deeprank(details: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    from tiefvision.ranking.deeprank import deeprank_shapes

    return deeprank_shapes(details)


def _build_joint(details: Mapping[str, Any], weights: "Weights") -> "Embed":
    from tiefvision.ranking.joint import build_joint

    return build_joint(details, weights)


def _joint_size(channels: int, cells: int, details: Mapping[str, Any]) -> int:
    return int(details["size"])


def _shapes_of_joint(details: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(shape) for name, shape in details["shapes"].items()}


MAPS: tuple[Need, ...] = ("maps",)
PIXELS: tuple[Need, ...] = ("pixels",)

RANKERS: Mapping[str, RankerKind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            RankerKind(
                COSINE,
                "the mean cosine of the cells of two feature maps: the baseline",
                MAPS,
                "nothing",
                _build_cosine,
                _whole_map,
            ),
            RankerKind(
                "mean",
                "the mean of the cells",
                MAPS,
                "nothing",
                _build_pooled("mean"),
                _channels,
            ),
            RankerKind(
                "max",
                "the largest value of each channel (MAC)",
                MAPS,
                "nothing",
                _build_pooled("max"),
                _channels,
            ),
            RankerKind(
                "gem",
                "the generalised mean of the cells (GeM)",
                MAPS,
                "nothing",
                _build_pooled("gem"),
                _channels,
            ),
            RankerKind(
                "spoc",
                "the sum of the cells, the middle weighing more (SPoC)",
                MAPS,
                "nothing",
                _build_pooled("spoc"),
                _channels,
            ),
            RankerKind(
                "pca",
                "256 principal components of the feature map",
                MAPS,
                "photographs",
                _build_components,
                _components,
                _learn_components,
                _shapes_of_components,
            ),
            RankerKind(
                "rgb",
                "the 8x8x8 RGB histogram of the crop",
                PIXELS,
                "nothing",
                _build_rgb,
                _rgb_bins,
            ),
            RankerKind(
                "lab",
                "the CIE LAB histogram of the crop",
                ("colours",),
                "nothing",
                _build_lab,
                _lab_bins,
            ),
            RankerKind(
                "gabor",
                "visual words of Gabor jets, which are blind to colour",
                PIXELS,
                "photographs",
                _build_gabor,
                _words,
                _learn_gabor,
                _shapes_of_words,
            ),
            RankerKind(
                "blobs",
                "visual words of coloured blobs (MSER)",
                PIXELS,
                "photographs",
                _build_blobs,
                _words,
                _learn_blobs,
                _shapes_of_words,
            ),
            RankerKind(
                "mix",
                "a feature map, whole or pooled, beside the LAB histogram",
                ("maps", "colours"),
                "items",
                _build_mix,
                _mixture,
                _learn_mix,
            ),
            RankerKind(
                DEEPRANK,
                "what a network makes of feature map and colours, trained on triplets",
                ("maps", "colours"),
                "triplets",
                _build_deeprank,
                _deeprank,
                shapes=_shapes_of_deeprank,
            ),
            RankerKind(
                ENGINEERED,
                "structure, pattern and LAB colour, weighted (MILDNet's engineered)",
                ("maps", "pixels"),
                "items",
                build_engineered,
                engineered_embedding,
                learn_engineered,
                engineered_shapes,
                suffix=SUFFIX,
            ),
            *literature_kinds(),
        )
    }
)
"""Kinds of rankers by name, in the order in which they are listed: those of this
project, then the networks of the literature."""

OWN = tuple(name for name, kind in RANKERS.items() if not kind.system)
"""Names of the kinds that are of this project."""

JOINT = RankerKind(
    CLIP,
    "photographs and words, by both towers of a model of open_clip",
    PIXELS,
    "elsewhere",
    _build_joint,
    _joint_size,
    shapes=_shapes_of_joint,
)
"""The ranker that reads text; only a workspace that keeps such a model has it, so that
it is none of ``RANKERS``."""

_NAME = re.compile(r"[a-z0-9_]+(-[a-z0-9_]+)*")


def ranker_kind(name: str) -> RankerKind:
    """The kind of a ranker.

    A workspace may hold several trained rankers of one kind: "deeprank-cells" is a
    ranker of the kind "deeprank", "mildnet-quarter" one of "mildnet", and
    "engineered-5-3-2" tells the ranker "engineered" its weights.

    Args:
        name: name of a kind, or such a name followed by "-" and a suffix; or name of
            a ranker of the user (``ranking/own.py``).

    Raises:
        BadUsage: The ranker is unknown.
    """
    kind = RANKERS.get(name)
    if kind is None and _NAME.fullmatch(name):
        first, _, suffix = name.partition("-")
        kind = RANKERS.get(first)
        if kind is not None and kind.learns != "triplets":
            kind = kind if re.fullmatch(kind.suffix, suffix) else None
        if first == CLIP:
            kind = JOINT
    if kind is None:
        from tiefvision.ranking.own import own_ranker  # which imports what is here

        kind = own_ranker(name)
    if kind is None:
        raise BadUsage(f"There is no ranker {name}.", _known_like(name))
    return kind


def _known_like(name: str) -> str:
    """What helps where no ranker has a name: mostly names that resemble it."""
    if "," in name:
        return "Give each ranker an option --ranker; only compare joins training seeds."
    _, dot, attribute = name.rpartition(".")
    if dot and attribute == "py":
        return f"If it is a file of your own, name its class as well: {name}:CLASS."
    if dot and attribute.isidentifier():  # as ``own.name_of`` makes them
        return f"If it is one of your own, give its file: --ranker FILE.py:{attribute}."
    close = difflib.get_close_matches(name.split("-", 1)[0], RANKERS, 3)
    meant = f"Did you mean {' or '.join(close)}? " if close else ""
    count = len(RANKERS) - len(OWN)
    return (
        f"{meant}Use {', '.join(OWN)}, one of {count} networks of the literature, "
        "which tiefvision models lists, or FILE.py:CLASS for one of your own."
    )
