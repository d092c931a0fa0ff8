"""Photographs, garments and triplets as the records of an artifact."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tiefvision.datasets.files import photo_file
from tiefvision.records import Crop, Garment, Photo, Triplet
from tiefvision.store.artifact import Artifact


def photo_to_record(photo: Photo) -> dict[str, Any]:
    """A photograph as JSON."""
    return asdict(photo)


def record_to_garment(record: dict[str, Any]) -> Garment:
    """A garment from JSON."""
    return Garment(record["category"], tuple(record["box_in_image"]), record["score"])


def record_to_photo(record: dict[str, Any]) -> Photo:
    """A photograph from JSON."""
    garments = tuple(map(record_to_garment, record["garments"]))
    return Photo(**{**record, "garments": garments})


def read_photos(photos: Artifact) -> list[Photo]:
    """The photographs of a dataset, by path."""
    return [record_to_photo(record) for record in photos.records("photo")]


def read_skipped(photos: Artifact) -> list[Photo]:
    """The photographs of a dataset that stage 1 could not read, by path."""
    return [record_to_photo(record["photo"]) for record in photos.records("skipped")]


def read_judged_triplets(photos: Artifact) -> list[Triplet]:
    """The triplets of a dataset's file."""
    return [Triplet(**record) for record in photos.records("triplet")]


def crop_to_record(crop: Crop) -> dict[str, Any]:
    """A crop as JSON."""
    return {
        "box": crop.box_in_image,
        "category": crop.category,
        "score": crop.score,
        "unsure": crop.unsure,
    }


def record_to_crop(record: Mapping[str, Any]) -> Crop:
    """A crop from JSON; what an earlier release did not write is as by default."""
    box = record["box"]
    return Crop(
        tuple(box) if box else None,
        record["category"],
        record.get("score", 0.0),
        record.get("unsure", False),
    )


def read_crop(crops: Artifact, path: str) -> Crop:
    """What of a photograph an artifact holds the crop of. Raises KeyError."""
    return record_to_crop(crops.record(f"crop/{path}"))


def located_crop(locations: Artifact, path: str) -> Crop:
    """What stage 5 found to search with in a photograph; all of it if nothing."""
    found = locations.record(f"found/{path}")
    if found:
        return _crop_of(record_to_garment(found[0]), unsure=False)
    key = f"unsure/{path}"
    if locations.has(key):
        return _crop_of(record_to_garment(locations.record(key)), unsure=True)
    return Crop(None)


def _crop_of(garment: Garment, *, unsure: bool) -> Crop:
    return Crop(garment.box_in_image, garment.category, garment.score, unsure)


def photo_path(photos: Artifact, path: str) -> Path:
    """Where the file of a photograph lies."""
    return photo_file(Path(photos.header.details["images"]), path)
