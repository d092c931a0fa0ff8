"""Conversion of photographs, garments, crops and triplets to records of artifacts."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tiefvision.datasets.files import photo_file
from tiefvision.datasets.triplets import read_triplets
from tiefvision.errors import BadDataset, first_reasons
from tiefvision.records import Crop, Garment, Photo, Triplet
from tiefvision.store.artifact import Artifact

logger = logging.getLogger(__name__)


def photo_to_record(photo: Photo) -> dict[str, Any]:
    """A photograph as a record."""
    return asdict(photo)


def record_to_garment(record: dict[str, Any]) -> Garment:
    """A garment from its record."""
    return Garment(**{**record, "box_in_image": tuple(record["box_in_image"])})


def record_to_photo(record: dict[str, Any]) -> Photo:
    """A photograph from its record."""
    garments = tuple(map(record_to_garment, record["garments"]))
    return Photo(**{**record, "garments": garments})


def read_photos(photos: Artifact) -> list[Photo]:
    """The photographs of a dataset, sorted by path."""
    return [record_to_photo(record) for record in photos.records("photo")]


def read_skipped(photos: Artifact) -> list[Photo]:
    """The photographs that stage 1 could not read, sorted by path."""
    return [record_to_photo(record["photo"]) for record in photos.records("skipped")]


def read_judged_triplets(photos: Artifact) -> list[Triplet]:
    """The judged triplets of a dataset, from its triplets.csv."""
    return [Triplet(**record) for record in photos.records("triplet")]


def all_judged(
    records: Artifact, photos: Sequence[Photo], file: Path | None
) -> list[Triplet]:
    """The judged triplets of the dataset, then those of a file, each once.

    Args:
        records: artifact of stage 1.
        photos: all photographs of the dataset. Lines of the file with others are left
            out, with a warning.
        file: further triplets in the format of triplets.csv; None for none.

    Raises:
        BadDataset: The file cannot be read, has another header, or only triplets of
            other photographs.
    """
    own = read_judged_triplets(records)
    if not file:
        return own
    more, problems = read_triplets(file, [photo.path for photo in photos])
    faults = [problem.message for problem in problems]
    if problems and not more:
        raise BadDataset(
            f"{file} has no triplet of photographs of this dataset.",
            "Paths are relative to its images/.",
            reasons=faults,
        )
    for fault in first_reasons(faults):
        logger.warning(fault)
    return list(dict.fromkeys((*own, *more)))


def crop_to_record(crop: Crop) -> dict[str, Any]:
    """A crop as a record."""
    return {
        "box": crop.box_in_image,
        "category": crop.category,
        "score": crop.score,
        "unsure": crop.unsure,
    }


def record_to_crop(record: Mapping[str, Any]) -> Crop:
    """A crop from its record; fields that an earlier release lacked get defaults."""
    box = record["box"]
    return Crop(
        tuple(box) if box else None,
        record["category"],
        record.get("score", 0.0),
        record.get("unsure", False),
    )


def read_crop(crops: Artifact, path: str) -> Crop:
    """The crop of a photograph in an artifact. Raises KeyError if it has none."""
    return record_to_crop(crops.record(f"crop/{path}"))


def photo_path(photos: Artifact, path: str) -> Path:
    """Path of the file of a photograph."""
    return photo_file(Path(photos.header.details["images"]), path)
