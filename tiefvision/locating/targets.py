"""Training targets: which annotated garments a locator has to find."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from tiefvision.boxes import area, as_box, union_box
from tiefvision.errors import BadDataset, BadUsage
from tiefvision.groups import OUTFIT, group_of, label_of
from tiefvision.records import Box, Garment, Photo

ALL = "all"
"""Keyword for every group that at least ``LEAST_PHOTOS`` photographs show."""

LEAST_PHOTOS = 30
"""Training photographs that must show a group to be part of ``ALL``; what is learnt
from fewer does not generalise."""


def resolve_categories(wanted: Sequence[str], photos: Sequence[Photo]) -> list[str]:
    """Resolve the wanted categories to groups of garments in the dataset.

    Args:
        wanted: any mixture of groups, ``OUTFIT`` and ``ALL``.
        photos: photographs of the dataset.

    Returns:
        Sorted groups, followed by ``OUTFIT`` if it is wanted. If no group has enough
        photographs for ``ALL``, it stands for every group.

    Raises:
        BadUsage: The dataset lacks a wanted category.
        BadDataset: It has no boxes at all.
    """
    known = sorted({_group(one) for photo in photos for one in photo.garments})
    known = [group for group in known if group != OUTFIT]
    if not known:
        raise BadDataset(
            "No photograph of the dataset has a box, so no locator can be trained.",
            "Add annotations to annotations.json.",
        )
    missing = [name for name in wanted if name not in (*known, OUTFIT, ALL)]
    if missing:
        raise BadUsage(
            f"The dataset has no category {', '.join(missing)}.",
            f"Use {', '.join([*known, OUTFIT, ALL])}.",
        )
    named = set(wanted) - {OUTFIT, ALL}
    if ALL in wanted:
        named |= set(_common(photos)) or set(known)
    return [*sorted(named), *([OUTFIT] if OUTFIT in wanted else [])]


def _common(photos: Sequence[Photo]) -> list[str]:
    """Groups that at least ``LEAST_PHOTOS`` training photographs show."""
    shown = Counter(
        group
        for photo in photos
        if photo.split == "train"
        for group in {_group(garment) for garment in photo.garments} - {OUTFIT}
    )
    return [group for group, count in shown.items() if count >= LEAST_PHOTOS]


def garments_to_find(photo: Photo, categories: Sequence[str]) -> tuple[Garment, ...]:
    """The garments of a photograph that a locator of these categories has to find.

    Garments of one group that one person wears are one garment, with the box around
    all and the label of the largest: masks of Clothing Co-Parsing do not part them. If
    it is unknown who wears a garment, it stands alone.

    Args:
        photo: photograph with its annotations.
        categories: groups, as ``resolve_categories`` returns them. ``OUTFIT`` adds the
            box around all garments of each person, or of the photograph if nobody knows
            who wears them.
    """
    worn: dict[tuple[str, str], list[Garment]] = {}
    for number, garment in enumerate(photo.garments):
        key = garment.person or f"#{number}", _group(garment)
        worn.setdefault(key, []).append(garment)
    garments = [
        _joined(group, them) for (_, group), them in worn.items() if group in categories
    ]
    if OUTFIT in categories:
        of_person: dict[str, list[Garment]] = {}
        for garment in photo.garments:
            of_person.setdefault(garment.person, []).append(garment)
        garments += [Garment(OUTFIT, _box_around(them)) for them in of_person.values()]
    return tuple(garments)


def _group(garment: Garment) -> str:
    return group_of(garment.category, garment.group)


def _joined(group: str, garments: Sequence[Garment]) -> Garment:
    """One garment of a group for those that one person wears."""
    largest = max(garments, key=lambda garment: float(area(garment.box_in_image)))
    label = label_of(largest.category)
    return Garment(group, _box_around(garments), label=label)


def _box_around(garments: Sequence[Garment]) -> Box:
    return as_box(union_box(np.array([one.box_in_image for one in garments])))
