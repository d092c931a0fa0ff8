"""Encode the crop of every located garment: as it is, mirrored, altered, close up.

The encoder need not be that of the locator: crops are encoded again from their pixels.

Reads   photos.lmdb, locations.lmdb unless whole photographs are wanted, the photographs
Writes  crops.lmdb: map/<path> float16 (C, h, w) of unit cells for each view: "crop",
        "mirror", "altered1", "closeup1" and so on; colours/<path> float16 (K,) and
        pixels/<path>, a PNG file as uint8 (n,), for each view but mirror images;
        crop/<path> the box (null for the whole photograph, if nothing was located),
        category, score, and "unsure", whether the score is below the least one
        reported; weights/encoder the weights of the encoder; skipped/<path> why a
        photograph was left out
Command make stage-6 ARGS="--encoder efficientnet_lite0 --weights shipped"
        make stage-6 ARGS="--boxes whole"
"""

from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any, Literal

from tiefvision.augmenting.alterations import ALTERED
from tiefvision.catalogue.describing import Describer, write_described
from tiefvision.catalogue.garment_views import ViewMaker
from tiefvision.encoders.architectures import GARMENT_ENCODER
from tiefvision.engines.formats import AUTO
from tiefvision.photos.working import WorkingPhoto
from tiefvision.ranking.crops import CLOSEUPS, GRID, SQUARE, CropRules
from tiefvision.records import Crop
from tiefvision.weights import SHIPPED
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
from tiefvision.workspace.records import photo_path, read_crop, read_photos

Boxes = Literal["located", "whole"]

VERSION = 4
READS = ("photos", "locations")


@dataclass(frozen=True)
class Config:
    """Settings of the stage."""

    encoder: EncoderName = GARMENT_ENCODER
    weights: WeightsSource = SHIPPED
    precision: PrecisionName = AUTO
    grid: Annotated[
        int, "cells along a side of a map; 0: the encoder's own grid", 0
    ] = GRID
    square: Annotated[
        float, "share of the way to a square by which a box is widened", 0, 1
    ] = SQUARE
    alterations: Annotated[int, "altered views of each photograph", 0] = 4
    closeups: Annotated[
        int, "close-ups of each crop that queries are compared to", 0, len(CLOSEUPS)
    ] = len(CLOSEUPS)
    boxes: Annotated[
        Boxes, "what to crop: the located box, or the whole photograph"
    ] = "located"
    perspective: Annotated[
        float, "largest shift of their corners, as a share of the side", 0, 0.4
    ] = ALTERED.perspective


def reads(config: Config) -> tuple[str, ...]:
    """Artifacts that the stage reads; whole photographs need no locator."""
    return READS[:1] if config.boxes == "whole" else READS


def sources(config: Config) -> dict[str, str]:
    """Digests of the files that the stage reads outside the workspace."""
    return weights_sources(config.encoder, config.weights)


def run(config: Config, job: Job) -> dict[str, Any]:
    """Encode the crops; each is written in a commit of its own."""
    records = job.read("photos")
    locations = None if config.boxes == "whole" else job.read("locations")
    encoder = stage_encoder(
        config.encoder, config.weights, config.precision, job.resources
    )
    files = {
        photo.path: photo_path(records, photo.path)
        for photo in read_photos(records)
        if locations is None or locations.has(f"found/{photo.path}")
    }
    maker = ViewMaker(
        records,
        list(files),
        config.alterations,
        job.resources.seed,
        replace(ALTERED, perspective=config.perspective),
    )

    def choose(path: str, photo: WorkingPhoto) -> Crop:
        return Crop(None) if locations is None else read_crop(locations, path)

    rules = CropRules(config.grid, config.square, config.closeups)
    describer = Describer(encoder, rules, choose, views=maker.views)
    with job.write() as writer:
        track = job.resources.track
        write_described(writer, describer, files, track, "encoding crops")
        keep_encoder(writer, encoder)
        keep_garment_cells(writer, config.encoder, config.weights)
        header = writer.finish(
            encoder=encoder.identity.to_dict(),
            details=asdict(rules)
            | {"alterations": config.alterations, "boxes": config.boxes},
        )
    return {
        "encoder": str(encoder.identity),
        "crops": header.count.get("map", 0),
        "skipped": header.count.get("skipped", 0),
    }
