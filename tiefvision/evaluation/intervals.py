"""Intervals by the bootstrap over queries, and the paired test between rankers."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
"""Enough for two stable digits at the ends of a 95 % interval."""


EXCHANGES = 10_000
"""Of the randomisation test: a p of 0.01 is then known to 0.001 (standard error)."""

BLOCKS = 10
"""In which they are drawn, so that few are in memory at a time."""

DRAWN = 100_000
"""Queries that the bootstrap draws at a time: 1.6 MB."""

ROUNDING = 1e-9
"""Sums of the same numbers in another order are this much alike."""


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


def randomisation_test(
    values: NDArray[np.float64], baseline: NDArray[np.float64], seed: int = 0
) -> float:
    """How likely so large a difference of means is if both rankers were alike.

    Fisher's paired randomisation test, two-sided: were they alike, the two values of a
    query could be exchanged. For figures of retrieval it is to be preferred to the
    signed-rank and the sign test (Smucker, Allan & Carterette, CIKM 2007).

    Args:
        values: (Q,) of a ranker.
        baseline: (Q,) of the other, query by query.
        seed: Of the exchanges.

    Returns:
        In (0, 1]; at least 1 / (``EXCHANGES`` + 1), and 1 without queries.

    >>> randomisation_test(np.ones(3), np.ones(3))
    1.0
    """
    ahead = values - baseline
    ahead = ahead[ahead != 0]  # Exchanging equals changes nothing.
    if not len(ahead):
        return 1.0
    generator = np.random.default_rng(seed)
    seen = abs(ahead.sum()) * (1 - ROUNDING)
    as_far = sum(
        int((abs(signs @ ahead) >= seen).sum())
        for count in np.diff(np.linspace(0, EXCHANGES, BLOCKS + 1).astype(int))
        for signs in [generator.choice([-1.0, 1.0], (count, len(ahead)))]
    )
    return (as_far + 1) / (EXCHANGES + 1)


def _resampled_means(values: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    generator = np.random.default_rng(seed)
    count = len(values)
    rows = max(1, DRAWN // count)
    means = [
        values[generator.integers(0, count, (min(rows, left), count))].mean(axis=1)
        for left in range(RESAMPLES, 0, -rows)
    ]
    return np.concatenate(means)
