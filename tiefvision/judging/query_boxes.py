"""The same queries by other boxes: what locating costs a search, and what it wins."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

from tiefvision.catalogue.describing import Describer
from tiefvision.encoders.architectures import CROP_SIDE
from tiefvision.encoders.dense import DenseEncoder
from tiefvision.errors import UnreadablePhoto
from tiefvision.judging.boxes import TRUE, WHOLE
from tiefvision.locating.targets import OUTFIT, garments_to_find
from tiefvision.photos.working import open_photo
from tiefvision.ranking.colours.histogram import lab_bins
from tiefvision.ranking.crops import CropRules
from tiefvision.ranking.garments import GarmentBatch, Garments, join_garments
from tiefvision.records import Box, Photo, View
from tiefvision.store.artifact import Artifact
from tiefvision.workspace.encoding import read_encoder
from tiefvision.workspace.records import photo_path, read_photos

BLOCKS_KEPT = 4
"""Blocks of encoded queries that are kept for the next ranker."""

BLOCK_BYTES = 90_000_000
"""Of one at most: 256 maps of 256 channels by 11x11 cells, colours and pixels."""


class BoxedQueries:
    """A function that encodes views by given boxes, as stage 6 does by those found.

    A photograph that has gone since is a map of zeros, which is like nothing: whoever
    makes figures of it counts it as a miss, by ``gone``.

    Args:
        records: Of stage 1.
        boxes: Of each photograph; None for all of it.
        encoder: Of the crops.
        rules: How garments become maps.
        device: Where the encoder runs.
    """

    def __init__(
        self,
        records: Artifact,
        boxes: Mapping[str, Box | None],
        encoder: DenseEncoder,
        rules: CropRules,
        device: torch.device,
    ) -> None:
        self._records, self._boxes = records, boxes
        self._encoder, self._rules, self._device = encoder, rules, device
        self._gone: set[str] = set()
        # Rankers ask for the same queries one after the other: their photographs are
        # decoded and encoded once for all of them, as long as few blocks hold them.
        self._block_of = lru_cache(maxsize=BLOCKS_KEPT)(self._read)

    def __call__(self, views: Sequence[View]) -> Garments:
        """The garments of views."""
        return self._block_of(tuple(views))

    def gone(self, views: Sequence[View]) -> NDArray[np.bool_]:
        """(Q,) of views that were asked for, whether their photographs are unread."""
        return np.array([view.path in self._gone for view in views], dtype=np.bool_)

    def _read(self, views: tuple[View, ...]) -> Garments:
        return join_garments([self._garment_of(view) for view in views], self._device)

    def _garment_of(self, view: View) -> GarmentBatch:
        try:
            photo = open_photo(photo_path(self._records, view.path))
        except UnreadablePhoto:
            self._gone.add(view.path)
            return _nothing(self._encoder, self._rules)
        return Describer(self._encoder, self._rules).describe_box(
            photo, self._boxes[view.path], view.mirrored
        )


def query_garments(
    records: Artifact, crops: Artifact, device: torch.device
) -> dict[str, BoxedQueries]:
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
        kind: BoxedQueries(records, boxes, encoder, rules, device)
        for kind, boxes in _boxes_of_queries(read_photos(records)).items()
    }


def true_box(photo: Photo) -> Box | None:
    """The annotated box of the outfit; None without one."""
    outfits = garments_to_find(photo, [OUTFIT])
    return outfits[0].box_in_image if outfits else None


def _boxes_of_queries(photos: Sequence[Photo]) -> dict[str, dict[str, Box | None]]:
    """By name, the box of each photograph; None for all of it.

    The true box is the outfit's; a photograph without one is taken whole.
    """
    true = {photo.path: true_box(photo) for photo in photos}
    whole: dict[str, Box | None] = {photo.path: None for photo in photos}
    return {TRUE: true, WHOLE: whole}


def _nothing(encoder: DenseEncoder, rules: CropRules) -> GarmentBatch:
    """What is there of a photograph that cannot be read: no cell, and no colour."""
    black = np.zeros((CROP_SIDE, CROP_SIDE, 3), dtype=np.uint8)
    side = rules.grid or encoder.architecture.window
    return GarmentBatch(
        torch.zeros(1, encoder.architecture.channels, side, side),
        torch.zeros(1, len(lab_bins())),
        black[None],
    )
