"""The photographs of a workspace that a locator is trained and validated on."""

from collections.abc import Sequence

from tiefvision.errors import BadDataset
from tiefvision.locating.head_training import AnnotatedPhoto
from tiefvision.locating.targets import garments_to_find
from tiefvision.records import Photo
from tiefvision.store.artifact import Artifact


def annotated_photos(
    photos: Sequence[Photo], features: Artifact, categories: Sequence[str]
) -> tuple[list[AnnotatedPhoto], list[AnnotatedPhoto]]:
    """Select the photographs of the training and the validation split that have maps.

    Args:
        photos: all photographs of the workspace.
        features: artifact of stage 2 with the maps.
        categories: categories that the locator has to find.

    Returns:
        Training photographs and validation photographs; those without a garment of the
        categories are included.

    Raises:
        BadDataset: No training photograph shows one of the categories.
    """
    training, validation = (
        [
            AnnotatedPhoto(photo.path, garments_to_find(photo, categories))
            for photo in photos
            if photo.split == split and features.has(f"map/{photo.path}")
        ]
        for split in ("train", "val")
    )
    if not any(photo.garments for photo in training):
        raise BadDataset(
            f"No training photograph shows {' or '.join(categories)}.",
            "Give some photographs the split train in annotations.json.",
        )
    return training, validation
