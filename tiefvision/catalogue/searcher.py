"""A gallery, ready for garments."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from tiefvision.encoders.dense import DenseEncoder
from tiefvision.index.hnsw import HnswIndex
from tiefvision.photos.working import WorkingPhoto
from tiefvision.ranking.crops import CropRules, crop_garment, describe_crop
from tiefvision.ranking.garments import Embed, join_garments
from tiefvision.records import Box

PHOTOS_OF_AN_ITEM = 4
"""Rows asked for at first to list one item: its other photographs are passed over."""


@dataclass(frozen=True)
class Hit:
    """One line of a search result.

    Attributes:
        rank: From 1.
        item: What was found.
        photo: Its closest photograph.
        similarity: Cosine in [-1, 1], higher is closer.
    """

    rank: int
    item: str
    photo: str
    similarity: float


@dataclass(frozen=True)
class Searcher:
    """Everything between a garment and its neighbours.

    Attributes:
        encoder: The one that the gallery was encoded with.
        rules: How a garment becomes a map, as in the gallery.
        embed: The ranker.
        index: Over the gallery's embeddings by this ranker.
        photos: Path of each row of the index, relative to the catalogue's folder.
        items: Item of each row.
    """

    encoder: DenseEncoder
    rules: CropRules
    embed: Embed
    index: HnswIndex
    photos: Sequence[str]
    items: Sequence[str]

    @property
    def item_count(self) -> int:
        """How many items there are to find."""
        return len(set(self.items))

    @torch.inference_mode()
    def nearest(
        self, photo: WorkingPhoto, box_in_image: Box | None, k: int
    ) -> list[Hit]:
        """The k closest items; fewer where the gallery has fewer (``item_count``).

        Args:
            photo: Where the garment is.
            box_in_image: Its box in pixels of the photograph; None for all of it.
            k: How many items.
        """
        box = photo.box_in_pixels(box_in_image) if box_in_image else None
        crop = crop_garment(photo.pixels, box)
        device = self.encoder.mean.device
        described = describe_crop(self.encoder, crop, self.rules)
        embedding = self.embed(join_garments([described], device))
        query = embedding.cpu().numpy()
        asked = k * PHOTOS_OF_AN_ITEM
        hits = self._hits(query, asked)
        while len(hits) < k and asked < len(self.photos):
            asked *= 2  # a few items with many photographs are in the way
            hits = self._hits(query, asked)
        return hits[:k]

    def _hits(self, query: NDArray[np.float32], rows: int) -> list[Hit]:
        """The items among so many closest rows."""
        found = self.index.search(query, rows)
        hits: dict[str, Hit] = {}
        for row, similarity in zip(found.rows[0], found.similarities[0], strict=True):
            item = self.items[row]
            if item not in hits:
                hits[item] = Hit(
                    len(hits) + 1, item, self.photos[row], float(similarity)
                )
        return list(hits.values())
