"""The same queries by other boxes: what locating costs a search, and what it wins."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import torch

from tiefvision.encoders.architectures import CROP_SIDE
from tiefvision.encoders.dense import DenseEncoder
from tiefvision.errors import UnreadablePhoto
from tiefvision.locating.targets import OUTFIT, garments_to_find
from tiefvision.photos.resizing import mirror_photo
from tiefvision.photos.working import open_photo
from tiefvision.ranking.crops import CropRules, crop_garment, describe_crop
from tiefvision.ranking.garments import (
    GarmentBatch,
    Garments,
    GarmentsOf,
    join_garments,
)
from tiefvision.ranking.histogram import lab_histogram
from tiefvision.ranking.triplets import View
from tiefvision.records import Box, Photo
from tiefvision.store.artifact import Artifact
from tiefvision.workspace.encoding import read_encoder
from tiefvision.workspace.records import photo_path, read_photos

TRUE, WHOLE = "true", "whole"

BLOCKS_KEPT = 4
"""Blocks of encoded queries that are kept for the next ranker, 90 MB each."""


def query_garments(
    records: Artifact, crops: Artifact, device: torch.device
) -> dict[str, GarmentsOf]:
    """Functions that encode the crops of queries by ``TRUE`` boxes, and ``WHOLE``.

    Args:
        records: Of stage 1.
        crops: Of stage 6, with the encoder that made them.
        device: Where it runs.
    """
    encoder, rules = (
        read_encoder(crops, device),
        CropRules(crops.header.details["grid"]),
    )
    return {
        kind: _maps_by_boxes(records, boxes, encoder, rules, device)
        for kind, boxes in _boxes_of_queries(read_photos(records)).items()
    }


def _boxes_of_queries(photos: Sequence[Photo]) -> dict[str, dict[str, Box | None]]:
    """By name, the box of each photograph; None for all of it.

    The true box is the outfit's; a photograph without one is taken whole.
    """
    true: dict[str, Box | None] = {}
    for photo in photos:
        outfits = garments_to_find(photo, [OUTFIT])
        true[photo.path] = outfits[0].box_in_image if outfits else None
    whole: dict[str, Box | None] = {photo.path: None for photo in photos}
    return {TRUE: true, WHOLE: whole}


def _maps_by_boxes(
    records: Artifact,
    boxes: Mapping[str, Box | None],
    encoder: DenseEncoder,
    rules: CropRules,
    device: torch.device,
) -> GarmentsOf:
    """A function that encodes views by these boxes, as stage 6 does by those found.

    A photograph that has gone since is a map of zeros, which is like nothing.
    """

    def garment_of(view: View) -> GarmentBatch:
        try:
            photo = open_photo(photo_path(records, view.path))
        except UnreadablePhoto:
            return _nothing(encoder, rules)
        box = boxes[view.path]
        placed = photo.box_in_pixels(box) if box else None
        crop = crop_garment(photo.pixels, placed)
        return describe_crop(
            encoder, mirror_photo(crop) if view.mirrored else crop, rules
        )

    # Rankers ask for the same queries one after the other: their photographs are
    # decoded and encoded once for all of them, as long as few blocks hold them.
    @lru_cache(maxsize=BLOCKS_KEPT)
    def block_of(views: tuple[View, ...]) -> Garments:
        return join_garments([garment_of(view) for view in views], device)

    return lambda views: block_of(tuple(views))


def _nothing(encoder: DenseEncoder, rules: CropRules) -> GarmentBatch:
    """What is there of a photograph that cannot be read: no cell, and no colour."""
    black = np.zeros((CROP_SIDE, CROP_SIDE, 3), dtype=np.uint8)
    side = rules.grid or encoder.architecture.window
    return GarmentBatch(
        torch.zeros(1, encoder.architecture.channels, side, side),
        torch.zeros(1, len(lab_histogram(black))),
        black[None],
    )
