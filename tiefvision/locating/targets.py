"""Training targets: which annotated garments a locator has to find."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from tiefvision.boxes import as_box, union_box
from tiefvision.errors import BadDataset
from tiefvision.records import Garment, Photo

OUTFIT = "outfit"
"""Category of the box around all garments of a photograph."""

ALL = "all"
"""Keyword for every category that at least ``LEAST_PHOTOS`` photographs show."""

LEAST_PHOTOS = 30
"""Training photographs that must show a category to be part of ``ALL``; what is learnt
from fewer does not generalise."""


def resolve_categories(wanted: Sequence[str], photos: Sequence[Photo]) -> list[str]:
    """Resolve the wanted categories to names of the dataset.

    Args:
        wanted: any mixture of category names, ``OUTFIT`` and ``ALL``.
        photos: photographs of the dataset.

    Returns:
        Sorted category names, followed by ``OUTFIT`` if it is wanted. If no category
        has enough photographs for ``ALL``, it stands for every category.

    Raises:
        BadDataset: The dataset lacks a wanted category, or has no boxes at all.
    """
    known = sorted(
        {garment.category for photo in photos for garment in photo.garments} - {OUTFIT}
    )
    if not known:
        raise BadDataset(
            "No photograph of the dataset has a box, so no locator can be trained.",
            "Add annotations to annotations.json.",
        )
    missing = [name for name in wanted if name not in (*known, OUTFIT, ALL)]
    if missing:
        raise BadDataset(
            f"The dataset has no category {', '.join(missing)}.",
            f"Use {', '.join([*known, OUTFIT, ALL])}.",
        )
    named = set(wanted) - {OUTFIT, ALL}
    if ALL in wanted:
        named |= set(_common(photos)) or set(known)
    return [*sorted(named), *([OUTFIT] if OUTFIT in wanted else [])]


def _common(photos: Sequence[Photo]) -> list[str]:
    """Categories that at least ``LEAST_PHOTOS`` training photographs show."""
    shown = Counter(
        category
        for photo in photos
        if photo.split == "train"
        for category in {garment.category for garment in photo.garments} - {OUTFIT}
    )
    return [category for category, count in shown.items() if count >= LEAST_PHOTOS]


def garments_to_find(photo: Photo, categories: Sequence[str]) -> tuple[Garment, ...]:
    """The garments of a photograph that a locator of these categories has to find.

    ``OUTFIT`` among the categories adds a garment with the box around all garments.
    """
    named = set(categories) - {OUTFIT}
    garments = [item for item in photo.garments if item.category in named]
    if OUTFIT in categories and photo.garments:
        boxes = np.array([garment.box_in_image for garment in photo.garments])
        garments.append(Garment(OUTFIT, as_box(union_box(boxes))))
    return tuple(garments)
