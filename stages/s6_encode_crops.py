"""Encode the crop of every located garment, and its mirror image.

Its encoder need not be the locator's: crops are encoded anew from their pixels.

Reads   photos.lmdb, locations.lmdb, the photographs
Writes  crops.lmdb: map/<path> float16 (C, h, w) of unit cells, "map" and "mirror";
        crop/<path> the box, null where nothing was found and the whole one is taken,
        "unsure" where it was not told;
        weights/encoder the weights that made them; skipped/<path> why one was left out
Command make stage-6 ARGS="--encoder alexnet --weights shipped"
"""

from dataclasses import dataclass
from typing import Annotated, Any

from tiefvision.encoders.precision import AUTO
from tiefvision.encoders.weights import SHIPPED
from tiefvision.errors import UnreadablePhoto
from tiefvision.photos.working import open_photos
from tiefvision.ranking.crops import CropRules, encode_garment
from tiefvision.workspace.encoding import (
    DEFAULT_ENCODER,
    EncoderName,
    PrecisionName,
    WeightsSource,
    keep_encoder,
    stage_encoder,
    weights_sources,
)
from tiefvision.workspace.job import Job
from tiefvision.workspace.maps import to_half
from tiefvision.workspace.records import garment_to_search, photo_path, read_photos

READS = ("photos", "locations")


@dataclass(frozen=True)
class Config:
    """Settings of the stage."""

    encoder: EncoderName = DEFAULT_ENCODER
    weights: WeightsSource = SHIPPED
    precision: PrecisionName = AUTO
    grid: Annotated[int, "cells on a side of a map; 0 for the encoder's own", 0] = (
        CropRules.grid
    )


def sources(config: Config) -> dict[str, str]:
    """What is read outside the workspace."""
    return weights_sources(config.encoder, config.weights)


def run(config: Config, job: Job) -> dict[str, Any]:
    """Encode crop by crop, each in a commit of its own."""
    records, locations = job.read("photos"), job.read("locations")
    encoder = stage_encoder(
        config.encoder, config.weights, config.precision, job.resources
    )
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
            surest, unsure = garment_to_search(locations, photo.path)
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
                        "unsure": unsure,
                    }
                },
            )
        keep_encoder(writer, encoder)
        header = writer.finish(
            encoder=encoder.identity.to_dict(), details={"grid": rules.grid}
        )
    return {
        "encoder": str(encoder.identity),
        "crops": header.count.get("map", 0),
        "skipped": header.count.get("skipped", 0),
    }
