"""Search over segments: graphs that never change, beside rows that are new.

A graph of NMSLIB cannot be changed once it is built. Rows that were added since lie in
a segment that is compared exactly, removed rows are passed over (tombstones), and a
merge builds a new graph now and then. Rows are known by numbers that are never used
again, so that a segment stays valid whatever happens to the others.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tiefvision.index.neighbours import Neighbours, search_exactly
from tiefvision.index.reranking import Searchable

Numbers = NDArray[np.int64]
"""Numbers of rows, ascending."""

_NONE = np.empty(0, dtype=np.int64)
_NOTHING = np.empty(0, dtype=np.float32)

SLACK = 1.25
"""Rows asked of an index for each that is wanted, beyond those to be passed over."""

RARE = 0.05
"""Share of allowed rows below which they are compared one by one: a graph would have to
list twenty rows to find one of them."""


@dataclass(eq=False)
class Segment:
    """Rows that are searched together.

    Attributes:
        numbers: number of each row, (N,) int64, ascending.
        index: index over the rows, in the order of ``numbers``.
        alive: whether each row is still there, (N,) bool.
    """

    numbers: Numbers
    index: Searchable
    alive: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        self.alive = np.ones(len(self.numbers), dtype=np.bool_)

    @property
    def dead(self) -> int:
        """Number of removed rows that the index still holds."""
        return int(len(self.alive) - np.count_nonzero(self.alive))

    def remove(self, numbers: Numbers) -> None:
        """Mark rows as removed; numbers of other segments are ignored."""
        if not len(self.numbers):
            return
        places = np.searchsorted(self.numbers, numbers)
        places = np.minimum(places, len(self.numbers) - 1)
        self.alive[places[self.numbers[places] == numbers]] = False

    def search(
        self, query: NDArray[np.float32], k: int, kept: NDArray[np.bool_], count: int
    ) -> tuple[Numbers, NDArray[np.float32]]:
        """At most k of the rows that may be found, the most similar first.

        Args:
            query: embedding of unit length, (1, D) float32.
            k: number of rows.
            kept: whether each row may be found, as ``kept`` tells it, (N,) bool.
            count: number of rows that may be found.

        Returns:
            Numbers, (n,), and similarities, (n,) float32.
        """
        wanted, asked = min(k, count), k
        if count < len(kept):
            # The rows that may not be found are likely to be spread like the others.
            asked = int(SLACK * k * len(kept) / max(count, 1)) + 1
        while wanted:
            asked = min(asked, len(kept))
            found = self.index.search(query, asked)
            places, similarities = found.rows[0], found.similarities[0]
            good = kept[places]
            if np.count_nonzero(good) >= wanted or asked == len(kept):
                places, similarities = places[good][:k], similarities[good][:k]
                return self.numbers[places], similarities
            asked *= 2
        return _NONE, _NOTHING

    def kept(self, allowed: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
        """Whether each row is there and allowed, (N,) bool."""
        return self.alive if allowed is None else self.alive & allowed[self.numbers]


@dataclass(eq=False)
class Segments:
    """Several segments, searched as one index.

    Attributes:
        parts: the segments; no row lies in two.
        vectors_of: function from row numbers, (n,), to their embeddings, (n, D)
            float32 of unit length, for rows that are compared one by one.
    """

    parts: Sequence[Segment]
    vectors_of: Callable[[Numbers], NDArray[np.float32]]

    @property
    def rows(self) -> int:
        """Number of rows that are there."""
        return sum(len(part.alive) - part.dead for part in self.parts)

    def search(
        self, query: NDArray[np.float32], k: int, allowed: NDArray[np.bool_] | None
    ) -> Neighbours:
        """The most similar rows that are there and allowed, of all segments.

        Where few rows are allowed they are compared one by one, so that no fewer than
        k are found while there are as many.

        Args:
            query: embedding of unit length, (1, D) float32.
            k: number of rows.
            allowed: for each row number, whether it may be found, with room for every
                number; None for all.

        Returns:
            (1, n) with n at most k; rows of equal similarity are in the order of their
            numbers.
        """
        masks = [part.kept(allowed) for part in self.parts]
        counts = [int(np.count_nonzero(mask)) for mask in masks]
        if allowed is not None and sum(counts) <= RARE * self.rows:
            return self._one_by_one(query, k, masks)
        found = [
            part.search(query, k, mask, count)
            for part, mask, count in zip(self.parts, masks, counts, strict=True)
        ]
        numbers = np.concatenate([rows for rows, _ in found] or [_NONE])
        if len(numbers) < min(k, sum(counts)):  # a graph does not reach every row
            return self._one_by_one(query, k, masks)
        similarities = np.concatenate([values for _, values in found] or [_NOTHING])
        order = np.lexsort((numbers, -similarities))[:k]
        return Neighbours(
            numbers[order][None], similarities[order][None].astype(np.float32)
        )

    def _one_by_one(
        self, query: NDArray[np.float32], k: int, masks: Sequence[NDArray[np.bool_]]
    ) -> Neighbours:
        pairs = zip(self.parts, masks, strict=True)
        kept = [part.numbers[mask] for part, mask in pairs]
        numbers = np.sort(np.concatenate([*kept, _NONE]))
        if not len(numbers):
            return Neighbours(numbers[None], np.empty((1, 0), dtype=np.float32))
        found = search_exactly(query, self.vectors_of(numbers), k)
        return Neighbours(numbers[found.rows], found.similarities)
