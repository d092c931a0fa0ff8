"""The engineered recommender of MILDNet: structure, pattern and colour, weighted.

Source: MILDNet, arXiv:1903.00905, the recommender that its network is compared with and
that finds its catalogue triplets: 2,048 values of structure, 1,024 of pattern and 540
of colour (LAB), each with a nearest-neighbour search of its own, and a fusion of the
three with weights that can be tuned.

Its structure is the last layer of an InceptionV3 that was trained for 42 categories,
its pattern that of a network for seven patterns. Neither is public. Here structure is
the map of this project's encoder, projected to 2,048 numbers, and pattern is the 1,024
visual words of ``gabor``, which are blind to colour as well.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiefvision.ranking.colours.histogram import lab_cells
from tiefvision.ranking.cosine import embed_cells
from tiefvision.ranking.garments import Embed, Garments
from tiefvision.ranking.similarity import unit_rows

SIZE = 2048
"""Numbers of the structure."""

FEATURES = ("structure", "pattern", "colour")
"""Names of the features, in the order of their weights."""


@dataclass(frozen=True, eq=False)
class StructureRanker:
    """The feature map of a crop, projected to ``SIZE`` numbers without learning.

    Every number of the flat map is added to, or subtracted from, one number of the
    result. Dot products of unit vectors stay the same but for noise, whose standard
    deviation is at most 0.031, the root of 2 / 2048. Source: Weinberger et al.,
    "Feature hashing for large scale multitask learning" (2009), section 2; a dense
    projection of a map would hold millions of weights.

    Attributes:
        places: for each number of the flat map the number of the result that it goes
            to, from 1, with its sign, (C * h * w,) float32. Whole numbers up to 2,048
            are exact in half precision.
    """

    places: NDArray[np.float32]

    def __call__(self, garments: Garments) -> NDArray[np.float32]:
        """Embed B garments: (B, 2048) float32 of unit length."""
        maps = embed_cells(garments)
        numbers = np.abs(self.places).astype(np.int64) - 1
        signed = maps * np.sign(self.places)
        rows = [np.bincount(numbers, row, minlength=SIZE) for row in signed]
        hashed = np.array(rows, dtype=np.float32).reshape(len(maps), SIZE)
        return unit_rows(hashed)


def draw_places(length: int) -> NDArray[np.float32]:
    """The fixed projection of maps of ``length`` numbers, for ``StructureRanker``.

    Returns:
        (length,) float32, the same in every workspace.
    """
    generator = np.random.default_rng(SIZE)
    places = generator.integers(1, SIZE, length, endpoint=True)
    signs = generator.choice([-1, 1], length)
    return np.asarray(places * signs, dtype=np.float32)


def embed_colour(garments: Garments) -> NDArray[np.float32]:
    """Embed B garments as their LAB histograms of 540 cells.

    Returns:
        Embeddings of unit length, (B, 540) float32.
    """
    return np.stack([lab_cells(crop) for crop in garments.pixels])


@dataclass(frozen=True)
class EngineeredRanker:
    """The three features side by side, scaled by the roots of their weights.

    The squares of these scales sum to 1, and the similarity of two garments is the
    weighted mean of their similarities by each feature. A crop without a pattern is
    compared by the other two.

    Attributes:
        structure: ranker of the structure.
        pattern: ranker of the pattern; rows of zeros for crops without one.
        colour: ranker of the colours.
        weights: weights of the three, whose sum is 1.
        given: whether the weights were given, and not learnt.
    """

    structure: Embed
    pattern: Embed
    colour: Embed
    weights: tuple[float, float, float]
    given: bool = False

    @property
    def features(self) -> dict[str, Embed]:
        """The rankers of the single features, by name."""
        each = (self.structure, self.pattern, self.colour)
        return dict(zip(FEATURES, each, strict=True))

    def learnt_in_words(self) -> str:
        """The weights of the features, in one line."""
        weighed = zip(FEATURES, self.weights, strict=True)
        named = [f"{name} by {weight:.2f}" for name, weight in weighed]
        how = "as given" if self.given else "as learnt in training"
        return f"{', '.join(named[:-1])} and {named[-1]}, {how}"

    def __call__(self, garments: Garments) -> NDArray[np.float32]:
        """Embed B garments: (B, 2048 + 1024 + 540) float32 of unit length."""
        parts = [
            embed(garments) * np.float32(weight**0.5)
            for embed, weight in zip(self.features.values(), self.weights, strict=True)
        ]
        return unit_rows(np.concatenate(parts, axis=1))


def weights_from(name: str) -> tuple[float, float, float] | None:
    """The weights in the suffix of a ranker's name; None without a suffix.

    Args:
        name: such as "engineered-5-3-2"; ``ranker_kind`` has checked it.

    >>> weights_from("engineered-1-0-3"), weights_from("engineered")
    ((0.25, 0.0, 0.75), None)
    """
    _, *numbers = name.split("-")
    if not numbers:
        return None
    first, second, third = map(int, numbers)
    total = first + second + third
    return first / total, second / total, third / total
