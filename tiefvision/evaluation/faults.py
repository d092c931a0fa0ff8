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
    return sorted(known, key=lambda located: _found_worst(located)[0])


def describe_fault(located: Located) -> str:
    """The garment that was found worst, and which side of its box is furthest off.

    Args:
        located: A photograph with something to find.
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
    """What a wanted garment was found as, and the IoU of the two.

    That is the one of its own category that overlaps it most, whether it does so or
    not. Only where there is none it was perhaps taken for another one: the one that
    overlaps it most, and None if none does.
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
    """The wanted garment found with the least overlap, and what it was found as."""
    pairs = [
        (wanted, *closest_found(wanted, located.found)) for wanted in located.wanted
    ]
    wanted, overlap, found = min(pairs, key=lambda pair: pair[1])
    return overlap, wanted, found


def _furthest_side(wanted: Garment, found: Garment) -> str:
    box = np.array(wanted.box_in_image)
    sides = np.tile(box[2:] - box[:2], 2)
    off = (np.array(found.box_in_image) - box) / np.maximum(sides, 1e-9)
    worst = int(np.abs(off).argmax())
    length = "height" if worst % 2 else "width"
    too = TOWARDS[worst][int(off[worst] > 0)]
    return f"{SIDES[worst]} {abs(off[worst]):.0%} of its {length} {too}"
