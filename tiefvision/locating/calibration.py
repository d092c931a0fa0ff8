"""From the score that the votes give to the share of such boxes that are right.

Isotonic regression, which assumes less, puts a step between wrong boxes and right ones
wherever the few at the border happen to lie. A curve of three numbers is as good on the
photographs it was learnt from, and does not break on those of another kind.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize

NEAR = 1e-3
"""Scores are taken as no nearer to 0 and 1, where logarithms end."""


@dataclass(frozen=True)
class Calibration:
    """Beta calibration (Kull, Silva Filho & Flach, AISTATS 2017).

    The log-odds of a right box are ``low log(score) - high log(1 - score) + shift``.
    The calibration that nobody chose changes nothing but the very ends.

    Attributes:
        low: How fast they rise where scores are low, at least 0.
        high: How fast where scores are high, at least 0.
        shift: What is added.
    """

    low: float = 1.0
    high: float = 1.0
    shift: float = 0.0

    def __post_init__(self) -> None:
        finite = np.isfinite([self.low, self.high, self.shift]).all()
        if not (finite and self.low >= 0 and self.high >= 0):
            raise ValueError("A calibration has finite numbers, and must not fall.")

    def apply(self, scores: ArrayLike) -> NDArray[np.float64]:
        """Calibrated scores.

        Args:
            scores: Raw, of any shape, in [0, 1].

        Returns:
            Of the same shape, in (0, 1); a larger raw score never gives a smaller one.

        >>> Calibration().apply([0.25, 0.5]).round(9).tolist()
        [0.25, 0.5]
        """
        odds = _features(scores) @ np.array([self.low, self.high]) + self.shift
        return np.asarray(_share(odds))


def fit_calibration(
    scores: NDArray[np.float64], hits: NDArray[np.bool_]
) -> Calibration:
    """Learn how often boxes of each score are right, by the largest likelihood.

    Right and wrong boxes are taken for right with Platt's targets (1999), which are
    Laplace's shares: so a few boxes that a score tells apart make no certainty.

    Args:
        scores: (N,) raw, in [0, 1].
        hits: (N,) whether each box is right; of none nothing is learnt.
    """
    if not len(scores):
        return Calibration()
    features, right = _features(scores), np.count_nonzero(hits)
    wrong = len(scores) - right
    targets = np.where(hits, (right + 1) / (right + 2), 1 / (wrong + 2))

    def loss(numbers: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        odds = features @ numbers[:2] + numbers[2]
        slope = _share(odds) - targets
        value = (np.logaddexp(0.0, odds) - targets * odds).sum()
        return float(value), np.append(features.T @ slope, slope.sum())

    found = minimize(
        loss,
        np.array([1.0, 1.0, 0.0]),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, None), (0.0, None), (None, None)],
    )
    return Calibration(*map(float, found.x))


def _features(scores: ArrayLike) -> NDArray[np.float64]:
    """log(score) and -log(1 - score) along a last axis of 2."""
    kept = np.clip(np.asarray(scores, dtype=np.float64), NEAR, 1 - NEAR)
    return np.stack([np.log(kept), -np.log1p(-kept)], axis=-1)


def _share(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logistic function, without overflow."""
    return np.asarray(np.exp(-np.logaddexp(0.0, -odds)))
