"""Encode every photograph densely, at the sizes that the locator needs.

Reads   photos.lmdb and the files of the photographs
Writes  features.lmdb: map/<path> float16 (C, h, w) for each longer side;
        weights/encoder the weights that made them; skipped/<path> why one was left out
Command make stage-2 ARGS="--encoder alexnet --weights imagenet"
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from tiefvision.encoders.dense import make_encoder
from tiefvision.encoders.weights import IMAGENET, RANDOM
from tiefvision.errors import UnreadablePhoto
from tiefvision.locating.pyramid import Pyramid, encode_levels
from tiefvision.photos.working import open_photo
from tiefvision.workspace.job import Job
from tiefvision.workspace.maps import to_half
from tiefvision.workspace.provenance import file_hash
from tiefvision.workspace.records import photo_path, read_photos

READS = ("photos",)


@dataclass(frozen=True)
class Config:
    """Settings of the stage."""

    encoder: Annotated[str, "alexnet, squeezenet1_1 or mobilenet_v2"] = "alexnet"
    weights: Annotated[str, "imagenet, random, or a safetensors file"] = IMAGENET
    long_sides: Annotated[tuple[int, ...], "px of the longer side, one a level"] = (
        Pyramid.long_sides
    )
    border: Annotated[int, "px added around a photograph", 0] = Pyramid.border


def sources(config: Config) -> dict[str, str]:
    """What is read outside the workspace."""
    path = Path(config.weights)
    if config.weights in (IMAGENET, RANDOM) or not path.is_file():
        return {}
    return {"weights": file_hash(path)}


def run(config: Config, job: Job) -> dict[str, Any]:
    """Encode photograph by photograph, each in a commit of its own."""
    resources = job.resources
    encoder = make_encoder(config.encoder, config.weights, resources.seed)
    encoder.to(resources.device)
    pyramid = Pyramid(config.long_sides, config.border)
    records = job.read("photos")
    photos = read_photos(records)
    with job.write() as writer:
        for photo in resources.track(photos, "encoding photographs", len(photos)):
            key = f"map/{photo.path}"
            if writer.has(key) or writer.has(f"skipped/{photo.path}"):
                continue
            try:
                opened = open_photo(photo_path(records, photo.path))
            except UnreadablePhoto as error:
                writer.write(records={f"skipped/{photo.path}": str(error)})
                continue
            levels = encode_levels(
                encoder, opened.pixels, photo.width, photo.height, pyramid
            )
            pairs = zip(pyramid.long_sides, levels, strict=True)
            maps = {str(side): to_half(level.cells) for side, level in pairs}
            writer.write(tensors={key: maps})
        state = encoder.trunk.state_dict().items()
        weights = {name: np.asarray(tensor.cpu()) for name, tensor in state}
        writer.write(tensors={"weights/encoder": weights})
        header = writer.finish(
            encoder=encoder.identity.to_dict(),
            details={"long_sides": pyramid.long_sides, "border": pyramid.border},
        )
    return {
        "encoder": str(encoder.identity),
        "encoded": header.count.get("map", 0),
        "skipped": header.count.get("skipped", 0),
    }
