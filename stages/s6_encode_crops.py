"""Encode the crop of every located garment, and its mirror image.

Reads   photos.lmdb, features.lmdb (its encoder), locations.lmdb, the photographs
Writes  crops.lmdb: map/<path> float16 (C, h, w) of unit cells, "map" and "mirror";
        crop/<path> the box, null where nothing was found and the whole one is taken;
        skipped/<path> why one was left out
Command make stage-6
"""

from dataclasses import dataclass
from typing import Annotated, Any

from tiefvision.errors import UnreadablePhoto
from tiefvision.photos.working import open_photos
from tiefvision.ranking.crops import CropRules, encode_garment
from tiefvision.workspace.job import Job, require_same_encoder
from tiefvision.workspace.maps import to_half
from tiefvision.workspace.networks import read_encoder
from tiefvision.workspace.records import photo_path, read_photos, record_to_garment

READS = ("photos", "features", "locations")


@dataclass(frozen=True)
class Config:
    """Settings of the stage."""

    grid: Annotated[int, "cells on a side of a map; 0 for the encoder's own", 0] = (
        CropRules.grid
    )


def run(config: Config, job: Job) -> dict[str, Any]:
    """Encode crop by crop, each in a commit of its own."""
    records, features = job.read("photos"), job.read("features")
    locations = job.read("locations")
    identity = require_same_encoder(features, locations)
    encoder = read_encoder(features, job.resources.device)
    rules = CropRules(config.grid)
    photos = [
        photo for photo in read_photos(records) if locations.has(f"found/{photo.path}")
    ]
    with job.write() as writer:
        left = [photo for photo in photos if not writer.has(f"crop/{photo.path}")]
        files = (photo_path(records, photo.path) for photo in left)
        pairs = zip(left, open_photos(files), strict=True)
        for photo, opened in job.resources.track(pairs, "encoding crops", len(left)):
            if isinstance(opened, UnreadablePhoto):
                writer.write(records={f"skipped/{photo.path}": str(opened)})
                continue
            found = map(record_to_garment, locations.record(f"found/{photo.path}"))
            surest = next(found, None)
            box = opened.box_in_pixels(surest.box_in_image) if surest else None
            plain, mirror = encode_garment(encoder, opened.pixels, box, rules)
            writer.write(
                tensors={
                    f"map/{photo.path}": {
                        "map": to_half(plain),
                        "mirror": to_half(mirror),
                    }
                },
                records={
                    f"crop/{photo.path}": {
                        "box": surest.box_in_image if surest else None,
                        "category": surest.category if surest else "",
                        "score": surest.score if surest else 0.0,
                    }
                },
            )
        header = writer.finish(encoder=identity, details={"grid": rules.grid})
    return {
        "crops": header.count.get("map", 0),
        "skipped": header.count.get("skipped", 0),
    }
