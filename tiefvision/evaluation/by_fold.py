"""Figures over folds: their mean and how far the folds lie apart."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

Figures = Mapping[str, float | int | None]

MEAN = "mean over garments"
"""Name of the last row."""


@dataclass(frozen=True)
class Spread:
    """A figure of several folds.

    Attributes:
        mean: Over the folds that have it; each counts alike.
        deviation: Standard deviation between folds (of a sample: over n - 1); 0 of one.
        values: Of each fold; None where there was nothing to measure it on.
    """

    mean: float
    deviation: float
    values: tuple[float | None, ...]

    def __str__(self) -> str:
        return f"{self.mean:.3f} ± {self.deviation:.3f}"


def spread_of(values: Sequence[float | None]) -> Spread | None:
    """Mean and deviation of a figure; None where no fold has it.

    >>> str(spread_of([0.5, 0.7, None]))
    '0.600 ± 0.141'
    """
    known = np.array([value for value in values if value is not None], dtype=np.float64)
    if not len(known):
        return None
    deviation = float(known.std(ddof=1)) if len(known) > 1 else 0.0
    return Spread(float(known.mean()), deviation, tuple(values))


@dataclass(frozen=True)
class FoldRow:
    """A category over the folds, or the mean of several.

    Attributes:
        name: Of the category.
        count: Photographs that show it in all test splits, or categories averaged.
        figures: By name; without those that no fold has.
    """

    name: str
    count: int
    figures: Mapping[str, Spread]


def rows_by_fold(
    folds: Sequence[Mapping[str, Figures]],
    names: Sequence[str],
    least: int,
    apart: Collection[str] = (),
) -> list[FoldRow]:
    """A row for each category, then ``MEAN``, the mean over the common ones.

    Args:
        folds: Of each fold the figures of its categories, "photographs" among them.
        names: Which figures.
        least: Photographs that a category of the mean must have in all folds together.
        apart: Categories that have no part in the mean.
    """
    categories = sorted({category for fold in folds for category in fold})
    shown = {
        category: sum(
            int(fold[category]["photographs"] or 0)
            for fold in folds
            if category in fold
        )
        for category in categories
    }
    common = [one for one in categories if shown[one] >= least and one not in apart]
    rows = [
        FoldRow(
            category,
            shown[category],
            _spreads([fold.get(category, {}) for fold in folds], names),
        )
        for category in categories
    ]
    means = [
        _mean([fold[one] for one in common if one in fold], names) for fold in folds
    ]
    return [*rows, FoldRow(MEAN, len(common), _spreads(means, names))]


def _spreads(folds: Sequence[Figures], names: Sequence[str]) -> dict[str, Spread]:
    spreads = {name: spread_of([fold.get(name) for fold in folds]) for name in names}
    return {name: spread for name, spread in spreads.items() if spread}


def _mean(categories: Sequence[Figures], names: Sequence[str]) -> Figures:
    """Each figure over categories, of which each counts alike."""
    spreads = _spreads(categories, names)
    return {name: spread.mean for name, spread in spreads.items()}
