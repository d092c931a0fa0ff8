"""What can be saved: boxes within the photograph, names that can be read again."""

from dataclasses import replace

from tiefvision import boxes
from tiefvision.datasets.entries import is_text
from tiefvision.errors import BadUsage
from tiefvision.groups import GROUPS, OUTFIT, group_of
from tiefvision.labels.records import DEFAULT_WHO, Judgement, PhotoLabel
from tiefvision.records import Box, Garment, Photo

MOST_BOXES = 100
"""Boxes of one photograph; nobody wears as much."""

MOST_LETTERS = 60
"""Characters of a group, a name of a garment, or the name of a person."""

DIGITS = 2
"""Digits behind the point that are kept of a pixel: a box is then the same after it was
written as COCO, with its width, and read again."""

LEAST_SIDE = 1.0
"""Pixels of the shorter side of a box."""

SLACK = 1.0
"""Pixels by which a box may leave the photograph, as rounding does; it is clipped."""


def checked_label(label: PhotoLabel) -> PhotoLabel:
    """The label as it is saved: names trimmed, boxes clipped by rounding errors.

    Raises:
        BadUsage: A box is none or lies outside, a name cannot be kept, there are
            too many boxes, or boxes and state contradict each other.
    """
    garments = label.garments
    if (label.state == "boxes") != bool(garments):
        raise BadUsage(
            f"A photograph that is saved as {label.state!r} has {len(garments)} boxes.",
            'Draw one, or save the photograph as "nothing" or "skipped".',
        )
    if len(garments) > MOST_BOXES:
        raise BadUsage(
            f"{len(garments)} boxes are too many for one photograph.",
            f"Use at most {MOST_BOXES}.",
        )
    photo = label.photo.photo
    return replace(
        label,
        garments=tuple(
            checked_garment(garment, photo, number)
            for number, garment in enumerate(garments, start=1)
        ),
        who=checked_who(label.who),
    )


def checked_judgement(judgement: Judgement) -> Judgement:
    """The judgement as it is saved.

    Raises:
        BadUsage: The further photograph is also the closer one or the reference.
    """
    reference, closer, further = judgement.keys
    if further in (reference, closer):
        raise BadUsage(
            f"{further[1]} cannot be further away than itself.",
            "Choose two different photographs beside the reference.",
        )
    return replace(judgement, who=checked_who(judgement.who))


def checked_who(who: str) -> str:
    """The name of a person, trimmed. Raises BadUsage."""
    return checked_text("The name of the person", who) or DEFAULT_WHO


def checked_garment(garment: Garment, photo: Photo, number: int) -> Garment:
    """A garment as a person labels it. Raises BadUsage.

    Args:
        garment: group as category, name as label, box in pixels of the photograph.
        photo: the photograph, for its size.
        number: number of the box in messages, from 1.
    """
    group = checked_text(f"The group of box {number}", garment.category)
    name = checked_text(f"The name of box {number}", garment.label)
    if not group:
        raise BadUsage(f"Box {number} has no group.", f"Use {_known()}.")
    if name == group:
        name = ""
    if group not in (*GROUPS, OUTFIT) and group_of(group) != group:
        # A name where a group belongs: "Skirt" is one of lower.
        group, name = group_of(group), name or group
    if name and group not in GROUPS:
        raise BadUsage(
            f"Box {number} is of group {group} and has the name {name!r}, which COCO "
            "cannot tell apart.",
            f"Only garments of {', '.join(GROUPS)} have names.",
        )
    if name in (*GROUPS, OUTFIT):
        raise BadUsage(
            f"Box {number} of group {group} is called {name!r}, which is a group.",
            "Use the name of a garment, or none.",
        )
    box = _checked_box(garment, photo, number)
    return Garment(group, box, label=name)


def checked_text(what: str, text: str) -> str:
    """A name without spaces around it. Raises BadUsage where it cannot be kept."""
    trimmed = " ".join(text.split())
    if len(trimmed) > MOST_LETTERS:
        raise BadUsage(
            f"{what} has {len(trimmed)} characters.", f"Use at most {MOST_LETTERS}."
        )
    if not is_text(trimmed) or not trimmed.isprintable():
        raise BadUsage(f"{what} holds a character that is not text.")
    return trimmed


def _checked_box(garment: Garment, photo: Photo, number: int) -> Box:
    box = garment.box_in_image
    x0, y0, x1, y1 = box
    within = (
        x0 >= -SLACK
        and y0 >= -SLACK
        and x1 <= photo.width + SLACK
        and y1 <= photo.height + SLACK
    )
    inside = boxes.clip_to_image(box, photo.width, photo.height)
    clipped = boxes.as_box(inside.round(DIGITS))
    shorter = min(clipped[2] - clipped[0], clipped[3] - clipped[1])
    if not within or not shorter >= LEAST_SIDE:  # also refuses nan
        shown = ", ".join(f"{value:g}" for value in box)
        raise BadUsage(
            f"Box {number} ({shown}) is no box within {photo.width} x {photo.height} "
            "pixels.",
            "Give x0, y0, x1, y1 with x0 < x1 and y0 < y1.",
        )
    return clipped


def _known() -> str:
    return ", ".join((OUTFIT, *GROUPS))
