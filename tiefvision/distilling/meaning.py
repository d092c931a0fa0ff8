"""The read-out "meaning" of a trained encoder, learnt from photographs with classes.

Within-class covariance normalisation (Hatch, Kajarekar & Stolcke, "Within-class
covariance normalization for SVM-based speaker recognition", Interspeech 2006, section
3): directions in which photographs of one class differ count less. Of what is left, the
directions of largest variance are kept, which are those in which classes differ. It
takes one pass over the photographs, and leaves the encoder as it is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from tiefvision.encoders.weights import Readout
from tiefvision.errors import BadDataset
from tiefvision.evaluation.classes import neighbour_class_hits

BANDS = 4
"""Bands of rows whose means are the features: collar, chest, waist and hem differ."""

SHRINKAGES = (0.1, 0.3, 1.0, 3.0)
"""Variances that are added to every direction, as a share of the mean variance: few
photographs tell little of the directions of least variance."""

SIZES = (32, 64, 128)
"""Numbers of directions to choose from."""


@dataclass(frozen=True)
class Labelled:
    """Features of photographs, and their classes.

    Attributes:
        features: features of the photographs, (N, F) float32.
        classes: class of each photograph, N.
    """

    features: NDArray[np.float32]
    classes: Sequence[str]


@dataclass(frozen=True)
class Meaning:
    """A read-out, and how well it tells classes.

    Attributes:
        readout: linear layer from F numbers to ``size``.
        shrinkage: the one of ``SHRINKAGES`` that was best on validation.
        size: the one of ``SIZES`` that was best on validation.
        accuracy: share of validation photographs whose neighbours vote for the right
            class.
    """

    readout: Readout
    shrinkage: float
    size: int
    accuracy: float


def learn_meaning(training: Labelled, validation: Labelled) -> Meaning:
    """Learn the read-out; validation chooses shrinkage and size.

    Args:
        training: photographs to learn from, which are also the neighbours that vote.
        validation: photographs that choose.

    Raises:
        BadDataset: No class has two training photographs, or there is no validation
            photograph.
    """
    if not len(validation.features):
        raise BadDataset("There is no photograph to choose the read-out by.")
    tried = []
    for shrinkage, size, readout in _readouts(training):
        hits = neighbour_class_hits(
            readout(validation.features),
            validation.classes,
            readout(training.features),
            training.classes,
        )
        tried.append(Meaning(readout, shrinkage, size, float(hits.mean())))
    return max(tried, key=lambda one: one.accuracy)


def _readouts(training: Labelled) -> Iterator[tuple[float, int, Readout]]:
    """The read-out of each shrinkage and size."""
    mean, covariance = _within_classes(training)
    centred = training.features - mean
    total = centred.T @ centred / len(centred)
    variances, directions = np.linalg.eigh(covariance)
    for shrinkage, size in product(SHRINKAGES, SIZES):
        lengths = np.sqrt(variances.clip(min=0) + shrinkage * variances.mean())
        whitening = directions / lengths  # (F, F)
        _, largest = np.linalg.eigh(whitening.T @ total @ whitening)
        weight = (whitening @ largest[:, ::-1][:, :size]).T
        bias = -(weight @ mean)
        readout = Readout(weight.astype(np.float32), bias.astype(np.float32))
        yield shrinkage, size, readout


def _within_classes(
    training: Labelled,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean of all features, (F,), and covariance within the classes, (F, F)."""
    features = training.features.astype(np.float64)
    _, numbers, counts = np.unique(
        training.classes, return_inverse=True, return_counts=True
    )
    if not len(counts) or counts.max() < 2:
        raise BadDataset("No class has two photographs to learn a read-out from.")
    sums = np.zeros((len(counts), features.shape[1]))
    np.add.at(sums, numbers, features)
    apart = features - (sums / counts[:, None])[numbers]
    return features.mean(axis=0), apart.T @ apart / len(apart)
