"""Findings: of all boxes that the windows vote for, those worth telling."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tiefvision.boxes import iou
from tiefvision.locating.calibration import Calibration
from tiefvision.locating.targets import OUTFIT
from tiefvision.records import Garment

LEAST_SCORE = 0.5
"""A box that is more likely wrong than right is not told."""

LEAST_TO_SEARCH = 0.1
"""An outfit that is not told, but this likely, is a better query than the photograph
around it. Of the demo's 21 photographs with nothing told 20 have one, 0.18 or more,
with an IoU of 0.63 on average; the one left out has 0.007."""

SAME_GARMENT = 0.75
"""IoU from which on boxes of two categories are two names of one garment. The coat of a
street photograph and the dress under it overlap by less."""


@dataclass(frozen=True)
class TellingRules:
    """Which boxes are told.

    Attributes:
        calibration: From the score of the votes to the share of such boxes that are
            right, of garments: a right box with a wrong name is wrong.
        least_score: Calibrated; boxes below it are not told.
        same_garment: ``SAME_GARMENT``.
        outfits: The calibration of outfits, which have no name to be wrong.
    """

    calibration: Calibration = field(default_factory=Calibration)
    least_score: float = LEAST_SCORE
    same_garment: float = SAME_GARMENT
    outfits: Calibration = field(default_factory=Calibration)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "TellingRules":
        """From what ``dataclasses.asdict`` made, perhaps by way of JSON.

        Raises:
            TypeError, ValueError, KeyError: It is not that.
        """
        learnt = {
            name: Calibration(**values[name]) for name in ("calibration", "outfits")
        }
        return cls(**{**values, **learnt})


def calibrate(garments: Sequence[Garment], rules: TellingRules) -> tuple[Garment, ...]:
    """The same boxes in the same order, with calibrated scores."""
    return tuple(
        replace(garment, score=float(calibration.apply(garment.score)))
        for garment in garments
        for calibration in [
            rules.outfits if garment.category == OUTFIT else rules.calibration
        ]
    )


def tell(garments: Sequence[Garment], rules: TellingRules) -> tuple[Garment, ...]:
    """What to tell of calibrated boxes, the surest first.

    A garment gets one name, that of its surest box. An outfit is no garment but all of
    them together, so it may have the box of one.
    """
    told: list[Garment] = []
    for garment in sorted(garments, key=lambda garment: -garment.score):
        if garment.score < rules.least_score:
            break
        if not any(_alike(garment, other, rules.same_garment) for other in told):
            told.append(garment)
    return tuple(told)


def to_search(garments: Sequence[Garment], rules: TellingRules) -> tuple[Garment, ...]:
    """What to search with of calibrated boxes: what is told, or the surest outfit.

    Where nothing is told and the outfit's score is below ``LEAST_TO_SEARCH`` as well
    there is nothing, and the whole photograph is left.
    """
    told = tell(garments, rules)
    outfits = [garment for garment in garments if garment.category == OUTFIT]
    surest = max(outfits, key=lambda garment: garment.score, default=None)
    if told or surest is None or surest.score < LEAST_TO_SEARCH:
        return told
    return (surest,)


def is_unsure(garment: Garment, rules: TellingRules) -> bool:
    """Whether it is only searched with, because nothing was told."""
    return garment.score < rules.least_score


def _alike(one: Garment, other: Garment, same: float) -> bool:
    if OUTFIT in (one.category, other.category):
        return False
    return float(iou(one.box_in_image, other.box_in_image)) >= same
