"""Principal components of embeddings, optionally whitened.

The cosine ranker's embedding is the whole feature map: 30,976 dimensions, AlexNet's 256
channels by 11x11 cells. Principal component analysis (PCA) on the embeddings of
training photographs, without labels, reduces it to a few hundred. Sources: Jegou &
Chum, "Negative evidences and co-occurrences in image retrieval: the benefit of PCA and
whitening" (ECCV 2012), section 3; Babenko & Lempitsky, arXiv:1510.07493, 4.2.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiefvision.errors import BadDataset, BadUsage
from tiefvision.ranking.garments import Embed, Garments

SIZE = 256
"""Default dimension of a reduced embedding."""

STRENGTH = 0.0
"""Default strength of the whitening: none. The more whole feature maps are whitened,
the worse they rank (docs/experiments/0007-reduction.md); the sources whiten pooled
embeddings."""

MOST_ROWS = 4096
"""Largest side of the matrix whose eigenvectors are computed: 134 MB in float64, and
15 s on one core."""

BLOCK = 256
"""Rows or columns converted to float64 at a time; bounds the memory of the copies."""

LEAST_VARIANCE = 1e-12
"""Least variance of a component that is kept, as a fraction of the embeddings' mean
squared length. A component of less variance is rounding error of float32 (1e-7 of a
number), which whitening would amplify."""


@dataclass(frozen=True, eq=False)
class Whitening:
    """A learnt reduction of embeddings from D to K dimensions.

    Attributes:
        mean: mean of the training embeddings, subtracted first, (D,) float32.
        projection: principal components as orthogonal rows in descending order of
            variance, (K, D) float32. The length of a row is the standard deviation
            along it, to the power of minus the strength of the whitening.
    """

    mean: NDArray[np.float32]
    projection: NDArray[np.float32]

    def apply(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """Reduce embeddings of (N, D) float32 to (N, K) float32 of unit length.

        An embedding equal to the mean becomes zeros.
        """
        reduced = np.empty((len(embeddings), len(self.projection)), dtype=np.float32)
        for start in range(0, len(embeddings), BLOCK):
            rows = slice(start, start + BLOCK)
            reduced[rows] = (embeddings[rows] - self.mean) @ self.projection.T
        lengths = np.linalg.norm(reduced, axis=1, keepdims=True)
        np.divide(reduced, lengths, out=reduced, where=lengths > 0)
        return reduced


@dataclass(frozen=True)
class WhitenedRanker:
    """A ranker whose embeddings are reduced to principal components.

    Attributes:
        embed: ranker whose embeddings, (B, D), are reduced.
        whitening: reduction learnt on embeddings of ``embed``.
    """

    embed: Embed
    whitening: Whitening

    def __call__(self, garments: Garments) -> NDArray[np.float32]:
        """Embed B garments: (B, K) float32 of unit length."""
        return self.whitening.apply(self.embed(garments))


def fit_whitening(
    embeddings: NDArray[np.float32], size: int = SIZE, strength: float = STRENGTH
) -> Whitening:
    """Learn the principal components of training embeddings.

    The embeddings may lie on disk (``numpy.memmap``). Memory holds a square float64
    matrix of side min(N, D), and the projection in float64. If N and D both exceed
    ``MOST_ROWS``, only every second (or third, and so on) row is used, so that at most
    ``MOST_ROWS`` rows remain.

    scikit-learn's exact ``PCA`` finds the same components, but takes about four times
    the time and memory on whole feature maps (docs/experiments/0008-libraries.md).

    Args:
        embeddings: training embeddings, (N, D) float32 of unit length.
        size: number of components K. Fewer are returned if the embeddings span fewer
            directions, of which there are at most N - 1.
        strength: exponent of the whitening, in [0, 1]: each component is divided by its
            standard deviation to this power. 0 is PCA alone; 1 gives all components the
            same variance. A value between them raises the components of little
            variance, which are the noisier ones, less than full whitening.

    Raises:
        BadUsage: ``size`` is below 1, or ``strength`` is outside [0, 1].
        BadDataset: There are no two embeddings that differ.
        ValueError: An embedding is not finite.
    """
    if size < 1:
        raise BadUsage(f"Embeddings cannot be reduced to {size} numbers.")
    if not 0.0 <= strength <= 1.0:
        raise BadUsage(f"The strength of whitening is {strength}, not in [0, 1].")
    if min(embeddings.shape) > MOST_ROWS:
        embeddings = embeddings[:: math.ceil(len(embeddings) / MOST_ROWS)]  # no copy
    if len(embeddings) < 2:
        raise _too_few()
    mean = embeddings.mean(axis=0, dtype=np.float64)
    if not np.isfinite(mean).all():
        raise ValueError("An embedding is not finite.")
    variances, directions = _principal(embeddings, mean, size)
    if len(variances) == 0:
        raise _too_few()
    directions *= variances[:, None] ** (-strength / 2)
    return Whitening(mean.astype(np.float32), directions.astype(np.float32))


def _principal(
    embeddings: NDArray[np.float32], mean: NDArray[np.float64], size: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The largest variances, (K,), and their principal components, (K, D).

    The components have unit length. They are computed from the smaller of two matrices
    that share their non-zero eigenvalues: the dot products of the centred rows, (N, N),
    and the scatter matrix of the columns, (D, D).
    """
    count, length = embeddings.shape
    few_rows = count <= length
    square = np.zeros((min(count, length),) * 2)
    centred = _centred(embeddings, mean, axis=1 if few_rows else 0)
    for _, block in centred:
        square += block @ block.T if few_rows else block.T @ block
    values, vectors = np.linalg.eigh(square)  # ascending
    values, vectors = values[::-1][:size], vectors[:, ::-1][:, :size]
    least = LEAST_VARIANCE * (np.trace(square) + count * (mean @ mean))
    kept = values > least
    values, vectors = values[kept], vectors[:, kept]
    if few_rows:
        directions = np.empty((len(values), length))
        for columns, block in _centred(embeddings, mean, axis=1):
            directions[:, columns] = vectors.T @ block
        directions /= np.sqrt(values)[:, None]
    else:
        directions = vectors.T.copy()
    return values / (count - 1), _with_signs(directions)


def _centred(
    embeddings: NDArray[np.float32], mean: NDArray[np.float64], axis: int
) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Blocks of the centred embeddings, along the rows (axis 0) or columns (axis 1)."""
    for start in range(0, embeddings.shape[axis], BLOCK):
        part = slice(start, start + BLOCK)
        if axis == 0:
            yield part, embeddings[part] - mean
        else:
            yield part, embeddings[:, part] - mean[part]


def _with_signs(directions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Directions turned so that the number of largest magnitude in each is positive.

    An eigenvector's sign is arbitrary; without this it would depend on the solver.
    """
    largest = np.abs(directions).argmax(axis=1, keepdims=True)
    return directions * np.sign(np.take_along_axis(directions, largest, axis=1))


def _too_few() -> BadDataset:
    return BadDataset(
        "Whitening needs at least two training photographs that differ.",
        "Give more photographs the split train in annotations.json.",
    )
