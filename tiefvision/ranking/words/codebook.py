"""Visual words: a photograph as the histogram of its local descriptors.

Source: Sivic and Zisserman, "Video Google: a text retrieval approach to object matching
in videos", 2003. The words are the centroids of k-means, initialised by k-means++
(Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding", 2007).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiefvision.errors import BadDataset

Descriptors = NDArray[np.float32]
"""Local descriptors of one photograph, (N, D) float32; N may be 0."""

WORDS = 1024
"""Default number of words, the K of k-means."""

PASSES = 20
"""Default limit of k-means iterations."""

MOST_LEARNT_FROM = 60_000
"""Most descriptors that k-means runs on; a random sample is drawn from more. It bounds
the time of learning."""

_BLOCK = 4096
"""Descriptors compared with all words at a time; bounds the distance matrix."""


@dataclass(frozen=True, eq=False)
class Codebook:
    """The visual words of one kind of descriptor.

    Attributes:
        words: centroids in units of ``scales``, (K, D) float32.
        scales: divisor of each descriptor dimension, (D,) float32: its standard
            deviation over the training descriptors (1 where that is 0), so that all
            dimensions count alike, divided by its importance.
    """

    words: NDArray[np.float32]
    scales: NDArray[np.float32]


def learn_codebook(
    photos: Sequence[Descriptors],
    words: int = WORDS,
    seed: int = 0,
    passes: int = PASSES,
    most: int = MOST_LEARNT_FROM,
    importance: NDArray[np.float32] | None = None,
) -> Codebook:
    """Learn visual words from the descriptors of training photographs.

    Args:
        photos: descriptors of each photograph, (N, D) float32 each.
        words: number of words K.
        seed: seed of the sample of descriptors and of k-means++.
        passes: most iterations of k-means; it ends earlier once no descriptor changes
            its word.
        most: most descriptors to run k-means on.
        importance: weight of each descriptor dimension after division by its standard
            deviation, (D,), positive; None weighs all dimensions equally.

    Raises:
        BadDataset: There are fewer different descriptors than words.
    """
    generator = np.random.default_rng(seed)
    drawn = _draw(photos, most, generator)
    different = len(np.unique(drawn, axis=0)) if len(drawn) else 0
    if different < words:
        raise BadDataset(
            f"{different} different descriptors are too few for {words} visual words.",
            "Take more photographs or fewer words.",
        )
    deviations = drawn.std(axis=0, dtype=np.float64)
    units = np.where(deviations > 0, deviations, 1)
    scales = (units / (1 if importance is None else importance)).astype(np.float32)
    scaled: Descriptors = drawn / scales
    initial = _spread_out(scaled, words, generator)
    return Codebook(k_means(scaled, initial, passes), scales)


def embed_words(descriptors: Descriptors, codebook: Codebook) -> NDArray[np.float32]:
    """The histogram of a photograph's visual words, as a unit vector.

    It holds the square roots of the counts, which keeps frequent words from dominating
    the similarity.

    Args:
        descriptors: local descriptors of one photograph, (N, D) float32.
        codebook: words learnt on the same kind of descriptors.

    Returns:
        Embedding of unit length, (K,) float32. It is all zeros, so that its similarity
        to everything is 0, if the photograph has no descriptor.
    """
    numbers = nearest_words(descriptors / codebook.scales, codebook.words)
    counts = np.bincount(numbers, minlength=len(codebook.words)).astype(np.float32)
    roots = np.sqrt(counts)
    length = np.linalg.norm(roots)
    return roots / length if length > 0 else roots


def nearest_words(scaled: Descriptors, words: NDArray[np.float32]) -> NDArray[np.int64]:
    """The index of each descriptor's nearest word, by Euclidean distance.

    Args:
        scaled: descriptors divided by the scales of the codebook, (N, D) float32.
        words: words of the codebook, (K, D) float32.

    Returns:
        Indices in [0, K), (N,) int64; the lowest of equally near words.
    """
    # |d - w|^2 / 2 without |d|^2 / 2, which is the same for all words.
    half_lengths = np.square(words).sum(axis=1) / 2
    blocks = [
        (half_lengths - scaled[start:][:_BLOCK] @ words.T).argmin(axis=1)
        for start in range(0, len(scaled), _BLOCK)
    ]
    return np.concatenate([*blocks, np.empty(0, dtype=np.int64)])


def k_means(
    points: Descriptors, words: NDArray[np.float32], passes: int
) -> NDArray[np.float32]:
    """Lloyd's algorithm: each centroid moves to the mean of the points nearest to it.

    scikit-learn's ``KMeans`` is not used: with its own initialisation it takes 1.6
    times as long, with this module's it saves a few seconds of a minute and costs an
    import of 100 MB (docs/experiments/0008-libraries.md).

    Args:
        points: points to cluster, (N, D) float32.
        words: initial centroids, (K, D) float32. A centroid that is nearest to no point
            stays where it is.
        passes: most iterations; it ends earlier once no point changes its centroid.

    Returns:
        Centroids, (K, D) float32.
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
    """A random sample of at most ``most`` of all descriptors, in their order."""
    if not photos:
        return np.empty((0, 0), dtype=np.float32)
    everything = np.concatenate(photos)
    if len(everything) <= most:
        return everything
    return everything[np.sort(generator.choice(len(everything), most, replace=False))]


def _means(
    points: Descriptors, numbers: NDArray[np.int64], words: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The mean of the points of each word, (K, D); a word without points stays."""
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
    """Initial centroids of k-means++, (K, D).

    Each is a point drawn with a probability proportional to its squared distance to the
    nearest of the centroids drawn before it.
    """
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
