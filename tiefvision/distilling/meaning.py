"""The read-out "meaning" of a trained encoder, learnt from photographs with classes.

Within-class covariance normalisation (Hatch, Kajarekar & Stolcke, "Within-class
covariance normalization for SVM-based speaker recognition", Interspeech 2006, section
3): directions in which photographs of one class differ count less. It takes one pass
over the photographs and a matrix of C x C numbers, and leaves the encoder as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiefvision.encoders.weights import Readout
from tiefvision.errors import BadDataset
from tiefvision.evaluation.classes import neighbour_class_hits

SHRINKAGES = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Variances that are added to every direction, as a share of the mean variance: few
photographs tell little of the directions of least variance."""


@dataclass(frozen=True)
class Labelled:
    """Features of photographs, and their classes.

    Attributes:
        features: means over the cells of the photographs, (N, C) float32.
        classes: class of each photograph, N.
    """

    features: NDArray[np.float32]
    classes: Sequence[str]


@dataclass(frozen=True)
class Meaning:
    """A read-out, and how well it tells classes.

    Attributes:
        readout: linear layer from C to C numbers.
        shrinkage: the one of ``SHRINKAGES`` that was best on validation.
        accuracy: share of validation photographs whose neighbours vote for the right
            class.
    """

    readout: Readout
    shrinkage: float
    accuracy: float


def learn_meaning(training: Labelled, validation: Labelled) -> Meaning:
    """Learn the read-out; validation chooses the shrinkage.

    Args:
        training: photographs to learn from, which are also the neighbours that vote.
        validation: photographs that choose.

    Raises:
        BadDataset: No class has two training photographs, or there is no validation
            photograph.
    """
    if not len(validation.features):
        raise BadDataset("There is no photograph to choose the read-out by.")
    mean, covariance = _within_classes(training)
    variances, directions = np.linalg.eigh(covariance)
    tried = []
    for shrinkage in SHRINKAGES:
        lengths = np.sqrt(variances.clip(min=0) + shrinkage * variances.mean())
        weight = (directions / lengths).T.astype(np.float32)
        readout = Readout(weight, -(weight @ mean.astype(np.float32)))
        hits = neighbour_class_hits(
            readout(validation.features),
            validation.classes,
            readout(training.features),
            training.classes,
        )
        tried.append(Meaning(readout, shrinkage, float(hits.mean())))
    return max(tried, key=lambda one: one.accuracy)


def _within_classes(
    training: Labelled,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean of all features, (C,), and covariance within the classes, (C, C)."""
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
