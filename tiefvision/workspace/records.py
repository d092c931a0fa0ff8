"""Photographs, garments and triplets as the records of an artifact."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from tiefvision.datasets.files import photo_file
from tiefvision.records import Garment, Photo, Triplet
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


def garment_to_search(locations: Artifact, path: str) -> tuple[Garment | None, bool]:
    """The surest garment of a photograph, if there is one, and whether it is unsure."""
    found = locations.record(f"found/{path}")
    if found:
        return record_to_garment(found[0]), False
    key = f"unsure/{path}"
    if locations.has(key):
        return record_to_garment(locations.record(key)), True
    return None, False


def photo_path(photos: Artifact, path: str) -> Path:
    """Where the file of a photograph lies."""
    return photo_file(Path(photos.header.details["images"]), path)
