"""What a locator is asked to find, of all that is annotated."""

from collections.abc import Sequence

import numpy as np

from tiefvision.boxes import as_box, union_box
from tiefvision.errors import BadDataset
from tiefvision.records import Garment, Photo

OUTFIT = "outfit"
"""Instead of categories: the box around everything that a photograph shows worn."""

ALL = "all"
"""Instead of categories: each of the dataset, by its own box."""


def resolve_categories(wanted: Sequence[str], photos: Sequence[Photo]) -> list[str]:
    """Names of what is to be found.

    Args:
        wanted: Categories, or only "outfit", or only "all".
        photos: Of the dataset.

    Raises:
        BadDataset: It has no such category, or no boxes at all.
    """
    known = sorted({garment.category for photo in photos for garment in photo.garments})
    if not known:
        raise BadDataset(
            "No photograph of the dataset has a box, so no locator can be trained.",
            "Add annotations to annotations.json.",
        )
    if list(wanted) == [OUTFIT]:
        return [OUTFIT]
    if list(wanted) == [ALL]:
        return known
    missing = [category for category in wanted if category not in known]
    if missing:
        raise BadDataset(
            f"The dataset has no category {', '.join(missing)}.",
            f"Use {', '.join([*known, OUTFIT, ALL])}.",
        )
    return sorted(set(wanted))


def garments_to_find(photo: Photo, categories: Sequence[str]) -> tuple[Garment, ...]:
    """The garments of a photograph that a locator of these categories must find."""
    if list(categories) != [OUTFIT]:
        return tuple(item for item in photo.garments if item.category in categories)
    if not photo.garments:
        return ()
    boxes = np.array([garment.box_in_image for garment in photo.garments])
    return (Garment(OUTFIT, as_box(union_box(boxes))),)
