"""Search of a gallery by the embedding of a garment."""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from tiefvision.catalogue.gallery import PHOTOS_OF_AN_ITEM, GalleryRow
from tiefvision.catalogue.living.freshness import FileState
from tiefvision.catalogue.row_arrays import RowArrays
from tiefvision.catalogue.words import Words
from tiefvision.groups import OUTFIT
from tiefvision.index.neighbours import Neighbours
from tiefvision.ranking.garments import Embed, GarmentBatch
from tiefvision.ranking.joint import JointRanker, mix_queries
from tiefvision.ranking.matching import (
    COMPARED,
    TWIN,
    MatchCalibration,
    leads_over,
)
from tiefvision.records import Box

if TYPE_CHECKING:  # which imports what is defined here
    from tiefvision.catalogue.where import Where

LED_OVER = 2 * COMPARED
"""Closest items that are looked at for the lead of a result; more than the lead is
over, as some may be photographs of the same product."""

Fields = Mapping[str, str | float | None]
"""Values of a row by name, as ``where.fields_of`` gives them."""

MOST_TESTS = 16
"""Tests whose rows a gallery keeps, a byte for each row."""

Test = Callable[[Fields], bool]
"""A condition on the rows that may be found."""


class Gallery(Protocol):
    """Rows that can be found by one ranker. Rows are known by their numbers."""

    @property
    def rows(self) -> RowArrays:
        """Items and groups of all rows, as of the last ``refresh``."""

    def refresh(self) -> None:
        """Take in what changed since the last call."""

    def find(
        self, query: NDArray[np.float32], count: int, allowed: NDArray[np.bool_] | None
    ) -> Neighbours:
        """The closest rows, (1, <= count).

        Args:
            query: embedding of unit length, (1, D) float32.
            count: number of rows.
            allowed: whether each row may be found, by row number; None for all.
        """

    def whole_similarities(
        self, query: NDArray[np.float32], numbers: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Cosines of a query, (1, D), to n rows without their close-ups, (n,)."""

    def densities(self, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        """Densities of rows, (n,) float32, as ``ranking.matching`` uses them."""

    def likeness(
        self, numbers: NDArray[np.int64], others: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Cosines of the embeddings in the index of k rows and of n, (k, n)."""

    def row(self, number: int) -> GalleryRow | None:
        """A row; None if it was removed since the last ``refresh``."""

    def state(self, row: GalleryRow) -> FileState:
        """What became of the file of a row since it was described; "" if nothing.

        Args:
            row: a row as ``row`` gives it.
        """

    def where(self, test: Test) -> NDArray[np.bool_]:
        """Whether each row passes a test, by row number.

        It is kept for the tests that were asked for last, until a row changes. The test
        of a condition is the same object each time (``where.parse_where``).
        """

    def columns(self) -> Collection[str]:
        """Names of the columns that the rows have."""


@dataclass(frozen=True)
class Hit:
    """One line of a search result.

    Attributes:
        rank: rank, from 1.
        item: identifier of the item.
        photo: path of the item's closest photograph, relative to the folder of the
            catalogue; absolute if it lies elsewhere.
        similarity: cosine in [-1, 1]; higher is closer.
        category: category of the garment in that photograph; "" if unknown.
        match: probability that it is the very product searched for, in [0, 1]; None if
            the ranker was not calibrated, or the gallery has nothing else to compare
            it with.
        more_variants: number of further variants of the item in the gallery, such as
            its other colours.
        columns: further facts that the catalogue tells of the photograph, such as title
            and price.
        file_state: "gone" or "changed" if the photograph's file is not as it was when
            it was described; else "".
        row: number of the photograph's row in the catalogue, which no later row will
            have; -1 if it lies in none.
        box_in_image: box that was compared, x0, y0, x1, y1 in pixels of the photograph
            after EXIF rotation; None for the whole photograph.
    """

    rank: int
    item: str
    photo: str
    similarity: float
    category: str = ""
    match: float | None = None
    more_variants: int = 0
    columns: Mapping[str, str | float] = field(default_factory=dict)
    file_state: FileState = ""
    row: int = -1
    box_in_image: Box | None = None


class Found(NamedTuple):
    """A row that was found, and its similarity."""

    similarity: float
    row: GalleryRow


@dataclass(frozen=True, eq=False)
class Searcher:
    """Finds the items of a gallery that are closest to a garment.

    Threads may share it; they take turns once a garment is embedded, since a refresh
    changes what a search reads.

    Attributes:
        embed: ranker.
        gallery: rows, found by the embeddings of that ranker.
        matching: calibration of the ranker's similarities; None if it has none.
    """

    embed: Embed
    gallery: Gallery
    matching: MatchCalibration | None = None
    _turn: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def nearest(
        self,
        garment: GarmentBatch | None,
        k: int,
        category: str = "",
        test: Test | None = None,
        words: Words | None = None,
    ) -> list[Hit]:
        """The k closest items, or all if the gallery has fewer.

        Args:
            garment: garment to search for, a batch of one; None for words alone.
            k: number of items.
            category: group of the items; an item also counts if it is shown as an
                outfit, or its group is unknown. "" for all items.
            test: condition on the rows that may be found; None for none.
            words: description, for a ranker that reads text; None for none.
        """
        query = self._query(garment, words)
        with self._turn:
            self.gallery.refresh()
            return self._nearest(query, k, category, test)

    def ranks(
        self,
        garment: GarmentBatch,
        most: int,
        category: str = "",
        test: Test | None = None,
    ) -> dict[str, int]:
        """Ranks of the closest items, from 1, by item; see ``nearest``.

        Args:
            garment: garment to search for, a batch of one.
            most: number of items.
            category: group of the items, as for ``nearest``.
            test: condition on the rows that may be found; None for none.
        """
        query = self.embed(garment)
        with self._turn:
            self.gallery.refresh()
            found = self._items(query, most, self._allowed(category, test))
        items = (one.row.item for one in islice(found.values(), most))
        return {item: rank for rank, item in enumerate(items, 1)}

    def _nearest(
        self, query: NDArray[np.float32], k: int, category: str, test: Test | None
    ) -> list[Hit]:
        listed = closest = self._items(query, k, self._allowed(category, test))
        if test is not None and self.matching:
            # A condition does not change what else resembles the garment, so neither
            # by how much a result leads.
            closest = self._items(query, k, self._allowed(category, None))
        return self._hits(query, dict(islice(listed.items(), k)), closest)

    def _items(
        self, query: NDArray[np.float32], k: int, allowed: NDArray[np.bool_] | None
    ) -> dict[int, Found]:
        """The closest row of each item by its number: k or more, or as many there are.

        At least as many as a probability is learnt from, however few are listed.
        """
        known = self.gallery.rows.alive if allowed is None else allowed
        most = int(np.count_nonzero(known))
        wanted = max(k, COMPARED)
        asked = wanted * PHOTOS_OF_AN_ITEM
        found = self._closest(query, asked, allowed)
        while len(found) < wanted and asked < most:
            asked *= 2  # items with many photographs
            found = self._closest(query, asked, allowed)
        # Those that are still there, as another process may remove some.
        rows = ((number, self.gallery.row(number)) for number in found)
        there = ((n, Found(found[n], row)) for n, row in rows if row is not None)
        return dict(islice(there, max(k, LED_OVER if self.matching else 0)))

    def _query(
        self, garment: GarmentBatch | None, words: Words | None
    ) -> NDArray[np.float32]:
        """The embedding of a garment, of words, or of both, (1, D)."""
        image = None if garment is None else self.embed(garment)
        if words is None:
            assert image is not None, "a query is a garment, words, or both"
            return image
        assert isinstance(self.embed, JointRanker), "only such a ranker is asked"
        return mix_queries(image, self.embed.embed_text(words.text), words.weight)

    def holds(self, category: str) -> bool:
        """Whether some item of the gallery is known to be of a group."""
        with self._turn:
            self.gallery.refresh()
            return bool(self.gallery.rows.of_groups(category).any())

    def require_known(self, condition: "Where | None") -> None:
        """Refuse a condition on columns that no row has. Raises BadUsage."""
        if condition is not None:
            with self._turn:
                self.gallery.refresh()
                columns = self.gallery.columns()
            condition.require_known(columns)

    def _allowed(self, category: str, test: Test | None) -> NDArray[np.bool_] | None:
        """Whether a garment of a category may find each row; None for all."""
        allowed = None
        if category:
            allowed = self.gallery.rows.of_groups(category, OUTFIT, "")
        if test is not None:
            passed = self.gallery.where(test)
            allowed = passed if allowed is None else allowed & passed
        return allowed

    def _closest(
        self,
        query: NDArray[np.float32],
        count: int,
        allowed: NDArray[np.bool_] | None,
    ) -> dict[int, float]:
        """The closest row of each item among ``count`` rows, and its similarity."""
        found = self.gallery.find(query, count, allowed)
        numbers = found.rows[0]
        _, first = np.unique(self.gallery.rows.items[numbers], return_index=True)
        places = np.sort(first)
        similarities = found.similarities[0][places].tolist()
        return dict(zip(numbers[places].tolist(), similarities, strict=True))

    def _hits(
        self,
        query: NDArray[np.float32],
        listed: Mapping[int, Found],
        closest: Mapping[int, Found],
    ) -> list[Hit]:
        matches = self._matches(query, listed, closest)
        return [
            Hit(
                rank,
                row.item,
                row.photo,
                similarity,
                row.crop.category,
                match,
                max(0, self.gallery.rows.variants(number) - 1),
                row.columns,
                self.gallery.state(row),
                number,
                row.crop.box_in_image,
            )
            for rank, (number, (similarity, row), match) in enumerate(
                zip(listed, listed.values(), matches, strict=True), 1
            )
        ]

    def _matches(
        self,
        query: NDArray[np.float32],
        listed: Mapping[int, Found],
        closest: Mapping[int, Found],
    ) -> Sequence[float | None]:
        """The probability of a match of each row; None where it is not known.

        It is told by whole photographs alone, as it was learnt.
        """
        if self.matching is None or not listed:
            return [None] * len(listed)
        numbers = np.array(list(listed), dtype=np.int64)
        others = np.array(list(closest), dtype=np.int64)
        # Most rows are both listed and among the closest: each is read once.
        rows = np.union1d(numbers, others)
        whole = self.gallery.whole_similarities(query, rows)
        similarities = whole[np.searchsorted(rows, numbers)]
        nearest = whole[np.searchsorted(rows, others)]
        order = np.argsort(-nearest, kind="stable")
        others, nearest = others[order], nearest[order]
        items = self.gallery.rows.items
        alike = items[numbers][:, None] == items[others]
        alike |= self.gallery.likeness(numbers, others) >= TWIN
        leads = leads_over(similarities, nearest, alike)
        matches = self.matching.apply(
            similarities, self.gallery.densities(numbers), leads
        )
        return [None if np.isnan(match) else float(match) for match in matches]
