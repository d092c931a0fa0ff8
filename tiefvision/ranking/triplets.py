"""Triplets: from items, from mirror images, and from a file, with hard negatives.

A view is a photograph or its mirror image. A judged triplet whose positive is its
query, and a photograph whose item has no other, stand for the mirror rule: the
mirror image is the positive (TiefVision's rule).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiefvision.records import Photo, Triplet


@dataclass(frozen=True, order=True)
class View:
    """A photograph, or its mirror image."""

    path: str
    mirrored: bool = False


@dataclass(frozen=True)
class ViewTriplet:
    """The positive is to come closer to the anchor than the negative."""

    anchor: View
    positive: View
    negative: View

    def views(self) -> tuple[View, View, View]:
        """Anchor, positive, negative."""
        return self.anchor, self.positive, self.negative


@dataclass(frozen=True)
class Query:
    """What a photograph may be paired with.

    Attributes:
        path: The anchor.
        positives: Other photographs of its item; without any the mirror rule holds.
        gallery: Photographs of the kind searched; queries share one tuple, because a
            list for each would grow with the square of the dataset.
        excluded: Those of the gallery that are of its item.
    """

    path: str
    positives: tuple[str, ...]
    gallery: tuple[str, ...]
    excluded: frozenset[str] = frozenset()

    @property
    def negatives(self) -> Iterator[str]:
        """Photographs of the gallery that are none of its item."""
        return (path for path in self.gallery if path not in self.excluded)


def list_queries(photos: Sequence[Photo]) -> list[Query]:
    """What each photograph of a training split may be paired with.

    Where items have street and shop photographs, a street photograph asks for its shop
    photograph among those of other items, as a search does. All others, and all
    photographs of a dataset without items, follow the mirror rule.
    """
    everything = tuple(photo.path for photo in photos)
    shop = tuple(photo.path for photo in photos if photo.source == "shop")
    by_item: dict[str, list[Photo]] = {}
    for photo in photos:
        by_item.setdefault(photo.item_id or photo.path, []).append(photo)
    queries = []
    for photo in photos:
        own = by_item[photo.item_id or photo.path]
        positives = tuple(other.path for other in own if other.source == "shop")
        if photo.source == "shop":
            positives = ()
        query = Query(
            photo.path,
            positives,
            shop if positives else everything,
            frozenset(other.path for other in own),
        )
        if any(query.negatives):
            queries.append(query)
    return queries


def mine_triplets(
    queries: Sequence[Query],
    paths: Sequence[str],
    similarities: NDArray[np.float32],
    hardest: int,
    generator: np.random.Generator,
) -> list[ViewTriplet]:
    """One triplet a query, its negative drawn from the closest of the current ranker.

    Args:
        queries: Whose anchor is not in ``paths`` are left out; so are negatives.
        paths: Of the photographs compared.
        similarities: (len(paths), len(paths)) by the current ranker.
        hardest: The negative is drawn from so many of the closest: always the very
            closest would make much of wrong labels (Cardigan's slides).
        generator: Of the choice.
    """
    row = {path: number for number, path in enumerate(paths)}
    triplets = []
    for query in queries:
        rows = np.array([row[path] for path in query.negatives if path in row])
        if query.path not in row or len(rows) == 0:
            continue
        closeness = similarities[row[query.path], rows]
        closest = rows[np.argsort(-closeness, kind="stable")[:hardest]]
        negative = paths[int(generator.choice(closest))]
        triplets.append(_mirror_at_random(query, negative, generator))
    return triplets


def _mirror_at_random(
    query: Query, negative: str, generator: np.random.Generator
) -> ViewTriplet:
    anchor, positive, other = (bool(bit) for bit in generator.integers(0, 2, 3))
    if not query.positives:
        return ViewTriplet(
            View(query.path, anchor),
            View(query.path, not anchor),
            View(negative, other),
        )
    chosen = query.positives[int(generator.integers(len(query.positives)))]
    return ViewTriplet(
        View(query.path, anchor), View(chosen, positive), View(negative, other)
    )


def judged_triplets(triplets: Sequence[Triplet]) -> list[ViewTriplet]:
    """Triplets of a file, with the mirror rule applied."""
    return [
        ViewTriplet(
            View(triplet.query),
            View(triplet.positive, mirrored=triplet.positive == triplet.query),
            View(triplet.negative),
        )
        for triplet in triplets
    ]
