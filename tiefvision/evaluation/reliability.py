"""Calibration of scores: reliability curve and expected calibration error."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from tiefvision.evaluation.intervals import Figure

BINS = 10
"""Bins of a reliability curve, as usual (Guo et al., arXiv:1706.04599)."""

NORMAL_95 = 1.959964
"""Number of standard deviations around the mean that hold 95 % of a normal
distribution."""


@dataclass(frozen=True)
class Bin:
    """The detections whose scores lie in one bin.

    Attributes:
        mean_score: Mean of their scores, in [0, 1].
        right: Share of right detections, with its 95 % Wilson interval.
        count: Number of detections.
    """

    mean_score: float
    right: Figure
    count: int


def reliability_curve(
    scores: NDArray[np.float64], hits: NDArray[np.bool_], bins: int = BINS
) -> tuple[Bin, ...]:
    """The reliability curve of detections, in bins of equal width over [0, 1].

    Args:
        scores: (N,) scores in [0, 1]; a score on an edge belongs to the upper bin.
        hits: (N,) whether each detection is right.
        bins: Number of bins.

    Returns:
        The bins that hold a detection, by rising score.
    """
    edges = np.linspace(0.0, 1.0, bins + 1)[1:-1]
    places = np.searchsorted(edges, scores, side="right")
    members = [np.flatnonzero(places == place) for place in range(bins)]
    return tuple(
        Bin(
            float(scores[inside].mean()),
            wilson_interval(int(hits[inside].sum()), len(inside)),
            len(inside),
        )
        for inside in members
        if len(inside)
    )


def expected_calibration_error(curve: tuple[Bin, ...]) -> float:
    """Expected calibration error: mean gap between mean score and share of right boxes.

    The mean is weighted by the number of boxes in each bin. Source: Guo et al.,
    arXiv:1706.04599, equation 3. An empty curve has the error 0.

    >>> even, sure = Figure(0.5, 0.0, 1.0), Figure(0.9, 0.0, 1.0)
    >>> round(expected_calibration_error((Bin(0.4, even, 3), Bin(0.9, sure, 1))), 6)
    0.075
    """
    total = sum(one.count for one in curve)
    gaps = [one.count * abs(one.right.value - one.mean_score) for one in curve]
    return sum(gaps) / max(total, 1)


def wilson_interval(hits: int, count: int) -> Figure:
    """A binomial share with its 95 % Wilson score interval.

    The interval lies in [0, 1] and is never empty. Source: Wilson, Probable inference,
    JASA 22, 1927; Brown, Cai & DasGupta 2001, equation 4, recommend it for few
    observations.

    Args:
        hits: Number of successes, from 0 to ``count``.
        count: Number of observations, at least 1.

    >>> str(wilson_interval(8, 10))
    '0.800 [0.490, 0.943]'
    """
    share, square = hits / count, NORMAL_95**2
    centre = (hits + square / 2) / (count + square)
    spread = sqrt(count * share * (1 - share) + square / 4)
    half = NORMAL_95 * spread / (count + square)
    # Rounding must not push an end past the share, or out of range.
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    return Figure(share, min(share, low), max(share, high))
