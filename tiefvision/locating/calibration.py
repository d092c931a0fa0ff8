"""Calibration of scores: from the score of the votes to the probability of a right box.

Beta calibration has three parameters. Isotonic regression is more flexible, but with
few boxes it fits steps to single ones; on the photographs that it is fitted to it is no
better, and on photographs of another kind its steps do not hold.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tiefvision.evaluation.logistic import fit_logistic, logistic

NEAR = 1e-3
"""Least distance of a score to 0 and 1; scores are clipped so that logarithms exist."""


@dataclass(frozen=True)
class Calibration:
    """Beta calibration (Kull, Silva Filho & Flach, AISTATS 2017).

    The log-odds of a right box are ``low log(score) - high log(1 - score) + shift``.
    The default values are the identity, apart from scores clipped by ``NEAR``.

    Attributes:
        low: slope at low scores, at least 0.
        high: slope at high scores, at least 0.
        shift: constant added to the log-odds.
    """

    low: float = 1.0
    high: float = 1.0
    shift: float = 0.0

    def __post_init__(self) -> None:
        finite = np.isfinite([self.low, self.high, self.shift]).all()
        if not (finite and self.low >= 0 and self.high >= 0):
            raise ValueError(
                "A calibration needs finite parameters, and low and high of at least 0."
            )

    def apply(self, scores: ArrayLike) -> NDArray[np.float64]:
        """Calibrate scores.

        Args:
            scores: raw scores in [0, 1], of any shape.

        Returns:
            Probabilities in (0, 1) of the same shape, non-decreasing in the raw score.

        >>> Calibration().apply([0.25, 0.5]).round(9).tolist()
        [0.25, 0.5]
        """
        odds = _features(scores) @ np.array([self.low, self.high]) + self.shift
        return logistic(odds)


def fit_calibration(
    scores: NDArray[np.float64], hits: NDArray[np.bool_]
) -> Calibration:
    """Fit a calibration by maximum likelihood.

    The targets are those of Platt (1999), (right + 1) / (right + 2) for right boxes and
    1 / (wrong + 2) for wrong ones, instead of 1 and 0. A few boxes that the score
    separates perfectly therefore do not yield probabilities of 0 and 1.

    Args:
        scores: raw scores in [0, 1], (N,).
        hits: whether each box is right, (N,).

    Returns:
        The fitted calibration; the default one if N is 0.
    """
    if not len(scores):
        return Calibration()
    features, right = _features(scores), np.count_nonzero(hits)
    wrong = len(scores) - right
    targets = np.where(hits, (right + 1) / (right + 2), 1 / (wrong + 2))
    return Calibration(*fit_logistic(features, targets, start=1.0))


def _features(scores: ArrayLike) -> NDArray[np.float64]:
    """log(score) and -log(1 - score), stacked along a new last axis."""
    kept = np.clip(np.asarray(scores, dtype=np.float64), NEAR, 1 - NEAR)
    return np.stack([np.log(kept), -np.log1p(-kept)], axis=-1)
