"""Reliability of the probability of a match, on searches whose right item is known."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tiefvision.evaluation.intervals import Figure
from tiefvision.evaluation.reliability import (
    Bin,
    expected_calibration_error,
    reliability_curve,
    wilson_interval,
)
from tiefvision.evaluation.searches import Search
from tiefvision.judging.comparison import Comparison
from tiefvision.judging.vectors import cropped_rankers
from tiefvision.models.protocol import Models
from tiefvision.ranking.garments import Embed, GarmentsOf
from tiefvision.ranking.matching import LIKELY, MatchCalibration, known_searches


@dataclass(frozen=True)
class MatchReliability:
    """Probabilities of a match held against what is right.

    Each search counts twice, with its item in the gallery and without.

    Attributes:
        curve: reliability of the ten closest results of all searches.
        likely: share of right results among those told as likely; None if there are
            none.
        results: number of results told as likely.
        found: share of searches whose right item is told as likely.
        misled: share of searches without their item in the gallery of which some result
            is told as likely.
    """

    curve: tuple[Bin, ...]
    likely: Figure | None
    results: int
    found: Figure
    misled: Figure

    def to_dict(self) -> dict[str, Any]:
        """The figures as JSON shows them."""
        return {
            "calibration_error": round(expected_calibration_error(self.curve), 4),
            "likely": {
                "results": self.results,
                "right": self.likely.to_dict() if self.likely else None,
            },
            "found_likely": self.found.to_dict(),
            "misled": self.misled.to_dict(),
            "curve": [
                {
                    "match": round(one.mean_score, 4),
                    "right": one.right.to_dict(),
                    "results": one.count,
                }
                for one in self.curve
            ],
        }

    def in_words(self, ranker: str) -> str:
        """The figures in a sentence."""
        right = (
            f"{self.likely.value:.0%} of {self.results} results told as likely are "
            "right"
            if self.likely
            else "no result is told as likely"
        )
        return (
            f"match, {ranker}: {right}; where the item is missing, "
            f"{self.misled.value:.0%} of searches have such a result all the same."
        )


def with_matching(
    comparison: Comparison,
    rankers: Mapping[str, Embed],
    models: Models,
    garments_of: GarmentsOf,
) -> Comparison:
    """Add the reliability of ``match`` to a comparison, for rankers that tell it.

    Probabilities hold for a whole gallery; there are none where each query may find
    only a part of it (``Search.within``).

    Args:
        comparison: comparison by exact search.
        rankers: the rankers compared, by name.
        models: models with the calibrations of the rankers.
        garments_of: reader of the crops of views.

    Returns:
        The comparison with ``Comparison.matches``.
    """
    matches = {}
    if comparison.search.within == "all":
        for name, embed in cropped_rankers(rankers).items():
            calibration = models.matching(name)
            judged = calibration and judge_matching(
                calibration, comparison.search, embed, garments_of
            )
            if judged:
                matches[name] = judged.to_dict() | {"in_words": judged.in_words(name)}
    return replace(comparison, matches=matches)


def judge_matching(
    calibration: MatchCalibration,
    search: Search,
    embed: Embed,
    garments_of: GarmentsOf,
) -> MatchReliability | None:
    """Hold the probabilities of a ranker against searches with a known item.

    Args:
        calibration: calibration of the ranker.
        search: queries and gallery.
        embed: ranker.
        garments_of: reader of the crops of views.

    Returns:
        The figures; None if no query has a right item and a wrong one.
    """
    told, right, found, misled = [], [], [], []
    for known in known_searches(search, garments_of, embed):
        for listed in known.with_item_and_without():
            matches = calibration.apply(listed.similarities, listed.densities)
            told.append(matches)
            right.append(listed.right)
            likely = matches >= LIKELY
            if len(told) % 2:  # the gallery as it is
                found.append((likely & listed.right).any())
            else:
                misled.append(likely.any())
    if not told:
        return None
    scores, hits = np.concatenate(told), np.concatenate(right)
    sure = scores >= LIKELY
    count = int(sure.sum())
    return MatchReliability(
        reliability_curve(scores, hits),
        wilson_interval(int(hits[sure].sum()), count) if count else None,
        count,
        wilson_interval(int(sum(found)), len(found)),
        wilson_interval(int(sum(misled)), len(misled)),
    )
