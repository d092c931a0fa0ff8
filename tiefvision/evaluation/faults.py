"""The worst mistake of a locator in a photograph, in a sentence."""

from collections.abc import Sequence

import numpy as np

from tiefvision.boxes import iou
from tiefvision.evaluation.localisation import Located
from tiefvision.records import Garment

SIDES = ("left side", "top", "right side", "bottom")
TOWARDS = (("too far left", "too far right"), ("too high", "too low")) * 2
"""For each side, what a coordinate that is too small, or too large, means."""


def worst_first(photos: Sequence[Located]) -> list[Located]:
    """The photographs with annotated garments, by rising IoU of their worst garment."""
    known = [located for located in photos if located.wanted]
    return sorted(known, key=lambda located: _found_worst(located)[0])


def describe_fault(located: Located) -> str:
    """A sentence about the garment of smallest IoU: what it was taken for, and which
    side of the detected box is furthest off.

    Args:
        located: A photograph with at least one annotated garment.

    Returns:
        For example "dress 0.62: bottom 31% of its height too high.", with the IoU.
    """
    overlap, wanted, found = _found_worst(located)
    if found is None:
        notes = ["not found" if located.found else "nothing was found"]
    elif overlap == 0.0:
        notes = ["found elsewhere"]
    elif found.category == wanted.category:
        notes = [_furthest_side(wanted, found)]
    else:
        notes = [f"taken for {found.category}", _furthest_side(wanted, found)]
    more = len(located.found) - len(located.wanted)
    if more > 0:
        notes.append(f"{more} box{'es' * (more > 1)} too many")
    return f"{wanted.category} {overlap:.2f}: {', '.join(notes)}."


def closest_found(
    wanted: Garment, found: Sequence[Garment]
) -> tuple[float, Garment | None]:
    """The detection that belongs to an annotated garment, and the IoU of the two.

    Among detections of its own category it is the one of largest IoU, even if that is
    0. Without any, it is the one of largest IoU among the others, or None if none of
    them overlaps it.

    Args:
        wanted: The annotated garment.
        found: The detections in the same photograph.

    Returns:
        IoU in [0, 1] and the detection; 0.0 and None if there is none.
    """
    own = [one for one in found if one.category == wanted.category]
    known = own or list(found)
    if not known:
        return 0.0, None
    shares = iou(wanted.box_in_image, np.array([one.box_in_image for one in known]))
    best = int(shares.argmax())
    share = float(shares[best])
    return share, known[best] if own or share > 0.0 else None


def _found_worst(located: Located) -> tuple[float, Garment, Garment | None]:
    """The smallest IoU of an annotated garment, that garment, and its detection."""
    pairs = [
        (wanted, *closest_found(wanted, located.found)) for wanted in located.wanted
    ]
    wanted, overlap, found = min(pairs, key=lambda pair: pair[1])
    return overlap, wanted, found


def _furthest_side(wanted: Garment, found: Garment) -> str:
    """The side of largest error, in widths or heights of the annotated box."""
    box = np.array(wanted.box_in_image)
    sides = np.tile(box[2:] - box[:2], 2)
    off = (np.array(found.box_in_image) - box) / np.maximum(sides, 1e-9)
    worst = int(np.abs(off).argmax())
    length = "height" if worst % 2 else "width"
    too = TOWARDS[worst][int(off[worst] > 0)]
    return f"{SIDES[worst]} {abs(off[worst]):.0%} of its {length} {too}"
