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

SAME_GARMENT = 0.75
"""IoU from which on boxes of two categories are two names of one garment. The coat of a
street photograph and the dress under it overlap by less."""


@dataclass(frozen=True)
class TellingRules:
    """Which boxes are told.

    Attributes:
        calibration: From the score of the votes to the share of such boxes that are
            right.
        least_score: Calibrated; boxes below it are not told.
        same_garment: ``SAME_GARMENT``.
    """

    calibration: Calibration = field(default_factory=Calibration)
    least_score: float = LEAST_SCORE
    same_garment: float = SAME_GARMENT

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "TellingRules":
        """From what ``dataclasses.asdict`` made, perhaps by way of JSON.

        Raises:
            TypeError, ValueError, KeyError: It is not that.
        """
        knots = dict(values["calibration"])
        rows = {name: tuple(row) for name, row in knots.items()}
        return cls(**{**values, "calibration": Calibration(**rows)})


def calibrate(
    garments: Sequence[Garment], calibration: Calibration
) -> tuple[Garment, ...]:
    """The same boxes in the same order, with calibrated scores."""
    scores = calibration.apply([garment.score for garment in garments])
    return tuple(
        replace(garment, score=float(score))
        for garment, score in zip(garments, scores, strict=True)
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


def _alike(one: Garment, other: Garment, same: float) -> bool:
    if OUTFIT in (one.category, other.category):
        return False
    return float(iou(one.box_in_image, other.box_in_image)) >= same
