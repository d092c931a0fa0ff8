"""The garment for sale: the part of a shop photograph that a catalogue compares."""

from collections.abc import Sequence

from tiefvision.boxes import area, intersection
from tiefvision.groups import OUTFIT
from tiefvision.locating.findings import TellingRules, is_unsure, to_search
from tiefvision.records import Box, Crop, Garment

FILLS = 0.5
"""Least share of the crop that a garment fills to be the one for sale. Legs cut off at
the waist sell trousers; a figure from head to foot sells an outfit."""


def crop_for_sale(
    garments: Sequence[Garment], foreground: Box | None, rules: TellingRules
) -> Crop:
    """Choose the crop of a photograph, and the group of the garment for sale.

    The crop is the foreground before a plain ground; elsewhere the surest outfit, or
    else the surest garment; or the whole photograph if nothing was located.

    Args:
        garments: all located garments with calibrated scores, told or not.
        foreground: box of the foreground, in pixels of the photograph; None if unknown.
        rules: rules that decide which garments are told.
    """
    told = to_search(garments, rules)
    outfits = [garment for garment in told if garment.category == OUTFIT]
    surest = next(iter(outfits or told), None)
    box = foreground or (surest.box_in_image if surest else None)
    if box is None or surest is None:
        return Crop(box)
    sold = _filling(box, [one for one in told if one.category != OUTFIT]) or surest
    return Crop(box, sold.category, sold.score, is_unsure(sold, rules))


def _filling(box: Box, garments: Sequence[Garment]) -> Garment | None:
    """The garment that fills most of a box; None if none fills ``FILLS``."""
    shares = [
        float(intersection(one.box_in_image, box) / area(box)) for one in garments
    ]
    if not shares or max(shares) < FILLS:
        return None
    return garments[shares.index(max(shares))]
