"""Intervals by the bootstrap over queries, and the paired test between rankers."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
"""Enough for two stable digits at the ends of a 95 % interval."""


@dataclass(frozen=True)
class Figure:
    """A mean with its 95 % interval."""

    value: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float]:
        """As JSON shows it."""
        return {name: round(value, 4) for name, value in asdict(self).items()}

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def bootstrap_mean(values: NDArray[np.float64], seed: int = 0) -> Figure:
    """The mean of one value a query, with its percentile interval.

    Source: Efron & Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.

    Args:
        values: (Q,); an empty array has mean 0.
        seed: Of the resampling.
    """
    if len(values) == 0:
        return Figure(0.0, 0.0, 0.0)
    means = _resampled_means(values, seed)
    low, high = np.quantile(means, [0.025, 0.975])
    return Figure(float(values.mean()), float(low), float(high))


def bootstrap_difference(
    values: NDArray[np.float64], baseline: NDArray[np.float64], seed: int = 0
) -> Figure:
    """How much one ranker is ahead of another on the same queries, with interval.

    Args:
        values: (Q,) of the ranker.
        baseline: (Q,) of the other, query by query.
        seed: Of the resampling.
    """
    return bootstrap_mean(values - baseline, seed)


def _resampled_means(values: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    generator = np.random.default_rng(seed)
    count = len(values)
    means = [
        values[generator.integers(0, count, count)].mean() for _ in range(RESAMPLES)
    ]
    return np.array(means)
