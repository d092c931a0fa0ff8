"""Encode every photograph densely, at several sizes, with the locator's encoder.

Reads   photos.lmdb and the files of the photographs
Writes  features.lmdb: map/<path> float16 (C, h, w) for each longer side;
        weights/encoder the weights of the encoder, and of the heads that were trained
        with it, if there are any; foreground/<path> the box of what stands before a
        plain ground, or null; made/<path> the records of pictures made to learn from,
        whose maps are stored like those of photographs; skipped/<path> why a photograph
        was left out
Command make stage-2 ARGS="--encoder alexnet --weights locator"
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from tiefvision.augmenting.scenes import Scene
from tiefvision.datasets.masks import read_foreground
from tiefvision.encoders.architectures import LOCATOR_ENCODER
from tiefvision.encoders.dense import DenseEncoder
from tiefvision.engines.formats import AUTO
from tiefvision.errors import UnreadablePhoto
from tiefvision.locating.foreground import foreground_of
from tiefvision.locating.pyramid import Pyramid, encode_levels
from tiefvision.photos.working import WorkingPhoto, open_photo, open_photos
from tiefvision.records import Photo
from tiefvision.store.artifact import Artifact
from tiefvision.tuning.made import made_pictures, scene_of
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
    keep_garment_cells,
    stage_encoder,
    weights_sources,
)
from tiefvision.workspace.job import Job
from tiefvision.workspace.maps import to_half
from tiefvision.workspace.records import photo_path, photo_to_record, read_photos

VERSION = 3
READS = ("photos",)


@dataclass(frozen=True)
class Config:
    """Settings of the stage."""

    encoder: EncoderName = LOCATOR_ENCODER
    weights: WeightsSource = LOCATOR
    long_sides: Annotated[
        tuple[int, ...], "px of the longer side, for each level", 16, 4096
    ] = Pyramid.long_sides
    precision: PrecisionName = AUTO
    border: Annotated[int, "px of border around a photograph", 0, 1024] = Pyramid.border
    made: Annotated[
        int, "pictures to paint without garments; 0: make none, no close-ups either", 0
    ] = 96


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
            writer.write(*_encoded(photo, opened, encoder, pyramid))
        for photo, pixels in made_pictures(
            photos, partial(_open_scene, records), config.made, resources.seed
        ):
            if not writer.has(f"map/{photo.path}"):
                opened = WorkingPhoto(pixels, photo.width, photo.height)
                tensors, found = _encoded(photo, opened, encoder, pyramid)
                writer.write(
                    tensors, found | {f"made/{photo.path}": photo_to_record(photo)}
                )
        keep_encoder(writer, encoder)
        keep_garment_cells(writer, config.encoder, config.weights)
        keep_heads(writer, heads)
        header = writer.finish(
            encoder=encoder.identity.to_dict(),
            details={"long_sides": pyramid.long_sides, "border": pyramid.border},
        )
    return {
        "encoder": str(encoder.identity),
        "encoded": header.count.get("map", 0) - header.count.get("made", 0),
        "made": header.count.get("made", 0),
        "skipped": header.count.get("skipped", 0),
    }


def _encoded(
    photo: Photo, opened: WorkingPhoto, encoder: DenseEncoder, pyramid: Pyramid
) -> tuple[dict[str, Mapping[str, Any]], dict[str, Any]]:
    """The tensors and records that the artifact holds of a photograph, by key."""
    levels = encode_levels(encoder, opened.pixels, photo.width, photo.height, pyramid)
    sides = pyramid.sides_for(photo.width, photo.height)
    maps = {
        str(side): to_half(level.cells)
        for side, level in zip(sides, levels, strict=True)
    }
    foreground = {f"foreground/{photo.path}": foreground_of(opened)}
    return {f"map/{photo.path}": maps}, foreground


def _open_scene(records: Artifact, photo: Photo) -> Scene | None:
    """A photograph with its foreground and garments; None if it cannot be read."""
    try:
        opened = open_photo(photo_path(records, photo.path))
    except UnreadablePhoto:
        return None
    root = Path(records.header.details["root"])
    height, width = opened.pixels.shape[:2]
    garments = tuple(
        replace(one, box_in_image=opened.box_in_pixels(one.box_in_image))
        for one in photo.garments
    )
    foreground = read_foreground(root, photo.path, (width, height))
    return scene_of(opened.pixels, foreground, garments)
