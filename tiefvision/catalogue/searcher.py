"""Search of a gallery by the embedding of a garment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tiefvision.catalogue.gallery import PHOTOS_OF_AN_ITEM, GalleryRow
from tiefvision.catalogue.reduction import Reduction
from tiefvision.groups import OUTFIT
from tiefvision.index.hnsw import HnswIndex
from tiefvision.index.neighbours import Neighbours
from tiefvision.index.reranking import SHORTLIST, rerank
from tiefvision.ranking.garments import Embed, GarmentBatch, GarmentsOf
from tiefvision.ranking.matching import COMPARED, MatchCalibration
from tiefvision.ranking.views import embed_views
from tiefvision.records import View


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
        densities: densities of the rows, (N,) float32; only ``matching`` needs them.
    """

    embed: Embed
    index: HnswIndex
    rows: Sequence[GalleryRow]
    garments_of: GarmentsOf
    reduction: Reduction | None = None
    prefix: str = ""
    matching: MatchCalibration | None = None
    densities: NDArray[np.float32] | None = None

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
        found = self._closest(query, asked, category)
        while len(found) < wanted and asked < len(self.rows):
            asked *= 2  # items with many photographs, or of other groups
            found = self._closest(query, asked, category)
        matches = self._matches(found)
        hits = [
            self._hit(rank, row, match)
            for rank, (row, match) in enumerate(
                zip(found.items(), matches, strict=True), 1
            )
        ]
        return hits[:k]

    def holds(self, category: str) -> bool:
        """Whether some item of the gallery is known to be of a group."""
        return any(row.crop.category == category for row in self.rows)

    def _closest(
        self, query: NDArray[np.float32], count: int, category: str
    ) -> dict[int, float]:
        """The closest row of each item among ``count`` rows, and its similarity."""
        found = self._find(query, count)
        closest: dict[str, tuple[int, float]] = {}
        for number, similarity in zip(
            found.rows[0].tolist(), found.similarities[0].tolist(), strict=True
        ):
            row = self.rows[number]
            if not category or row.crop.category in (category, OUTFIT, ""):
                closest.setdefault(row.item, (number, similarity))
        return dict(closest.values())

    def _matches(self, found: Mapping[int, float]) -> Sequence[float | None]:
        """The probability of a match of each row; None if it was not calibrated."""
        if self.matching is None or self.densities is None or not found:
            return [None] * len(found)
        similarities = np.array(list(found.values()))
        matches = self.matching.apply(similarities, self.densities[list(found)])
        return [float(match) for match in matches]

    def _hit(self, rank: int, found: tuple[int, float], match: float | None) -> Hit:
        number, similarity = found
        row = self.rows[number]
        return Hit(
            rank,
            row.item,
            f"{self.prefix}{row.photo}",
            similarity,
            row.crop.category,
            match,
            max(0, len(self._variants[row.item]) - 1),
        )

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
