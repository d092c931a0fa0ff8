"""Search of a gallery by the embedding of a garment."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tiefvision.catalogue.gallery import GalleryRow
from tiefvision.catalogue.reduction import Reduction
from tiefvision.groups import OUTFIT
from tiefvision.index.hnsw import HnswIndex
from tiefvision.index.neighbours import Neighbours
from tiefvision.index.reranking import SHORTLIST, rerank
from tiefvision.ranking.garments import Embed, GarmentBatch, GarmentsOf
from tiefvision.ranking.matching import COMPARED, MatchCalibration
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
        match: probability that it is the very product searched for, in [0, 1]; None if
            the ranker was not calibrated.
        more_variants: number of further variants of the item in the gallery, such as
            its other colours.
    """

    rank: int
    item: str
    photo: str
    similarity: float
    category: str = ""
    match: float | None = None
    more_variants: int = 0


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
        matching: calibration of the ranker's similarities; None if it has none.
    """

    embed: Embed
    index: HnswIndex
    rows: Sequence[GalleryRow]
    garments_of: GarmentsOf
    reduction: Reduction | None = None
    prefix: str = ""
    matching: MatchCalibration | None = None

    def nearest(self, garment: GarmentBatch, k: int, category: str = "") -> list[Hit]:
        """The k closest items, or all if the gallery has fewer.

        Args:
            garment: garment to search for, a batch of one.
            k: number of items.
            category: group of the items; an item also counts if it is shown as an
                outfit, or its group is unknown. "" for all items.
        """
        query = self.embed(garment)
        # As many as a probability is learnt from, however few are listed.
        wanted = max(k, COMPARED)
        asked = wanted * PHOTOS_OF_AN_ITEM
        hits = self._hits(query, asked, category)
        while len(hits) < wanted and asked < len(self.rows):
            asked *= 2  # items with many photographs, or of other groups
            hits = self._hits(query, asked, category)
        return self._calibrated(hits)[:k]

    def holds(self, category: str) -> bool:
        """Whether some item of the gallery is known to be of a group."""
        return any(row.crop.category == category for row in self.rows)

    def _calibrated(self, hits: list[Hit]) -> list[Hit]:
        """The hits with the probability of a match, if the ranker was calibrated."""
        if self.matching is None or not hits:
            return hits
        matches = self.matching.apply([hit.similarity for hit in hits])
        return [
            replace(hit, match=float(match))
            for hit, match in zip(hits, matches, strict=True)
        ]

    def _hits(self, query: NDArray[np.float32], count: int, category: str) -> list[Hit]:
        """The items of a group among the ``count`` closest rows."""
        found = self._find(query, count)
        hits: dict[str, Hit] = {}
        for number, similarity in zip(
            found.rows[0], found.similarities[0], strict=True
        ):
            row = self.rows[number]
            if category and row.crop.category not in (category, OUTFIT, ""):
                continue
            if row.item not in hits:
                hits[row.item] = Hit(
                    len(hits) + 1,
                    row.item,
                    f"{self.prefix}{row.photo}",
                    float(similarity),
                    row.crop.category,
                    more_variants=max(0, len(self._variants[row.item]) - 1),
                )
        return list(hits.values())

    @cached_property
    def _variants(self) -> dict[str, set[str]]:
        """The variants of each item in the gallery."""
        variants: dict[str, set[str]] = {}
        for row in self.rows:
            variants.setdefault(row.item, set()).add(row.variant)
        return variants

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
