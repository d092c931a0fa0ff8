"""Bootstrap intervals, the paired randomisation test of rankers, Holm's correction.

Queries of one product are not independent: who misses one photograph of a coat mostly
misses the next one too. Where the products of queries are known, whole products are
therefore resampled and exchanged, not single queries.

Arguments that the functions share:
    products: (Q,) int64 number of the product of each query, from 0, as `products_of`
        gives them; None if each query is a product of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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
"""Products that the bootstrap draws at a time: 2.4 MB."""

ROUNDING = 1e-9
"""Relative rounding error of a sum, which depends on the order of its terms."""


@dataclass(frozen=True)
class Figure:
    """A mean over queries with its 95 % interval.

    Attributes:
        value: The mean.
        low: Lower end of the interval, by product where products are known.
        high: Upper end of the interval, by product where products are known.
        by_query: Ends of the interval that takes queries for independent; None where
            products are not known, so that ``low`` and ``high`` are these ends.
    """

    value: float
    low: float
    high: float
    by_query: tuple[float, float] | None = None

    def to_dict(self) -> dict[str, Any]:
        """The numbers by name, rounded to four decimals, for JSON."""
        ends = {"low": round(self.low, 4), "high": round(self.high, 4)}
        numbers: dict[str, Any] = {"value": round(self.value, 4)} | ends
        if self.by_query is not None:
            low, high = (round(end, 4) for end in self.by_query)
            numbers["by_query"] = {"low": low, "high": high}
        return numbers

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def bootstrap_mean(
    values: NDArray[np.float64],
    seed: int = 0,
    products: NDArray[np.int64] | None = None,
) -> Figure:
    """Mean over queries, with its 95 % percentile interval.

    Products are drawn with replacement, each with all of its queries (the cluster
    bootstrap). Sources: Efron & Tibshirani, An Introduction to the Bootstrap, 1993,
    chapter 13; of clusters, Davison & Hinkley, Bootstrap Methods and their
    Application, 1997, section 3.8.

    Args:
        values: (Q,) figure of each query; the mean of no queries is 0.
        seed: Seed of the resampling.
        products: As the module says.
    """
    mean = float(values.mean()) if len(values) else 0.0
    by_query = _interval(values, np.ones(len(values)), seed)
    if products is None:
        return Figure(mean, *by_query)
    counts = np.bincount(products).astype(np.float64)
    by_product = _interval(_sums(values, products), counts, seed)
    return Figure(mean, *by_product, by_query)


def bootstrap_difference(
    values: NDArray[np.float64],
    baseline: NDArray[np.float64],
    seed: int = 0,
    products: NDArray[np.int64] | None = None,
) -> Figure:
    """Mean difference of two rankers on the same queries, with its 95 % interval.

    Args:
        values: (Q,) figure of the ranker for each query.
        baseline: (Q,) figure of the baseline for the same queries.
        seed: Seed of the resampling.
        products: As the module says.
    """
    return bootstrap_mean(values - baseline, seed, products)


def randomisation_test(
    values: NDArray[np.float64],
    baseline: NDArray[np.float64],
    seed: int = 0,
    products: NDArray[np.int64] | None = None,
) -> float:
    """p-value of the difference of two rankers by Fisher's paired randomisation test.

    Two-sided. Under the null hypothesis the rankers are equally good, so that their
    values can be exchanged, for all queries of a product at once; the p-value is the
    share of random exchanges whose difference of means is at least as large. For
    figures of retrieval the test is preferred to the signed-rank and the sign test
    (Smucker, Allan & Carterette, CIKM 2007).

    Args:
        values: (Q,) figure of the ranker for each query.
        baseline: (Q,) figure of the baseline for the same queries.
        seed: Seed of the exchanges.
        products: As the module says.

    Returns:
        p-value from 1 / (``EXCHANGES`` + 1) to 1; 1 without queries.

    >>> randomisation_test(np.ones(3), np.ones(3))
    1.0
    """
    ahead = values - baseline
    least = ROUNDING * float(abs(ahead).max(initial=0.0))
    if products is not None:
        ahead = _sums(ahead, products)
    ahead = ahead[abs(ahead) > least]  # Exchanging equal values changes nothing.
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


def holm(chances: Sequence[float]) -> list[float]:
    """p-values of several tests, corrected by Holm's step-down method.

    The chance that any true null hypothesis has a corrected p-value below 0.05 is at
    most 0.05, whatever the tests have to do with each other. Source: Holm, A Simple
    Sequentially Rejective Multiple Test Procedure, Scandinavian Journal of Statistics
    6 (1979).

    Args:
        chances: p-value of each test.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    corrected, least = [0.0] * len(chances), 0.0
    order = sorted(range(len(chances)), key=lambda number: chances[number])
    for place, number in enumerate(order):
        least = max(least, min(1.0, (len(chances) - place) * chances[number]))
        corrected[number] = least
    return corrected


def _sums(
    values: NDArray[np.float64], products: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(C,) sum of the values of each of C products."""
    return np.asarray(np.bincount(products, values), dtype=np.float64)


def _interval(
    sums: NDArray[np.float64], counts: NDArray[np.float64], seed: int
) -> tuple[float, float]:
    """Ends of the 95 % interval of a mean over the queries of C products.

    Args:
        sums: (C,) sum of the values of each product's queries.
        counts: (C,) number of each product's queries, at least 1.
        seed: Seed of the resampling.
    """
    if not len(sums):
        return 0.0, 0.0
    means = _resampled_means(sums, counts, seed)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def _resampled_means(
    sums: NDArray[np.float64], counts: NDArray[np.float64], seed: int
) -> NDArray[np.float64]:
    """(RESAMPLES,) means over the queries of products drawn with replacement."""
    generator = np.random.default_rng(seed)
    size = len(sums)
    rows = max(1, DRAWN_AT_ONCE // size)
    means = [
        sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
        for left in range(RESAMPLES, 0, -rows)
        for drawn in [generator.integers(0, size, (min(rows, left), size))]
    ]
    return np.concatenate(means)
