"""Logistic regression: probabilities from log-odds, and the fit of their weights."""

import numpy as np
from numpy.typing import NDArray


def logistic(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logistic function of log-odds, computed without overflow; NaN stays NaN."""
    with np.errstate(invalid="ignore"):  # some processors report a NaN that comes in
        return np.asarray(np.exp(-np.logaddexp(0.0, -odds)))


def fit_logistic(
    features: NDArray[np.float64],
    targets: NDArray[np.float64],
    start: float = 0.0,
    penalty: float = 0.0,
) -> list[float]:
    """Fit log-odds that rise with every feature, by maximum likelihood.

    Args:
        features: N rows of D features, (N, D).
        targets: wanted probabilities, (N,) in [0, 1].
        start: weight of every feature at the start of the search.
        penalty: weight of the squared weights, halved, in the summed loss.

    Returns:
        D weights of at least 0, and the constant of the log-odds.
    """
    from scipy.optimize import minimize

    count = features.shape[1]

    def loss(numbers: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = numbers[:count]
        odds = features @ weights + numbers[count]
        slope = logistic(odds) - targets
        value = (np.logaddexp(0.0, odds) - targets * odds).sum()
        value += penalty * (weights**2).sum() / 2
        by_weight = features.T @ slope + penalty * weights
        return float(value), np.append(by_weight, slope.sum())

    found = minimize(
        loss,
        np.append(np.full(count, start), 0.0),
        jac=True,
        method="L-BFGS-B",
        bounds=[*[(0.0, None)] * count, (None, None)],
    )
    return [float(number) for number in found.x]
