"""Search of a gallery by the embedding of a garment."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
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
"""Rows asked of the index for each item wanted, as an item may have several rows."""


@dataclass(frozen=True)
class Hit:
    """One line of a search result.

    Attributes:
        rank: rank, from 1.
        item: identifier of the item.
        photo: path of the item's closest photograph, relative to the folder of the
            catalogue.
        similarity: cosine in [-1, 1]; higher is closer.
        category: category of the garment in that photograph; "" if unknown.
    """

    rank: int
    item: str
    photo: str
    similarity: float
    category: str = ""


@dataclass(frozen=True)
class Searcher:
    """Finds the items of a gallery that are closest to a garment.

    Attributes:
        embed: ranker.
        index: index of the gallery's embeddings.
        rows: rows of the gallery, in the order of the index.
        garments_of: reader of the gallery's crops, for re-ranking.
        reduction: reduction of the ranker's embeddings to those of the index; None if
            the index holds the embeddings themselves.
        prefix: path from the folder of the catalogue to that of the photographs, with a
            slash behind it; "" if both are the same.
    """

    embed: Embed
    index: HnswIndex
    rows: Sequence[GalleryRow]
    garments_of: GarmentsOf
    reduction: Reduction | None = None
    prefix: str = ""

    def nearest(self, garment: GarmentBatch, k: int) -> list[Hit]:
        """The k closest items, or all if the gallery has fewer.

        Args:
            garment: garment to search for, a batch of one.
            k: number of items.
        """
        query = self.embed(garment)
        asked = k * PHOTOS_OF_AN_ITEM
        hits = self._hits(query, asked)
        while len(hits) < k and asked < len(self.rows):
            asked *= 2  # a few items with many photographs are in the way
            hits = self._hits(query, asked)
        return hits[:k]

    def _hits(self, query: NDArray[np.float32], count: int) -> list[Hit]:
        """The items among the ``count`` closest rows."""
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
