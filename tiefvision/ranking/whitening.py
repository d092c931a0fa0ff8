"""Embeddings of maps reduced to a few numbers: principal components, to be whitened.

The cosine ranker's embedding is the whole map, 30,976 numbers of AlexNet's 256 channels
by 11x11 cells. The components are learnt on training photographs, without labels.
Sources: Jegou & Chum, "Negative evidences and co-occurrences in image retrieval: the
benefit of PCA and whitening" (ECCV 2012), section 3; Babenko & Lempitsky,
arXiv:1510.07493, 4.2.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from tiefvision.errors import BadDataset, BadUsage
from tiefvision.ranking.garments import Embed, Garments

SIZE = 256
"""Numbers that an embedding is reduced to."""

STRENGTH = 0.0
"""No whitening: whole maps are found worse, the more of it
(docs/experiments/0007-reduction.md). The sources whiten pooled embeddings."""

MOST_ROWS = 4096
"""Side of the matrix whose eigenvectors are sought: 134 MB, and 15 s on a core."""

BLOCK = 256
"""Rows at a time, and columns at a time: bounds the copies in double precision."""

LEAST_VARIANCE = 1e-12
"""Of the mean squared length. A direction of less holds the rounding of float32, a
ten-millionth of a number, and whitening would blow it up."""


@dataclass(frozen=True, eq=False)
class Whitening:
    """A learnt reduction of D numbers to K.

    Attributes:
        mean: (D,) float32, taken away first.
        projection: (K, D) float32, orthogonal rows, that of the greatest variance
            first. Each is divided by its deviation, to the power of the strength.
    """

    mean: NDArray[np.float32]
    projection: NDArray[np.float32]

    def apply(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """Reduce (N, D) to (N, K) float32 of unit length; the mean itself to zeros."""
        reduced = np.empty((len(embeddings), len(self.projection)), dtype=np.float32)
        for start in range(0, len(embeddings), BLOCK):
            rows = slice(start, start + BLOCK)
            reduced[rows] = (embeddings[rows] - self.mean) @ self.projection.T
        lengths = np.linalg.norm(reduced, axis=1, keepdims=True)
        np.divide(reduced, lengths, out=reduced, where=lengths > 0)
        return reduced


class WhitenedRanker(nn.Module):
    """A ranker whose embeddings are reduced.

    Args:
        embed: B garments to (B, D).
        whitening: Learnt on its embeddings.
    """

    mean: Tensor
    projection: Tensor

    def __init__(self, embed: Embed, whitening: Whitening) -> None:
        super().__init__()
        self.embed = embed
        self.register_buffer("mean", torch.tensor(whitening.mean))
        self.register_buffer("projection", torch.tensor(whitening.projection))

    def forward(self, garments: Garments) -> Tensor:
        """B garments to (B, K) of unit length."""
        centred = self.embed(garments) - self.mean
        tiny = torch.finfo(centred.dtype).tiny
        return functional.normalize(centred @ self.projection.T, dim=1, eps=tiny)


def fit_whitening(
    embeddings: NDArray[np.float32], size: int = SIZE, strength: float = STRENGTH
) -> Whitening:
    """Learn the reduction from training embeddings.

    Beside the embeddings, which may lie on disk (``numpy.memmap``), memory holds a
    square matrix of min(N, D), at most ``MOST_ROWS``, and the projection in double
    precision. Where both are more, every second row is taken, or third, and so on.

    Args:
        embeddings: (N, D) of unit length.
        size: K, the numbers to reduce to. It becomes fewer where the embeddings vary in
            fewer directions: in N - 1 at most.
        strength: Of the whitening, in [0, 1]: a component is divided by its deviation
            to this power. 0 is PCA alone, 1 makes all components vary alike. Less
            than 1 favours the great components, for the small are noisier.

    Raises:
        BadUsage: The size is below 1, or the strength is outside its range.
        BadDataset: Not two embeddings differ.
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


def empty_whitening(size: int, length: int) -> Whitening:
    """A reduction of zeros from ``length`` to ``size`` numbers, to be filled."""
    return Whitening(
        np.zeros(length, dtype=np.float32),
        np.zeros((size, length), dtype=np.float32),
    )


def _principal(
    embeddings: NDArray[np.float32], mean: NDArray[np.float64], size: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The greatest variances, (K,), and their directions, (K, D) of unit length.

    From the smaller of two matrices with the same eigenvalues: that of the dot products
    of rows, (N, N), and the scatter of columns, (D, D).
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
    """Blocks of rows (axis 0) or of columns (1), less the mean."""
    for start in range(0, embeddings.shape[axis], BLOCK):
        part = slice(start, start + BLOCK)
        if axis == 0:
            yield part, embeddings[part] - mean
        else:
            yield part, embeddings[:, part] - mean[part]


def _with_signs(directions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each direction with its largest number positive: the signs are the solver's."""
    largest = np.abs(directions).argmax(axis=1, keepdims=True)
    return directions * np.sign(np.take_along_axis(directions, largest, axis=1))


def _too_few() -> BadDataset:
    return BadDataset(
        "Whitening is learnt from two training photographs or more that differ.",
        "Give more photographs the split train in annotations.json.",
    )
