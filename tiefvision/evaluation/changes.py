"""What changed between two evaluations, query by query, and whether it is allowed."""

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
"""Ranker to figure to one value a query."""

CONDITION = re.compile(
    r"\s*(?:(?P<ranker>[^:<>\s]+)\s*:)?\s*(?P<figure>[^:<>\s]+)"
    r"\s*(?P<sign>[<>])\s*(?P<limit>[-+]?(?:\d+\.?\d*|\.\d+))\s*"
)


@dataclass(frozen=True)
class Change:
    """One figure of one ranker, before and after.

    Attributes:
        ranker: Its name.
        figure: Name of the figure.
        before: On the queries that both evaluations have.
        after: The same.
        difference: After less before, paired.
        chance: How likely so large a one is by chance (``randomisation_test``).
    """

    ranker: str
    figure: str
    before: Figure
    after: Figure
    difference: Figure
    chance: float


def changes_between(before: Values, after: Values, seed: int = 0) -> list[Change]:
    """Every figure that both have, ranker by ranker; values of the same queries."""
    return [
        Change(
            ranker,
            figure,
            bootstrap_mean(old, seed),
            bootstrap_mean(new, seed),
            bootstrap_difference(new, old, seed),
            randomisation_test(new, old, seed),
        )
        for ranker, figures in after.items()
        for figure, new in figures.items()
        for old in [before.get(ranker, {}).get(figure)]
        if old is not None
    ]


@dataclass(frozen=True)
class Condition:
    """A change that is not allowed: ``deeprank:recall@20<-0.01``.

    Attributes:
        ranker: Of which; "" for any.
        figure: Name of the figure.
        below: Whether it is less, or more, than the limit.
        limit: Of the difference.
    """

    ranker: str
    figure: str
    below: bool
    limit: float

    @classmethod
    def parse(cls, text: str) -> "Condition":
        """From ``[RANKER:]FIGURE<LIMIT``, or with ``>``.

        Raises:
            ValueError: It is not that.

        >>> Condition.parse("recall@20<-0.01")
        Condition(ranker='', figure='recall@20', below=True, limit=-0.01)
        """
        found = CONDITION.fullmatch(text)
        if not found:
            raise ValueError(text)
        limit = float(found["limit"])
        return cls(found["ranker"] or "", found["figure"], found["sign"] == "<", limit)

    def concerns(self, ranker: str, figure: str) -> bool:
        """Whether it says anything about a figure of a ranker."""
        return figure == self.figure and self.ranker in ("", ranker)

    def covers(self, values: Values) -> list[str]:
        """The rankers of an evaluation that it says anything about."""
        return [
            ranker
            for ranker, figures in values.items()
            if any(self.concerns(ranker, figure) for figure in figures)
        ]

    def is_met(self, changes: Sequence[Change]) -> bool:
        """Whether one of the changes is what is not allowed."""
        differences = [
            change.difference.value
            for change in changes
            if self.concerns(change.ranker, change.figure)
        ]
        return any(
            value < self.limit if self.below else value > self.limit
            for value in differences
        )
