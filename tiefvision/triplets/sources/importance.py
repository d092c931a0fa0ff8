"""Online importance sampling of Deep Ranking, with a buffer for each category.

Source: Wang et al., arXiv:1404.4661, sections 3 and 4. The relevance r(i, j) of two
photographs of a category is that of the scorers (the paper's golden features), at least
0; across categories it is 0. The total relevance r_i of a photograph is its sum over
the category. Photographs stream through buffers that keep the largest keys u^(1/r_i).
The query is uniform in a buffer, the positive another one of the buffer, accepted with
min(1, r(i, i+) / r_i+), where i+ is the positive. A negative is out-of-class, uniform
in the other buffers, or in-class, by the rule of the positive. A triplet keeps the
margin r(i, i+) - r(i, i-) >= T_r.

Two details differ. The paper repeats a rejected draw, and drops the photograph after
too many failures; here the draw that would be accepted in the end is made at once, by
the probabilities of acceptance, and a photograph is dropped if nothing can be accepted.
The paper draws a triplet whenever a buffer changes; here all photographs pass through
the buffers first, so that the early triplets are not of a few photographs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from tiefvision.errors import BadDataset
from tiefvision.records import Photo
from tiefvision.triplets.sampling import ViewTriplet
from tiefvision.triplets.sources.classes import (
    CATEGORY,
    class_names,
    item_names,
    number_names,
)
from tiefvision.triplets.sources.reservoir import Reservoir
from tiefvision.triplets.sources.sampling import (
    Scorers,
    ScorerSettings,
    combine_scorers,
    to_triplets,
)

MOST_FILLINGS = 100
"""Fillings of the buffers without a triplet after which there is none."""


@dataclass(frozen=True)
class ImportanceSettings(ScorerSettings):
    """Settings of importance sampling.

    The paper states the share of out-of-class negatives with the best precision alone;
    size of the buffers and margin are this project's.
    """

    out_of_class: Annotated[float, "share of out-of-class negatives", 0, 1] = 0.2
    margin: Annotated[
        float, "least relevance of the positive above the negative", 0, 1
    ] = 0.05
    buffer: Annotated[int, "photographs in the buffer of a category", 2] = 1000
    by: Annotated[str, "class of a photograph: category, folder or item"] = CATEGORY


def draw_importance(
    photos: Sequence[Photo],
    settings: ImportanceSettings,
    scorers: Scorers,
    generator: np.random.Generator,
) -> list[ViewTriplet]:
    """Draw triplets by relevance.

    Without a count there is one triplet for each photograph. The buffers are filled
    anew, in another order, when as many triplets were drawn as they hold photographs.

    Args:
        photos: photographs of a split.
        settings: shares, margin and size of the buffers.
        scorers: similarities whose weighted mean is the relevance.
        generator: random generator of every choice.

    Raises:
        BadDataset: No triplet keeps the margin.
    """
    relevance = Relevance(photos, combine_scorers(scorers, settings), settings.by)
    totals = relevance.totals()
    wanted = settings.count or len(photos)
    # Drawn first: queries without a negative of one kind do not change the shares.
    in_class = generator.random(wanted) >= settings.out_of_class
    rows: list[tuple[int, int, int]] = []
    tried = 0
    while len(rows) < wanted:
        buffers = Reservoir(settings.buffer, generator)
        for number in generator.permutation(len(photos)).tolist():
            buffers.offer(relevance.kinds[number], number, totals[number])
        kinds = in_class[len(rows) :][: max(len(buffers), 1)]
        drawing = _Drawing(relevance, totals, buffers, settings, generator)
        drawn = drawing.draw(kinds)
        rows += drawn
        tried = 0 if drawn else tried + 1
        if tried == MOST_FILLINGS:
            raise _nothing(settings, bool(kinds[0]))
    return to_triplets(photos, np.array(rows, dtype=np.int64))


class Relevance:
    """The relevance of photographs to each other.

    Args:
        photos: N photographs.
        table: similarities, (N, N) float32.
        by: what photographs of one class share, as for ``class_names``.

    Attributes:
        kinds: class of each photograph, (N,) int64.
        items: item of each photograph, (N,) int64.
    """

    def __init__(
        self,
        photos: Sequence[Photo],
        table: NDArray[np.float32],
        by: str = CATEGORY,
    ) -> None:
        self.kinds = number_names(class_names(photos, by))
        self.items = number_names(item_names(photos))
        self._table = table

    def of(self, row: int, others: NDArray[np.int64]) -> NDArray[np.float64]:
        """Relevance of one photograph to others of any class, at least 0, (M,)."""
        alike = self.kinds[others] == self.kinds[row]
        found = np.maximum(self._table[row, others], 0.0) * alike
        return np.asarray(found, dtype=np.float64)

    def totals(self) -> NDArray[np.float64]:
        """Total relevance of each photograph to the others of its class, (N,)."""
        totals = np.zeros(len(self.kinds))
        for kind in np.unique(self.kinds):
            members = np.flatnonzero(self.kinds == kind)
            own = np.maximum(self._table[np.ix_(members, members)], 0.0)
            np.fill_diagonal(own, 0.0)
            totals[members] = own.sum(axis=1, dtype=np.float64)
        return totals


class _Drawing:
    """Draws triplets from filled buffers."""

    def __init__(
        self,
        relevance: Relevance,
        totals: NDArray[np.float64],
        buffers: Reservoir,
        settings: ImportanceSettings,
        generator: np.random.Generator,
    ) -> None:
        self._relevance, self._totals = relevance, totals
        self._settings, self._generator = settings, generator
        self._of_kind = {
            kind: np.array(buffers.numbers(kind)) for kind in buffers.categories
        }
        everything = [*self._of_kind.values(), np.empty(0, dtype=np.int64)]
        self._all = np.concatenate(everything).astype(np.int64)

    def draw(self, kinds: NDArray[np.bool_]) -> list[tuple[int, int, int]]:
        """Triplets of queries that are uniform in the buffers.

        Args:
            kinds: whether the negative of each triplet is in-class, (T,).

        Returns:
            Query, positive and negative of each triplet, up to the first one of a kind
            that no query has a triplet of.
        """
        able = {in_class: self._all.tolist() for in_class in (False, True)}
        rows: list[tuple[int, int, int]] = []
        for in_class in kinds.tolist():
            queries = able[in_class]
            while queries:
                place = int(self._generator.integers(len(queries)))
                row = self._of_query(queries[place], in_class)
                if row is not None:
                    rows.append(row)
                    break
                del queries[place]
            else:
                break
        return rows

    def _of_query(self, query: int, in_class: bool) -> tuple[int, int, int] | None:
        """A triplet of a query; None if nothing in the buffers keeps the margin."""
        relevance, margin = self._relevance, self._settings.margin
        own = self._of_kind[relevance.kinds[query]]
        own = own[own != query]
        closeness = relevance.of(query, own)
        strange = relevance.items[own] != relevance.items[query]
        # An out-of-class negative has relevance 0.
        least = closeness[strange].min(initial=np.inf) if in_class else 0.0
        accepted = self._accepted(closeness, own) * (closeness - least >= margin)
        if not accepted.any():
            return None
        place = self._choose(accepted)
        positive = int(own[place])
        if not in_class:
            negative = self._outside(query, positive)
            return None if negative is None else (query, positive, negative)
        strange &= relevance.items[own] != relevance.items[positive]
        strange &= closeness[place] - closeness >= margin
        accepted = self._accepted(closeness, own) * strange
        if not accepted.any():
            return None
        return query, positive, int(own[self._choose(accepted)])

    def _outside(self, query: int, positive: int) -> int | None:
        """A negative of another class and item, uniform; None if there is none."""
        kinds, items = self._relevance.kinds[self._all], self._relevance.items
        taken = items[[query, positive]]
        others = kinds != self._relevance.kinds[query]
        others &= ~np.isin(items[self._all], taken)
        outside = self._all[others]
        return int(self._generator.choice(outside)) if len(outside) else None

    def _accepted(
        self, closeness: NDArray[np.float64], own: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Probability that each photograph of the buffer is accepted, (M,)."""
        totals = np.maximum(self._totals[own], np.finfo(float).tiny)
        return np.minimum(1.0, closeness / totals)

    def _choose(self, accepted: NDArray[np.float64]) -> int:
        return int(self._generator.choice(len(accepted), p=accepted / accepted.sum()))


def _nothing(settings: ImportanceSettings, in_class: bool) -> BadDataset:
    kind, none = ("in-class", 1) if in_class else ("out-of-class", 0)
    return BadDataset(
        f"No triplet with an {kind} negative has a positive that is more relevant by "
        f"the margin {settings.margin:g}.",
        f"Use a smaller --set margin, --set out_of_class={none}, or another --scorer.",
    )
