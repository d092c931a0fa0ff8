"""What a locator is asked to find, of all that is annotated."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from tiefvision.boxes import as_box, union_box
from tiefvision.errors import BadDataset
from tiefvision.records import Garment, Photo

OUTFIT = "outfit"
"""A category of its own: the box around everything that a photograph shows worn."""

ALL = "all"
"""In place of names: every category that enough photographs show."""

LEAST_PHOTOS = 30
"""Training photographs that must show a category of ``ALL``: from fewer nothing is
learnt that holds on others."""


def resolve_categories(wanted: Sequence[str], photos: Sequence[Photo]) -> list[str]:
    """Names of what is to be found.

    Args:
        wanted: Categories, "outfit", and "all" for those of the dataset; all three may
            come together.
        photos: Of the dataset.

    Returns:
        Categories in order, then "outfit" if it is wanted.

    Raises:
        BadDataset: It has no such category, or no boxes at all.
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
    """Categories of garments that enough training photographs show."""
    shown = Counter(
        category
        for photo in photos
        if photo.split == "train"
        for category in {garment.category for garment in photo.garments} - {OUTFIT}
    )
    return [category for category, count in shown.items() if count >= LEAST_PHOTOS]


def garments_to_find(photo: Photo, categories: Sequence[str]) -> tuple[Garment, ...]:
    """The garments of a photograph that a locator of these categories must find."""
    named = set(categories) - {OUTFIT}
    garments = [item for item in photo.garments if item.category in named]
    if OUTFIT in categories and photo.garments:
        boxes = np.array([garment.box_in_image for garment in photo.garments])
        garments.append(Garment(OUTFIT, as_box(union_box(boxes))))
    return tuple(garments)
