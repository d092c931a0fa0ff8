"""Encode every photograph densely, at several sizes, with the locator's encoder.

Reads   photos.lmdb and the files of the photographs
Writes  features.lmdb: map/<path> float16 (C, h, w) for each longer side;
        weights/encoder the weights of the encoder, and of the heads that were trained
        with it, if there are any; skipped/<path> why a photograph was left out
Command make stage-2 ARGS="--encoder alexnet --weights locator"
"""

from dataclasses import dataclass
from typing import Annotated, Any

from tiefvision.encoders.architectures import LOCATOR_ENCODER
from tiefvision.engines.formats import AUTO
from tiefvision.errors import UnreadablePhoto
from tiefvision.locating.pyramid import Pyramid, encode_levels
from tiefvision.photos.working import open_photos
from tiefvision.tuning.starting import (
    heads_file,
    heads_sources,
    keep_heads,
    read_heads,
)
from tiefvision.weights import LOCATOR
from tiefvision.workspace.encoding import (
    EncoderName,
    PrecisionName,
    WeightsSource,
    keep_encoder,
    stage_encoder,
    weights_sources,
)
from tiefvision.workspace.job import Job
from tiefvision.workspace.maps import to_half
from tiefvision.workspace.records import photo_path, read_photos

VERSION = 2
READS = ("photos",)


@dataclass(frozen=True)
class Config:
    """Settings of the stage."""

    encoder: EncoderName = LOCATOR_ENCODER
    weights: WeightsSource = LOCATOR
    long_sides: Annotated[tuple[int, ...], "px of the longer side, for each level"] = (
        Pyramid.long_sides
    )
    precision: PrecisionName = AUTO
    border: Annotated[int, "px of border around a photograph", 0] = Pyramid.border


def sources(config: Config) -> dict[str, str]:
    """Digests of the files that the stage reads outside the workspace."""
    encoder, weights = config.encoder, config.weights
    return weights_sources(encoder, weights) | heads_sources(encoder, weights)


def run(config: Config, job: Job) -> dict[str, Any]:
    """Encode the photographs; each is written in a commit of its own."""
    resources = job.resources
    encoder = stage_encoder(config.encoder, config.weights, config.precision, resources)
    pyramid = Pyramid(config.long_sides, config.border)
    records = job.read("photos")
    photos = read_photos(records)
    beside = heads_file(config.encoder, config.weights)
    heads = read_heads(beside, encoder.identity) if beside else None
    with job.write() as writer:
        left = [
            photo
            for photo in photos
            if not writer.has(f"map/{photo.path}")
            and not writer.has(f"skipped/{photo.path}")
        ]
        files = (photo_path(records, photo.path) for photo in left)
        pairs = zip(left, open_photos(files), strict=True)
        for photo, opened in resources.track(pairs, "encoding photographs", len(left)):
            if isinstance(opened, UnreadablePhoto):
                writer.write(records={f"skipped/{photo.path}": str(opened)})
                continue
            levels = encode_levels(
                encoder, opened.pixels, photo.width, photo.height, pyramid
            )
            maps = {
                str(side): to_half(level.cells)
                for side, level in zip(pyramid.long_sides, levels, strict=True)
            }
            writer.write(tensors={f"map/{photo.path}": maps})
        keep_encoder(writer, encoder)
        keep_heads(writer, heads)
        header = writer.finish(
            encoder=encoder.identity.to_dict(),
            details={"long_sides": pyramid.long_sides, "border": pyramid.border},
        )
    return {
        "encoder": str(encoder.identity),
        "encoded": header.count.get("map", 0),
        "skipped": header.count.get("skipped", 0),
    }
