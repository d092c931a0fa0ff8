"""The queries of a photograph: its located garments, a given box, or all of it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tiefvision.errors import BadUsage
from tiefvision.groups import OUTFIT
from tiefvision.locating.findings import TellingRules, is_unsure
from tiefvision.records import Box, Garment

LEAST_BOX_SIDE = 8.0
"""Pixels of a box's sides at least: what is smaller shows no garment, and is more
likely in another unit than pixels."""


@dataclass(frozen=True)
class Query:
    """A part of a photograph that is searched for.

    Attributes:
        box_in_image: box in pixels of the photograph after EXIF rotation; None for the
            whole photograph.
        category: category of the garment; "" if unknown.
        note: remark for the user, such as "whole photograph, as asked"; "" for none.
        unsure: whether the box is the surest of those below the score that is reported.
        label: finer name of the garment; "" if unknown.
        label_score: probability that the label is right; None without one.
    """

    box_in_image: Box | None
    category: str
    note: str = ""
    unsure: bool = False
    label: str = ""
    label_score: float | None = None

    @property
    def group(self) -> str:
        """Group of the items to search; "" for all, as for an outfit."""
        return "" if self.category == OUTFIT else self.category


def query_of_box(box_in_image: Box, width: int, height: int, category: str) -> Query:
    """The query of a box given by the user.

    Args:
        box_in_image: box in pixels of the photograph after EXIF rotation.
        width: width of the photograph in pixels.
        height: height of the photograph in pixels.
        category: category given by the user; "" if unknown.

    Raises:
        BadUsage: The box is none, is given in shares of the photograph instead of
            pixels, lies outside, or has less than ``LEAST_BOX_SIDE`` inside.
    """
    try:
        x0, y0, x1, y1 = map(float, box_in_image)
    except (TypeError, ValueError) as error:
        raise BadUsage(f"{box_in_image!r} is not x0, y0, x1, y1.") from error
    box = x0, y0, x1, y1
    if not (-math.inf < x0 < x1 < math.inf and -math.inf < y0 < y1 < math.inf):
        raise BadUsage(f"The box {box} is empty, reversed or endless.")
    if x0 >= width or y0 >= height or x1 <= 0 or y1 <= 0:
        raise BadUsage(
            f"The box {box} lies outside a photograph of {width} x {height} px."
        )
    across, down = min(x1, width) - max(x0, 0), min(y1, height) - max(y0, 0)
    if min(across, down) < LEAST_BOX_SIDE:
        raise BadUsage(
            f"The box {box} covers {across:g} x {down:g} px of a photograph of "
            f"{width} x {height} px, and each side needs at least {LEAST_BOX_SIDE:g}.",
            _in_pixels(box, width, height),
        )
    inside = x0 >= -1 and y0 >= -1 and x1 <= width + 1 and y1 <= height + 1
    note = "box as given" if inside else "box as given, cut at the edge"
    return Query(box, category, note)


def _in_pixels(box: Box, width: int, height: int) -> str:
    """The hint on a box that is too small: the same box as shares, in pixels."""
    if max(box) > 1:
        return "Give pixels: x0, y0, x1, y1."
    x0, x1 = round(box[0] * width), round(box[2] * width)
    y0, y1 = round(box[1] * height), round(box[3] * height)
    return f"These look like shares; in pixels they are {x0},{y0},{x1},{y1}."


def query_of_whole(category: str) -> Query:
    """The query of a whole photograph, if the user asked for it."""
    return Query(None, category, "whole photograph, as asked")


def query_of_text(text: str, category: str) -> Query:
    """The query of a description alone, in the items of a category or all of them."""
    return Query(None, category, f"by the text {text!r}")


def queries_as_asked(
    box_in_image: Box | None, whole: bool, size: tuple[int, int], category: str
) -> list[Query]:
    """The query that somebody gave; [] where garments are to be located.

    Args:
        box_in_image: Pixels of the photograph; None for no box.
        whole: Whether the whole photograph was asked for.
        size: Width and height of the photograph in pixels.
        category: Category as given; "" if unknown.

    Raises:
        BadUsage: The box is none, or lies outside the photograph.
    """
    if box_in_image is not None:
        return [query_of_box(box_in_image, *size, category)]
    return [query_of_whole(category)] if whole else []


def outfits_last(garments: Sequence[Garment]) -> list[Garment]:
    """Garments in the order in which they are searched for."""
    return sorted(garments, key=lambda garment: garment.category == OUTFIT)


def queries_of_garments(
    found: Sequence[Garment], rules: TellingRules, category: str
) -> list[Query]:
    """The queries of located garments.

    Args:
        found: garments to search with, as ``findings.to_search`` returns them.
        rules: rules with the least score of a garment that is reported.
        category: category of the garments to search for; "" for all.

    Returns:
        A query for each garment of the category, outfits last; if there is none, one
        query of the whole photograph.
    """
    queries = [
        _query_of_garment(garment, is_unsure(garment, rules))
        for garment in outfits_last(found)
        if category in ("", garment.category)
    ]
    sought = category or "garment"
    nothing = f"no {sought} found: searched with the whole photograph"
    return queries or [Query(None, "", nothing)]


def _query_of_garment(garment: Garment, unsure: bool) -> Query:
    note = f"{garment.category} with a score of only {garment.score:.2f}"
    return Query(
        garment.box_in_image,
        garment.category,
        note if unsure else "",
        unsure,
        garment.label,
        garment.label_score,
    )
