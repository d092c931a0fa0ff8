"""What kinds of triplets were drawn, in shares."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tiefvision.records import Photo
from tiefvision.triplets.sampling import ViewTriplet
from tiefvision.triplets.sources.classes import CATEGORY, class_names
from tiefvision.triplets.sources.sampling import Scorers


@dataclass(frozen=True)
class KindShares:
    """The kinds of some triplets, as shares in [0, 1] unless they are numbers.

    Attributes:
        triplets: number of triplets.
        queries: number of different queries.
        photos: number of different photographs.
        same_item: share whose positive is another photograph of the query's item.
        mirrored: share whose positive is the query itself, mirrored.
        in_class: share whose negative is of the query's class.
        out_of_class: share whose negative is of another class.
        unknown_class: share where one of these classes is unknown.
        street: share whose query is a street photograph.
        sources: share of the triplets that each scorer, or wild pairs, proposed; empty
            for a sampling that proposes nothing.
        in_order: by scorer, the share whose positive it ranks before the negative.
    """

    triplets: int
    queries: int
    photos: int
    same_item: float
    mirrored: float
    in_class: float
    out_of_class: float
    unknown_class: float
    street: float
    sources: dict[str, float]
    in_order: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """The fields as values of JSON types."""
        return asdict(self)


def count_kinds(
    photos: Sequence[Photo],
    triplets: Sequence[ViewTriplet],
    scorers: Scorers,
    by: str = CATEGORY,
) -> KindShares:
    """Count the kinds of triplets.

    Args:
        photos: photographs that the triplets were drawn from.
        triplets: triplets, at least one.
        scorers: similarities of the photographs, as they were drawn with.
        by: what photographs of one class share, as for ``class_names``.
    """
    row = {photo.path: number for number, photo in enumerate(photos)}
    kinds, items = class_names(photos, by), [photo.item_id for photo in photos]
    rows = [tuple(row[view.path] for view in triplet.views()) for triplet in triplets]
    counts: Counter[str] = Counter()
    for query, positive, negative in rows:
        classes = kinds[query], kinds[negative]
        counts["mirrored"] += query == positive
        same = bool(items[query]) and items[query] == items[positive]
        counts["same_item"] += same and query != positive
        counts["unknown_class"] += "" in classes
        counts["in_class"] += "" not in classes and classes[0] == classes[1]
        counts["out_of_class"] += "" not in classes and classes[0] != classes[1]
        counts["street"] += photos[query].source == "street"
    total = len(rows)
    sources = Counter(one.source for one in triplets if one.source)
    names = ("same_item", "mirrored", "in_class", "out_of_class")
    return KindShares(
        total,
        len({query for query, _, _ in rows}),
        len({number for triple in rows for number in triple}),
        **{name: counts[name] / total for name in (*names, "unknown_class", "street")},
        sources={name: count / total for name, count in sorted(sources.items())},
        in_order={
            name: sum(bool(table[q, p] > table[q, n]) for q, p, n in rows) / total
            for name, table in scorers.items()
        },
    )
