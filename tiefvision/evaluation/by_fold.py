"""Figures of a cross-validation: mean and standard deviation over the folds."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

Figures = Mapping[str, float | int | None]
"""Name of a figure to its value; None where there was nothing to measure it on."""

MEAN = "mean over garments"
"""Name of the last row of `rows_by_fold`."""


@dataclass(frozen=True)
class Spread:
    """One figure over several folds.

    Attributes:
        mean: Unweighted mean over the folds that have the figure.
        deviation: Sample standard deviation over these folds (divisor n - 1); 0 for a
            single fold.
        values: Value of each fold, None where there was nothing to measure it on.
    """

    mean: float
    deviation: float
    values: tuple[float | None, ...]

    def __str__(self) -> str:
        return f"{self.mean:.3f} ± {self.deviation:.3f}"


def spread_of(values: Sequence[float | None]) -> Spread | None:
    """Mean and deviation of one figure; None if no fold has it.

    Args:
        values: Value of each fold, None where there was nothing to measure it on.


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
    """The figures of one category over the folds, or the mean over categories.

    Attributes:
        name: Name of the category, or ``MEAN``.
        count: Number of test photographs that show the category, summed over the
            folds; in the row ``MEAN`` the number of categories in the mean.
        figures: Name to figure; a figure that no fold has is left out.
    """

    name: str
    count: int
    figures: Mapping[str, Spread]


def rows_by_fold(
    folds: Sequence[Mapping[str, Figures]],
    names: Sequence[str],
    least_photographs: int,
    excluded: Collection[str] = (),
) -> list[FoldRow]:
    """A row for each category, then the mean over the common categories.

    Args:
        folds: For each fold, category to figures; every category has the figure
            "photographs", the number of test photographs that show it.
        names: Names of the figures to report.
        least_photographs: Smallest number of photographs, summed over the folds, of a
            category in the mean.
        excluded: Categories that are left out of the mean.

    Returns:
        Rows sorted by category, then the row ``MEAN``.
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
    common = [
        category
        for category in categories
        if shown[category] >= least_photographs and category not in excluded
    ]
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
    """Unweighted mean of each figure over categories."""
    spreads = _spreads(categories, names)
    return {name: spread.mean for name, spread in spreads.items()}
