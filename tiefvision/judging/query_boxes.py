"""Queries cropped by other boxes, to measure the effect of locating on a search."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tiefvision.catalogue.describing import Describer
from tiefvision.encoders.architectures import CROP_SIDE
from tiefvision.engines.protocol import Engine
from tiefvision.errors import UnreadablePhoto
from tiefvision.groups import OUTFIT
from tiefvision.judging.boxes import TRUE, WHOLE
from tiefvision.locating.targets import garments_to_find
from tiefvision.photos.working import open_photo
from tiefvision.ranking.colours.histogram import lab_bins
from tiefvision.ranking.crops import CropRules
from tiefvision.ranking.garments import GarmentBatch, Garments, join_garments
from tiefvision.records import Box, Photo, View
from tiefvision.store.artifact import Artifact
from tiefvision.workspace.records import photo_path, read_photos

if TYPE_CHECKING:  # networks are imported where one is loaded
    from tiefvision.encoders.dense import DenseEncoder

BLOCKS_KEPT = 4
"""Number of blocks of encoded queries that are kept for the next ranker."""

BLOCK_BYTES = 90_000_000
"""Largest size of a block: 256 maps of 256 x 11 x 11 numbers, colours and pixels."""


class BoxedQueries:
    """A reader of views that crops and encodes them by given boxes.

    A photograph that can no longer be read gets a map of zeros, whose similarity to
    everything is 0; ``gone`` tells which queries have to be counted as misses.

    Args:
        records: artifact of stage 1, which says where the photographs' files are.
        boxes: box of each photograph by its path; None for the whole photograph.
        encoder: encoder of garments.
        rules: rules by which a crop becomes a feature map.
    """

    def __init__(
        self,
        records: Artifact,
        boxes: Mapping[str, Box | None],
        encoder: "DenseEncoder",
        rules: CropRules,
    ) -> None:
        self._records, self._boxes = records, boxes
        self._describer = Describer(encoder, rules)
        self._gone: set[str] = set()
        # Every ranker reads the same queries: the cache saves decoding and encoding
        # them again, unless there are more blocks of queries than it holds.
        self._block_of = lru_cache(maxsize=BLOCKS_KEPT)(self._read)

    def __call__(self, views: Sequence[View]) -> Garments:
        """Crop and encode views."""
        return self._block_of(tuple(views))

    def gone(self, views: Sequence[View]) -> NDArray[np.bool_]:
        """Whether the photograph of each view that was read is missing: (Q,) bool."""
        return np.array([view.path in self._gone for view in views], dtype=np.bool_)

    def _read(self, views: tuple[View, ...]) -> Garments:
        garments = [self._garment_of(view) for view in views]
        return replace(join_garments(garments), views=views)

    def _garment_of(self, view: View) -> GarmentBatch:
        try:
            photo = open_photo(photo_path(self._records, view.path))
        except UnreadablePhoto:
            self._gone.add(view.path)
            return _nothing(self._describer)
        return self._describer.describe_box(
            photo, self._boxes[view.path], view.mirrored
        )


def query_garments(
    records: Artifact, crops: Artifact, engine: Engine
) -> dict[str, BoxedQueries]:
    """Readers of queries by annotated boxes, ``TRUE``, and as a whole, ``WHOLE``.

    Args:
        records: artifact of stage 1.
        crops: artifact of stage 6, which holds the encoder.
        engine: engine of the encoder.
    """
    from tiefvision.workspace.encoding import read_encoder

    encoder, rules = (
        read_encoder(crops, engine),
        CropRules.from_details(crops.header.details),
    )
    return {
        kind: BoxedQueries(records, boxes, encoder, rules)
        for kind, boxes in _boxes_of_queries(read_photos(records)).items()
    }


def true_box(photo: Photo) -> Box | None:
    """The annotated box of the outfit; None if there is none."""
    outfits = garments_to_find(photo, [OUTFIT])
    return outfits[0].box_in_image if outfits else None


def _boxes_of_queries(photos: Sequence[Photo]) -> dict[str, dict[str, Box | None]]:
    """Box of each photograph by its path, by name of the box.

    ``TRUE`` is the outfit's box, or None, the whole photograph, if there is none.
    """
    true = {photo.path: true_box(photo) for photo in photos}
    whole: dict[str, Box | None] = {photo.path: None for photo in photos}
    return {TRUE: true, WHOLE: whole}


def _nothing(describer: Describer) -> GarmentBatch:
    """Stands for a photograph that cannot be read: map and colours are zeros."""
    black = np.zeros((CROP_SIDE, CROP_SIDE, 3), dtype=np.uint8)
    architecture = describer.encoder.architecture
    side = describer.rules.grid or architecture.window
    return GarmentBatch(
        np.zeros((1, architecture.channels, side, side), dtype=np.float32),
        np.zeros((1, len(lab_bins())), dtype=np.float32),
        black[None],
    )
