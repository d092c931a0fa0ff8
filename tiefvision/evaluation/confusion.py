"""Which category is taken for which: found boxes against wanted garments, counted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiefvision.boxes import iou
from tiefvision.evaluation.detection import RIGHT_IOU, categories_of
from tiefvision.evaluation.localisation import Located
from tiefvision.records import Garment

NOTHING_THERE = "nothing there"
"""Name of the last row: boxes that lie on no garment, or on one already found."""

NOT_FOUND = "not found"
"""Name of the last column: garments on which no box lies."""


@dataclass(frozen=True)
class Confusion:
    """How often each wanted category was found as each category.

    Attributes:
        rows: Wanted categories in order, then ``NOTHING_THERE``.
        columns: Found categories in the same order, then ``NOT_FOUND``.
        counts: (rows, columns); the diagonal is right, but for its end, which is 0.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    counts: NDArray[np.int64]


def confusion(photos: Sequence[Located], threshold: float) -> Confusion:
    """Match boxes with garments of any category, and count by both categories.

    In turn, the surest first, a box takes a garment that no surer one has taken and
    that it overlaps by 0.5 or more: one of its own category if it can, of these the
    one that it overlaps most.

    Args:
        photos: Those without garments too.
        threshold: Boxes with a lower score are left out.
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
    """Every garment and every box of a photograph, with its partner or None."""
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
    shares = [float(iou(found.box_in_image, other.box_in_image)) for other in free]
    reached = [
        (other.category == found.category, share, -place)
        for place, (other, share) in enumerate(zip(free, shares, strict=True))
        if share >= RIGHT_IOU
    ]
    return free[-max(reached)[2]] if reached else None
