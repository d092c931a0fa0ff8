"""Bootstrap intervals over queries, and the paired randomisation test of rankers."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
"""Resamples of the bootstrap: enough for two stable digits at the ends of a 95 %
interval."""

EXCHANGES = 10_000
"""Random exchanges of the randomisation test: the standard error of a p-value of 0.01
is then 0.001."""

EXCHANGE_BLOCKS = 10
"""Blocks in which the exchanges are drawn, to bound the memory."""

DRAWN_AT_ONCE = 100_000
"""Queries that the bootstrap draws at a time: 1.6 MB."""

ROUNDING = 1e-9
"""Relative rounding error of a sum, which depends on the order of its terms."""


@dataclass(frozen=True)
class Figure:
    """A mean with its 95 % interval.

    Attributes:
        value: The mean.
        low: Lower end of the interval.
        high: Upper end of the interval.
    """

    value: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float]:
        """The three numbers by name, rounded to four decimals, for JSON."""
        return {name: round(value, 4) for name, value in asdict(self).items()}

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def bootstrap_mean(values: NDArray[np.float64], seed: int = 0) -> Figure:
    """Mean over queries, with its 95 % percentile interval.

    Source: Efron & Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.

    Args:
        values: (Q,) figure of each query; the mean of no queries is 0.
        seed: Seed of the resampling.
    """
    if len(values) == 0:
        return Figure(0.0, 0.0, 0.0)
    means = _resampled_means(values, seed)
    low, high = np.quantile(means, [0.025, 0.975])
    return Figure(float(values.mean()), float(low), float(high))


def bootstrap_difference(
    values: NDArray[np.float64], baseline: NDArray[np.float64], seed: int = 0
) -> Figure:
    """Mean difference of two rankers on the same queries, with its 95 % interval.

    Args:
        values: (Q,) figure of the ranker for each query.
        baseline: (Q,) figure of the baseline for the same queries.
        seed: Seed of the resampling.
    """
    return bootstrap_mean(values - baseline, seed)


def randomisation_test(
    values: NDArray[np.float64], baseline: NDArray[np.float64], seed: int = 0
) -> float:
    """p-value of the difference of two rankers by Fisher's paired randomisation test.

    Two-sided. Under the null hypothesis the rankers are equally good, so that the two
    values of a query can be exchanged; the p-value is the share of random exchanges
    whose difference of means is at least as large. For figures of retrieval the test is
    preferred to the signed-rank and the sign test (Smucker, Allan & Carterette, CIKM
    2007).

    Args:
        values: (Q,) figure of the ranker for each query.
        baseline: (Q,) figure of the baseline for the same queries.
        seed: Seed of the exchanges.

    Returns:
        p-value from 1 / (``EXCHANGES`` + 1) to 1; 1 without queries.

    >>> randomisation_test(np.ones(3), np.ones(3))
    1.0
    """
    ahead = values - baseline
    ahead = ahead[ahead != 0]  # Exchanging equal values changes nothing.
    if not len(ahead):
        return 1.0
    generator = np.random.default_rng(seed)
    seen = abs(ahead.sum()) * (1 - ROUNDING)
    as_far = sum(
        int((abs(signs @ ahead) >= seen).sum())
        for count in np.diff(np.linspace(0, EXCHANGES, EXCHANGE_BLOCKS + 1).astype(int))
        for signs in [generator.choice([-1.0, 1.0], (count, len(ahead)))]
    )
    return (as_far + 1) / (EXCHANGES + 1)


def _resampled_means(values: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """(RESAMPLES,) means of the (Q,) values drawn with replacement; Q at least 1."""
    generator = np.random.default_rng(seed)
    count = len(values)
    rows = max(1, DRAWN_AT_ONCE // count)
    means = [
        values[generator.integers(0, count, (min(rows, left), count))].mean(axis=1)
        for left in range(RESAMPLES, 0, -rows)
    ]
    return np.concatenate(means)
