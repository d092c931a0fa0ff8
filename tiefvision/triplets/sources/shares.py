"""Shares of in-class and out-of-class negatives, with candidates from basic scorers.

Sources: VisNet (Shankar et al., arXiv:1703.02344, training data): the query is random,
the positive is among a scorer's 200 nearest of the query's class, an in-class negative
is between its ranks 500 and 1000, an out-of-class negative is random; 30 % of the
negatives are in-class, and the scorers are AlexNet's FC7, a colour histogram and a
network for patterns. People then verify the triplets. MILDNet (arXiv:1903.00905) draws
its catalogue triplets so, from a nearest-neighbour search by each feature of its
engineered recommender, and mixes them with 30 % "wild" ones: a street photograph, and a
shop photograph of the item that it shows.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from tiefvision.errors import BadDataset, BadUsage
from tiefvision.records import Photo
from tiefvision.triplets.sampling import ViewTriplet
from tiefvision.triplets.sources.classes import (
    CATEGORY,
    class_names,
    item_names,
    number_names,
)
from tiefvision.triplets.sources.pairs import shown_rows, street_pairs
from tiefvision.triplets.sources.sampling import (
    Scorers,
    ScorerSettings,
    repeat_rows,
    scorer_weights,
    to_triplets,
)

WILD = "wild"
"""Source of a positive that shows the item of a street photograph."""


@dataclass(frozen=True)
class SharesSettings(ScorerSettings):
    """Settings of shares of negatives; the defaults are VisNet's."""

    in_class: Annotated[float, "share of in-class negatives", 0, 1] = 0.3
    wild: Annotated[
        float, "share of triplets of a street photograph and its item", 0, 1
    ] = 0.0
    nearest: Annotated[int, "ranks that positives are drawn from", 1] = 200
    after: Annotated[int, "ranks before those of in-class negatives", 1] = 500
    until: Annotated[int, "last rank of in-class negatives", 2] = 1000
    by: Annotated[str, "class of a photograph: category, folder or item"] = CATEGORY


@dataclass(frozen=True)
class MildnetSettings(SharesSettings):
    """Settings of shares of negatives as MILDNet's production mixes them."""

    wild: Annotated[
        float, "share of triplets of a street photograph and its item", 0, 1
    ] = 0.3


@dataclass(frozen=True)
class Ranks:
    """Ranks of a class, scaled to its size.

    Attributes:
        nearest: number of nearest photographs that positives are drawn from.
        after: ranks before those of in-class negatives, at least ``nearest``.
        until: last rank of in-class negatives.
    """

    nearest: int
    after: int
    until: int


def scale_ranks(settings: SharesSettings, others: int) -> Ranks:
    """The ranks in a class of a certain size.

    A class with fewer other photographs than ``settings.until`` has all three ranks in
    proportion, rounded, so that its last ones are in-class negatives too.

    Args:
        settings: ranks of a class that is large enough.
        others: photographs of the class beside the query.

    >>> scale_ranks(SharesSettings(), 50)
    Ranks(nearest=10, after=25, until=50)
    """
    scale = min(1.0, others / settings.until)
    nearest = max(1, round(settings.nearest * scale))
    after = max(nearest, round(settings.after * scale))
    return Ranks(nearest, after, min(settings.until, others))


def shares_notes(photos: Sequence[Photo], settings: SharesSettings) -> list[str]:
    """Sentences about what the catalogue is too small for, or does not have."""
    shown = shown_rows(photos)
    names = class_names(photos, settings.by)
    sizes = Counter(names[row] for row in shown)
    small = {name: size for name, size in sizes.items() if size <= settings.until}
    notes = []
    if small:
        largest = max(small.values())
        ranks = scale_ranks(settings, largest - 1)
        notes.append(
            f"{len(small)} of {len(sizes)} classes have fewer than "
            f"{settings.until + 1} photographs of the catalogue; their ranks are "
            f"scaled down: in the largest of them, with {largest}, positives are "
            f"among the nearest {ranks.nearest}, in-class negatives from "
            f"{ranks.after} to {ranks.until}."
        )
    if settings.wild and not len(street_pairs(photos)):
        notes.append(
            "No street photograph shows an item of a shop photograph, so there are no "
            "wild triplets."
        )
    return notes


def draw_shares(
    photos: Sequence[Photo],
    settings: SharesSettings,
    scorers: Scorers,
    generator: np.random.Generator,
) -> list[ViewTriplet]:
    """Draw triplets in shares, each with candidates of one scorer.

    The scorer of a triplet is drawn with a probability of its weight. Queries of the
    catalogue are shop photographs, or all photographs of a dataset without them; one
    that is alone in its class is its own positive, mirrored. Where the wanted kind of
    negative does not exist, the other kind is taken.

    Args:
        photos: photographs of a split.
        settings: shares and ranks.
        scorers: similarities that candidates are ranked by.
        generator: random generator of every choice.

    Raises:
        BadUsage: The ranks contradict each other, or there is no scorer.
        BadDataset: No query has a negative.
    """
    if not settings.nearest <= settings.after < settings.until:
        raise BadUsage(
            f"nearest={settings.nearest}, after={settings.after} and "
            f"until={settings.until} are not in ascending order.",
            "Give ranks such as nearest=200, after=500, until=1000.",
        )
    weights = scorer_weights(scorers, settings)
    names, tables = list(scorers), list(scorers.values())
    drawing = _Drawing(photos, settings, generator)
    rows: list[tuple[int, int, int]] = []
    sources: list[str] = []
    for query, positive in _asked(photos, settings, generator):
        number = int(generator.choice(len(names), p=weights))
        drawn = drawing.draw(query, positive, tables[number])
        if drawn:
            rows.append(drawn)
            sources.append(names[number] if positive is None else WILD)
    if not rows:
        raise BadDataset(
            "No query has a negative: there is one item in one class.",
            "Add photographs of other items to the split.",
        )
    return to_triplets(photos, np.array(rows, dtype=np.int64), sources)


class _Drawing:
    """Draws positives and negatives of queries from one catalogue."""

    def __init__(
        self,
        photos: Sequence[Photo],
        settings: SharesSettings,
        generator: np.random.Generator,
    ) -> None:
        self._settings, self._generator = settings, generator
        self._items = number_names(item_names(photos))
        kinds = number_names(class_names(photos, settings.by))
        shown = shown_rows(photos)
        self._kinds = kinds
        self._of_kind = {kind: shown[kinds[shown] == kind] for kind in set(kinds)}
        self._outside = {kind: shown[kinds[shown] != kind] for kind in set(kinds)}

    def draw(
        self, query: int, positive: int | None, table: NDArray[np.float32]
    ) -> tuple[int, int, int] | None:
        """A triplet of a query, and of a positive unless one is to be drawn."""
        kind = self._kinds[query if positive is None else positive]
        members = self._of_kind[kind]
        members = members[members != query]
        ranks = scale_ranks(self._settings, len(members))
        order = members[np.argsort(-table[query, members], kind="stable")]
        if positive is None:
            near = order[: ranks.nearest]
            positive = int(self._generator.choice(near)) if len(near) else query
        alike = self._other_items(order[ranks.after : ranks.until], query, positive)
        # An item may be in two folders, or show two categories.
        different = self._other_items(self._outside[kind], query, positive)
        kinds = [alike, different]
        if self._generator.random() >= self._settings.in_class:
            kinds.reverse()
        for candidates in kinds:
            if len(candidates):
                return query, positive, int(self._generator.choice(candidates))
        return None

    def _other_items(
        self, rows: NDArray[np.int64], query: int, positive: int
    ) -> NDArray[np.int64]:
        own = self._items[rows]
        others = (own != self._items[query]) & (own != self._items[positive])
        return np.asarray(rows[others])


def _asked(
    photos: Sequence[Photo], settings: SharesSettings, generator: np.random.Generator
) -> list[tuple[int, int | None]]:
    """Queries in random order, those of wild triplets with their positive."""
    shown, pairs = shown_rows(photos), street_pairs(photos)
    count = settings.count or len(photos)
    wild = round(count * settings.wild) if len(pairs) else 0
    asked: list[tuple[int, int | None]] = []
    if wild:
        taken = pairs[repeat_rows(len(pairs), 1, wild, generator)]
        asked += [(query, positive) for query, positive in taken.tolist()]
    if wild < count:
        taken = shown[repeat_rows(len(shown), 1, count - wild, generator)]
        asked += [(query, None) for query in taken.tolist()]
    return [asked[number] for number in generator.permutation(len(asked))]
