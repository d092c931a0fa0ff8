"""One box that is corrected, among all that were labelled in a photograph."""

from collections.abc import Sequence

from tiefvision.boxes import iou
from tiefvision.records import Garment

SAME = 0.5
"""Least intersection over union of two boxes of one garment, as in Pascal VOC
(Everingham et al., IJCV 2010)."""


def with_box(garments: Sequence[Garment], corrected: Garment) -> tuple[Garment, ...]:
    """The garments with one that is corrected, or new.

    It replaces the one of its group that it overlaps most, from ``SAME`` on.

    >>> old = Garment("lower", (0, 0, 10, 10)), Garment("upper", (0, 0, 10, 10))
    >>> [one.box_in_image for one in with_box(old, Garment("lower", (0, 0, 10, 8)))]
    [(0, 0, 10, 8), (0, 0, 10, 10)]
    """
    overlaps = {
        place: float(iou(one.box_in_image, corrected.box_in_image))
        for place, one in enumerate(garments)
        if one.category == corrected.category
    }
    place = max(overlaps, key=overlaps.__getitem__, default=-1)
    if place < 0 or overlaps[place] < SAME:
        return (*garments, corrected)
    return (*garments[:place], corrected, *garments[place + 1 :])
