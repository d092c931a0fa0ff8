"""Which photographs of a workspace a locator learns from."""

from collections.abc import Sequence

from tiefvision.errors import BadDataset
from tiefvision.locating.targets import garments_to_find
from tiefvision.locating.training import Annotated
from tiefvision.records import Photo
from tiefvision.store.artifact import Artifact


def annotated_photos(
    photos: Sequence[Photo], features: Artifact, categories: Sequence[str]
) -> tuple[list[Annotated], list[Annotated]]:
    """The photographs of the training and of the validation split that have maps.

    Raises:
        BadDataset: None of the training photographs shows one of the categories.
    """
    training, validation = (
        [
            Annotated(photo.path, garments_to_find(photo, categories))
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
