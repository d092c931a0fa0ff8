"""Confusion matrix of a detector: annotated categories against detected ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiefvision.boxes import iou
from tiefvision.evaluation.detection import RIGHT_IOU, categories_of
from tiefvision.evaluation.localisation import Located
from tiefvision.records import Garment

NOTHING_THERE = "nothing there"
"""Name of the last row: detections without an annotated garment to match, also second
detections of one garment."""

NOT_FOUND = "not found"
"""Name of the last column: annotated garments that no detection matches."""


@dataclass(frozen=True)
class Confusion:
    """How often garments of each category were detected as each category.

    Attributes:
        rows: Annotated categories, sorted, then ``NOTHING_THERE``.
        columns: Detected categories in the same order, then ``NOT_FOUND``.
        counts: (rows, columns) numbers of pairs; right detections are on the diagonal,
            whose last element is 0.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    counts: NDArray[np.int64]


def confusion(photos: Sequence[Located], threshold: float) -> Confusion:
    """Matches detections with garments of any category, and counts by both categories.

    Detections take turns by falling score. Each takes a free garment with an IoU of at
    least 0.5: one of its own category before others, then the one of largest IoU.

    Args:
        photos: Photographs with annotations and detections, also those without
            garments.
        threshold: Lowest score of a detection that counts, in [0, 1].
    """
    categories = categories_of(photos)
    number = {category: index for index, category in enumerate(categories)}
    neither = len(categories)
    counts = np.zeros((neither + 1, neither + 1), dtype=np.int64)
    for located in photos:
        for wanted, found in _pairs(located, threshold):
            row = number[wanted.category] if wanted else neither
            counts[row, number[found.category] if found else neither] += 1
    return Confusion((*categories, NOTHING_THERE), (*categories, NOT_FOUND), counts)


def _pairs(
    located: Located, threshold: float
) -> list[tuple[Garment | None, Garment | None]]:
    """(annotated, detected) pairs of a photograph; None for a missing partner."""
    pairs: list[tuple[Garment | None, Garment | None]] = []
    free = list(located.wanted)
    for found in sorted(located.found, key=lambda garment: -garment.score):
        if found.score < threshold:
            break
        partner = _partner(found, free)
        if partner is not None:
            free.remove(partner)
        pairs.append((partner, found))
    return pairs + [(garment, None) for garment in free]


def _partner(found: Garment, free: Sequence[Garment]) -> Garment | None:
    """The free garment that a detection matches, None if there is none."""
    shares = [float(iou(found.box_in_image, other.box_in_image)) for other in free]
    reached = [
        (other.category == found.category, share, -place)
        for place, (other, share) in enumerate(zip(free, shares, strict=True))
        if share >= RIGHT_IOU
    ]
    return free[-max(reached)[2]] if reached else None
