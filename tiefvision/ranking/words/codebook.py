"""Visual words: a photograph as the histogram of its local descriptors.

Source: Sivic and Zisserman, "Video Google: a text retrieval approach to object matching
in videos", 2003. The words are learnt by k-means, with the start of Arthur and
Vassilvitskii, "k-means++: the advantages of careful seeding", 2007.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tiefvision.errors import BadDataset

Descriptors = NDArray[np.float32]
"""(N, D): what was seen at N places of one photograph; N may be 0."""

Weighting = Literal["tf-idf", "root"]

WORDS = 1024
PASSES = 20

MOST_LEARNT_FROM = 60_000
"""Descriptors; more are drawn from. It bounds the time of learning."""

_BLOCK = 4096  # descriptors compared with all words at a time


@dataclass(frozen=True, eq=False)
class Codebook:
    """The words of one kind of descriptor.

    Attributes:
        words: (K, D) float32, in units of the scales.
        scales: (D,) float32: the standard deviation of each number of a descriptor,
            so that all count alike, divided by its importance; 1 where it never varies.
        rarity: (K,) float32 inverse document frequency: the logarithm of photographs
            to those that hold the word (Sivic and Zisserman, section 4.1). A word that
            all hold counts nothing.
    """

    words: NDArray[np.float32]
    scales: NDArray[np.float32]
    rarity: NDArray[np.float32]


def learn_codebook(
    photos: Sequence[Descriptors],
    words: int = WORDS,
    seed: int = 0,
    passes: int = PASSES,
    most: int = MOST_LEARNT_FROM,
    importance: NDArray[np.float32] | None = None,
) -> Codebook:
    """Words from the descriptors of training photographs.

    Args:
        photos: The descriptors of each.
        words: K of k-means.
        seed: Of the drawn descriptors and of the first words.
        passes: Of Lloyd's algorithm; fewer where nothing changes any more.
        most: Descriptors to learn from.
        importance: (D,) positive; how much each number of a descriptor counts, at
            equal deviation. None for all alike.

    Raises:
        BadDataset: There are fewer different descriptors than words.
    """
    generator = np.random.default_rng(seed)
    drawn = _draw(photos, most, generator)
    different = len(np.unique(drawn, axis=0)) if len(drawn) else 0
    if different < words:
        raise BadDataset(
            f"{different} different descriptors are too few for {words} visual words.",
            "Take more photographs or fewer words",
        )
    deviations = drawn.std(axis=0, dtype=np.float64)
    units = np.where(deviations > 0, deviations, 1)
    scales = (units / (1 if importance is None else importance)).astype(np.float32)
    scaled: Descriptors = drawn / scales
    found = k_means(scaled, _spread_out(scaled, words, generator), passes)
    held = np.zeros(words, dtype=np.int64)
    for descriptors in photos:
        held[np.unique(nearest_words(descriptors / scales, found))] += 1
    # A word that only photographs without a draw hold cannot be; one is a floor.
    rarity = np.log(len(photos) / held.clip(min=1)).astype(np.float32)
    return Codebook(found, scales, rarity)


def embed_words(
    descriptors: Descriptors, codebook: Codebook, weighting: Weighting = "root"
) -> NDArray[np.float32]:
    """How often a photograph holds each word, as a unit vector.

    Args:
        descriptors: (N, D) of one photograph.
        codebook: Of the same kind of descriptors.
        weighting: "tf-idf" weighs the counts by the rarity of the words; "root" takes
            their square roots, which is another way to keep frequent words down.

    Returns:
        (K,); zeros, which are like nothing, if there is no descriptor, or no word that
        tells photographs apart.
    """
    numbers = nearest_words(descriptors / codebook.scales, codebook.words)
    counts = np.bincount(numbers, minlength=len(codebook.words)).astype(np.float32)
    weighted = np.sqrt(counts) if weighting == "root" else counts * codebook.rarity
    length = np.linalg.norm(weighted)
    return weighted / length if length > 0 else weighted


def nearest_words(scaled: Descriptors, words: NDArray[np.float32]) -> NDArray[np.int64]:
    """The number of the nearest word, (N,); the first of equally near ones.

    Args:
        scaled: (N, D), in the units of the words.
        words: (K, D).
    """
    # The squared length of a descriptor is the same for all words: it is left out.
    half_lengths = np.square(words).sum(axis=1) / 2
    blocks = [
        (half_lengths - scaled[start:][:_BLOCK] @ words.T).argmin(axis=1)
        for start in range(0, len(scaled), _BLOCK)
    ]
    return np.concatenate([*blocks, np.empty(0, dtype=np.int64)])


def k_means(
    points: Descriptors, words: NDArray[np.float32], passes: int
) -> NDArray[np.float32]:
    """Lloyd's algorithm: each word becomes the mean of the points nearest to it.

    Args:
        points: (N, D).
        words: (K, D) to start from. One that no point is nearest to stays.
        passes: At most.

    Returns:
        (K, D).
    """
    before = np.empty(0, dtype=np.int64)
    for _ in range(passes):
        numbers = nearest_words(points, words)
        if np.array_equal(numbers, before):
            break
        before = numbers
        words = _means(points, numbers, words)
    return words


def _draw(
    photos: Sequence[Descriptors], most: int, generator: np.random.Generator
) -> Descriptors:
    """At most so many of all descriptors, in their order."""
    if not photos:
        return np.empty((0, 0), dtype=np.float32)
    everything = np.concatenate(photos)
    if len(everything) <= most:
        return everything
    return everything[np.sort(generator.choice(len(everything), most, replace=False))]


def _means(
    points: Descriptors, numbers: NDArray[np.int64], words: NDArray[np.float32]
) -> NDArray[np.float32]:
    counts = np.bincount(numbers, minlength=len(words))
    sums = np.stack(
        [
            np.bincount(numbers, weights=column, minlength=len(words))
            for column in points.T
        ],
        axis=1,
    )
    means = sums / counts.clip(min=1)[:, None]
    return np.where(counts[:, None] > 0, means, words).astype(np.float32)


def _spread_out(
    points: Descriptors, words: int, generator: np.random.Generator
) -> NDArray[np.float32]:
    """First words, (K, D): points drawn by their squared distance to those before."""
    chosen = [int(generator.integers(len(points)))]
    nearest = np.full(len(points), np.inf)
    lengths = np.square(points).sum(axis=1)
    for _ in range(words - 1):
        last = points[chosen[-1]]
        apart = lengths - 2 * (points @ last) + last @ last
        nearest = np.minimum(nearest, apart.clip(min=0))
        nearest[chosen[-1]] = 0  # exactly, whatever the rounding
        steps = np.cumsum(nearest)
        drawn = np.searchsorted(steps, generator.random() * steps[-1], side="right")
        chosen.append(int(drawn.clip(max=len(points) - 1)))
    return points[chosen]
