"""Changes of figures between two evaluations, and conditions on them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiefvision.evaluation.intervals import (
    Figure,
    bootstrap_difference,
    bootstrap_mean,
    randomisation_test,
)

Values = Mapping[str, Mapping[str, NDArray[np.float64]]]
"""Ranker to figure to the (Q,) values of its queries."""

CONDITION = re.compile(
    r"\s*(?:(?P<ranker>[^:<>\s](?:[^:<>]*[^:<>\s])?)\s*:)?\s*(?P<figure>[^:<>\s]+)"
    r"\s*(?P<sign>[<>])\s*(?P<limit>[-+]?(?:\d+\.?\d*|\.\d+))\s*"
)


@dataclass(frozen=True)
class Change:
    """One figure of one ranker in two evaluations of the same queries.

    Attributes:
        ranker: Name of the ranker.
        figure: Name of the figure, such as "recall@20".
        before: Mean in the earlier evaluation, with its 95 % interval.
        after: Mean in the later evaluation, with its 95 % interval.
        difference: Mean of ``after`` minus ``before``, query by query, with its 95 %
            interval.
        chance: p-value of the difference by `randomisation_test`, in (0, 1].
    """

    ranker: str
    figure: str
    before: Figure
    after: Figure
    difference: Figure
    chance: float


def changes_between(
    before: Values,
    after: Values,
    seed: int = 0,
    products: NDArray[np.int64] | None = None,
) -> list[Change]:
    """The changes of all figures that both evaluations have, ranker by ranker.

    Args:
        before: Values of the earlier evaluation.
        after: Values of the later evaluation, of the same queries in the same order.
        seed: Seed of the bootstrap and of the randomisation test.
        products: (Q,) number of the product of each query; None if each query is a
            product of its own.
    """
    return [
        Change(
            ranker,
            figure,
            bootstrap_mean(old, seed, products),
            bootstrap_mean(new, seed, products),
            bootstrap_difference(new, old, seed, products),
            randomisation_test(new, old, seed, products),
        )
        for ranker, figures in after.items()
        for figure, new in figures.items()
        for old in [before.get(ranker, {}).get(figure)]
        if old is not None
    ]


@dataclass(frozen=True)
class Condition:
    """A condition that a change meets or not, such as ``deeprank:recall@20<-0.01``.

    Attributes:
        ranker: Name of the ranker; "" for any ranker.
        figure: Name of the figure.
        below: True if differences below the limit meet the condition, False if those
            above it do.
        limit: Limit of the difference, later minus earlier evaluation.
    """

    ranker: str
    figure: str
    below: bool
    limit: float

    @classmethod
    def parse(cls, text: str) -> "Condition":
        """Reads ``[RANKER:]FIGURE<LIMIT`` or ``[RANKER:]FIGURE>LIMIT``.

        Raises:
            ValueError: The text has another form.

        >>> Condition.parse("recall@20<-0.01")
        Condition(ranker='', figure='recall@20', below=True, limit=-0.01)
        """
        found = CONDITION.fullmatch(text)
        if not found:
            raise ValueError(text)
        limit = float(found["limit"])
        return cls(found["ranker"] or "", found["figure"], found["sign"] == "<", limit)

    def concerns(self, ranker: str, figure: str) -> bool:
        """Whether the condition applies to this figure of this ranker."""
        return figure == self.figure and self.ranker in ("", ranker)

    def covers(self, values: Values) -> list[str]:
        """The rankers of an evaluation to which the condition applies."""
        return [
            ranker
            for ranker, figures in values.items()
            if any(self.concerns(ranker, figure) for figure in figures)
        ]

    def is_met(self, changes: Sequence[Change]) -> bool:
        """Whether at least one of the changes meets the condition."""
        differences = [
            change.difference.value
            for change in changes
            if self.concerns(change.ranker, change.figure)
        ]
        return any(
            value < self.limit if self.below else value > self.limit
            for value in differences
        )
