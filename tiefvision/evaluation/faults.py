"""What is wrong with the boxes of a photograph, in a line."""

from collections.abc import Sequence

import numpy as np

from tiefvision.boxes import iou
from tiefvision.evaluation.localisation import Located
from tiefvision.records import Garment

SIDES = ("left side", "top", "right side", "bottom")
TOWARDS = (("too far left", "too far right"), ("too high", "too low")) * 2
"""Of each side, what a coordinate that is too small and one that is too large mean."""


def worst_first(photos: Sequence[Located]) -> list[Located]:
    """Photographs with something to find, the least overlap of a garment first."""
    known = [located for located in photos if located.wanted]
    return sorted(known, key=lambda located: _least_overlap(located)[0])


def describe_fault(located: Located) -> str:
    """The garment that was found worst, and which side of its box is furthest off.

    Args:
        located: A photograph with something to find.
    """
    overlap, wanted, found = _least_overlap(located)
    what = f"{wanted.category} {overlap:.2f}"
    if found is None:
        return f"{what}: nothing was found."
    notes = ["found elsewhere"]
    if overlap > 0.0:
        notes = [_furthest_side(wanted, found)]
        if found.category != wanted.category:
            notes.insert(0, f"taken for {found.category}")
    more = len(located.found) - len(located.wanted)
    if more > 0:
        notes.append(f"{more} box{'es' * (more > 1)} too many")
    return f"{what}: {', '.join(notes)}."


def _least_overlap(located: Located) -> tuple[float, Garment, Garment | None]:
    """The wanted garment whose nearest box overlaps it least, with that box."""
    pairs = [_nearest(wanted, located.found) for wanted in located.wanted]
    return min(pairs, key=lambda pair: pair[0])


def _nearest(
    wanted: Garment, found: Sequence[Garment]
) -> tuple[float, Garment, Garment | None]:
    if not found:
        return 0.0, wanted, None
    overlaps = iou(wanted.box_in_image, np.array([one.box_in_image for one in found]))
    best = int(overlaps.argmax())
    return float(overlaps[best]), wanted, found[best]


def _furthest_side(wanted: Garment, found: Garment) -> str:
    box = np.array(wanted.box_in_image)
    sides = np.tile(box[2:] - box[:2], 2)
    off = (np.array(found.box_in_image) - box) / np.maximum(sides, 1e-9)
    worst = int(np.abs(off).argmax())
    length = "height" if worst % 2 else "width"
    too = TOWARDS[worst][int(off[worst] > 0)]
    return f"{SIDES[worst]} {abs(off[worst]):.0%} of its {length} {too}"
