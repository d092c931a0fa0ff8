"""Findings: which of the boxes that the windows voted for are reported.

A box is "told" when it is part of the answer to the user.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tiefvision.boxes import iou
from tiefvision.groups import OUTFIT
from tiefvision.locating.calibration import Calibration
from tiefvision.locating.labels import tell_label
from tiefvision.records import Garment

LEAST_SCORE = 0.5
"""Least calibrated score of a box that is told: it is as likely right as wrong."""

LEAST_TO_SEARCH = 0.1
"""Least calibrated score of an outfit that is searched with although nothing is told.
Such an outfit is a better query than the whole photograph. In the demo, 21 photographs
have no told box: in 20 of them the outfit has a score of at least 0.18 and a mean IoU
of 0.63, in the other one 0.007."""

SAME_GARMENT = 0.75
"""Least IoU of two boxes of different categories that are taken for one garment. A coat
and the dress under it overlap by less in street photographs."""


@dataclass(frozen=True)
class TellingRules:
    """The calibrations and thresholds that decide which boxes are told.

    Attributes:
        calibration: calibration of the scores of garments, where a right box with a
            wrong category counts as wrong.
        least_score: least calibrated score of a box that is told, in [0, 1].
        same_garment: least IoU of two boxes of different categories that are taken for
            one garment, in [0, 1].
        outfits: calibration of the scores of outfits, which have one category only.
    """

    calibration: Calibration = field(default_factory=Calibration)
    least_score: float = LEAST_SCORE
    same_garment: float = SAME_GARMENT
    outfits: Calibration = field(default_factory=Calibration)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "TellingRules":
        """Build rules from the result of ``dataclasses.asdict``, also read from JSON.

        Raises:
            TypeError, ValueError, KeyError: ``values`` are not those of rules.
        """
        learnt = {
            name: Calibration(**values[name]) for name in ("calibration", "outfits")
        }
        return cls(**{**values, **learnt})


def calibrate(garments: Sequence[Garment], rules: TellingRules) -> tuple[Garment, ...]:
    """Replace raw scores by calibrated ones; boxes and order stay.

    Args:
        garments: garments with the scores of the votes, in [0, 1].
        rules: rules with the calibrations of garments and of outfits.
    """
    return tuple(
        replace(garment, score=float(calibration.apply(garment.score)))
        for garment in garments
        for calibration in [
            rules.outfits if garment.category == OUTFIT else rules.calibration
        ]
    )


def tell(garments: Sequence[Garment], rules: TellingRules) -> tuple[Garment, ...]:
    """Select the garments to tell.

    Of boxes that are taken for one garment, the one with the highest score is told. An
    outfit is told beside a garment of the same box, because it is all garments together
    and not another name of one.

    Args:
        garments: garments with calibrated scores.
        rules: thresholds.

    Returns:
        The garments to tell, the highest score first.
    """
    told: list[Garment] = []
    for garment in sorted(garments, key=lambda garment: -garment.score):
        if garment.score < rules.least_score:
            break
        if not any(_alike(garment, other, rules.same_garment) for other in told):
            told.append(tell_label(garment))
    return tuple(told)


def to_search(garments: Sequence[Garment], rules: TellingRules) -> tuple[Garment, ...]:
    """Select the garments to search with: those that are told, or else one outfit.

    If nothing is told, it is the outfit with the highest score, provided that the score
    reaches ``LEAST_TO_SEARCH``. Otherwise the result is empty, and the caller searches
    with the whole photograph.

    Args:
        garments: garments with calibrated scores.
        rules: thresholds.
    """
    told = tell(garments, rules)
    outfits = [garment for garment in garments if garment.category == OUTFIT]
    surest = max(outfits, key=lambda garment: garment.score, default=None)
    if told or surest is None or surest.score < LEAST_TO_SEARCH:
        return told
    return (surest,)


def is_unsure(garment: Garment, rules: TellingRules) -> bool:
    """Whether a garment returned by ``to_search`` is below the score of a told one."""
    return garment.score < rules.least_score


def _alike(one: Garment, other: Garment, same: float) -> bool:
    """Whether two boxes are taken for one garment; ``same`` is the least IoU."""
    if OUTFIT in (one.category, other.category):
        return False
    return float(iou(one.box_in_image, other.box_in_image)) >= same
