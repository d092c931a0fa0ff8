"""A gallery, ready for described garments."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from tiefvision.catalogue.gallery import GalleryRow
from tiefvision.catalogue.reduction import Reduction
from tiefvision.index.hnsw import HnswIndex
from tiefvision.index.neighbours import Neighbours
from tiefvision.index.reranking import SHORTLIST, rerank
from tiefvision.ranking.garments import Embed, GarmentBatch, GarmentsOf
from tiefvision.ranking.views import embed_views
from tiefvision.records import View

PHOTOS_OF_AN_ITEM = 4
"""Rows asked for at first to list one item: its other photographs are passed over."""


@dataclass(frozen=True)
class Hit:
    """One line of a search result.

    Attributes:
        rank: Rank, from 1.
        item: Item that was found.
        photo: Path of the item's closest photograph, relative to the catalogue's
            folder.
        similarity: Cosine in [-1, 1], higher is closer.
        category: Category of the garment in that photograph; "" if unknown.
    """

    rank: int
    item: str
    photo: str
    similarity: float
    category: str = ""


@dataclass(frozen=True)
class Searcher:
    """Everything between a described garment and its neighbours.

    Attributes:
        embed: The ranker.
        index: Index over the gallery's embeddings by this ranker.
        rows: The row of the gallery behind each row of the index.
        garments_of: Reader of the gallery's crops, for what is ordered again.
        reduction: What reduces the ranker's embeddings to those of the index; None
            where they are indexed as they are.
        prefix: Path of the photographs' folder, relative to the catalogue's; "" where
            both are one.
    """

    embed: Embed
    index: HnswIndex
    rows: Sequence[GalleryRow]
    garments_of: GarmentsOf
    reduction: Reduction | None = None
    prefix: str = ""

    @torch.inference_mode()
    def nearest(self, garment: GarmentBatch, k: int) -> list[Hit]:
        """The k closest items; fewer where the gallery has fewer.

        Args:
            garment: The garment that is searched for, a batch of one.
            k: How many items.
        """
        query = self.embed(garment).cpu().numpy()
        asked = k * PHOTOS_OF_AN_ITEM
        hits = self._hits(query, asked)
        while len(hits) < k and asked < len(self.rows):
            asked *= 2  # a few items with many photographs are in the way
            hits = self._hits(query, asked)
        return hits[:k]

    def _hits(self, query: NDArray[np.float32], count: int) -> list[Hit]:
        """The items among so many closest rows."""
        found = self._find(query, count)
        hits: dict[str, Hit] = {}
        for number, similarity in zip(
            found.rows[0], found.similarities[0], strict=True
        ):
            row = self.rows[number]
            if row.item not in hits:
                hits[row.item] = Hit(
                    len(hits) + 1,
                    row.item,
                    f"{self.prefix}{row.photo}",
                    float(similarity),
                    row.crop.category,
                )
        return list(hits.values())

    def _find(self, query: NDArray[np.float32], count: int) -> Neighbours:
        if self.reduction is None:
            return self.index.search(query, count)
        shortlist = self.index.search(
            self.reduction.apply(query), max(count, SHORTLIST)
        )
        return rerank(shortlist, query, self._embeddings_of, count)

    def _embeddings_of(self, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        views = [View(self.rows[number].photo) for number in numbers]
        return embed_views(views, self.garments_of, self.embed)
