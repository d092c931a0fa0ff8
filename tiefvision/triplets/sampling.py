"""Triplets: from items, classes, views and a file, with hard negatives.

A view is a photograph, its mirror image or an altered one. A judged triplet whose
positive is its query stands for the mirror rule: the mirror image is the positive
(TiefVision's rule). A photograph whose item has no other asks for another view of
itself, which is the mirror image where no altered views were made.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiefvision.records import Photo, Triplet, View, kind_of


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
        alike: Photographs of its category, itself among them, which queries share too;
            none where its category is not known.
    """

    path: str
    positives: tuple[str, ...]
    gallery: tuple[str, ...]
    excluded: frozenset[str] = frozenset()
    alike: frozenset[str] = frozenset()

    @property
    def negatives(self) -> Iterator[str]:
        """Photographs of the gallery that are none of its item."""
        return (path for path in self.gallery if path not in self.excluded)


@dataclass(frozen=True)
class Hardness:
    """Which negatives are drawn.

    Attributes:
        hardest: From so many of the closest: always the very closest would make much of
            wrong labels (Cardigan's slides).
        close: Share that is drawn so; the others are drawn from all.
        in_class: Share that is of the query's category. A query that has none such
            takes them as they come. Source of the two sorts: Wang et al.,
            arXiv:1404.4661.
        out_of_class: Share that is of another category, or of none that is known. Both
            shares together are at most 1; the remaining negatives are of any.
    """

    hardest: int
    close: float = 1.0
    in_class: float = 0.0
    out_of_class: float = 0.0


POSITIVES = ("item", "view", "class")
"""What makes a positive: the shop photograph of the item, another view of the same
photograph, or another photograph of the same class."""


def list_queries(photos: Sequence[Photo], positives: str = "item") -> list[Query]:
    """What each photograph of a training split may be paired with.

    Args:
        photos: Of the split.
        positives: One of ``POSITIVES``. By item, a street photograph asks for its shop
            photograph among those of other items, as a search does; all others, and
            all photographs of a dataset without items, ask for another view of
            themselves. By class, photographs of the same categories belong together;
            one that is alone in its class asks for another view of itself.
    """
    everything = tuple(photo.path for photo in photos)
    shop = tuple(photo.path for photo in photos if photo.source == "shop")
    key = _class_of if positives == "class" else _item_of
    own: dict[str, list[Photo]] = {}
    for photo in photos:
        own.setdefault(key(photo), []).append(photo)
    of_item = {item: frozenset(one.path for one in them) for item, them in own.items()}
    of_kind = _paths_by_kind(photos)
    queries = []
    for photo in photos:
        others = () if positives == "view" else _positives(photo, own[key(photo)], key)
        among = shop if others and positives == "item" else everything
        alike = of_kind.get(kind_of(photo), frozenset())
        query = Query(photo.path, others, among, of_item[key(photo)], alike)
        if any(query.negatives):
            queries.append(query)
    return queries


def combine_queries(photos: Sequence[Photo], kinds: Sequence[str]) -> list[Query]:
    """The queries of several kinds of positives, one after the other.

    Where two kinds ask the same of a photograph, for its own views, it asks once.

    Args:
        photos: Of the split.
        kinds: Some of ``POSITIVES``, each once.
    """
    seen: set[tuple[str, tuple[str, ...]]] = set()
    combined = []
    for kind in kinds:
        for query in list_queries(photos, kind):
            if (query.path, query.positives) not in seen:
                seen.add((query.path, query.positives))
                combined.append(query)
    return combined


def _item_of(photo: Photo) -> str:
    return photo.item_id or photo.path


def _class_of(photo: Photo) -> str:
    return kind_of(photo) or photo.path


def _paths_by_kind(photos: Sequence[Photo]) -> dict[str, frozenset[str]]:
    """The paths of each known kind."""
    paths: dict[str, set[str]] = {}
    for photo in photos:
        if kind_of(photo):
            paths.setdefault(kind_of(photo), set()).add(photo.path)
    return {kind: frozenset(them) for kind, them in paths.items()}


def _positives(
    photo: Photo, own: Sequence[Photo], key: Callable[[Photo], str]
) -> tuple[str, ...]:
    if key is _class_of:
        return tuple(other.path for other in own if other is not photo)
    if photo.source == "shop":
        return ()
    return tuple(other.path for other in own if other.source == "shop")


def mine_triplets(
    queries: Sequence[Query],
    paths: Sequence[str],
    similarities: NDArray[np.float32],
    hardness: Hardness,
    alterations: int,
    generator: np.random.Generator,
) -> list[ViewTriplet]:
    """One triplet a query, its negative drawn from the closest of the current ranker.

    Args:
        queries: Whose anchor is not in ``paths`` are left out; so are negatives.
        paths: Of the photographs compared.
        similarities: (len(paths), len(paths)) by the current ranker.
        hardness: Which negatives are drawn.
        alterations: Altered views that every photograph has.
        generator: Of the choice.
    """
    row = {path: number for number, path in enumerate(paths)}
    triplets = []
    for query in queries:
        rows = np.array([row[path] for path in query.negatives if path in row])
        if query.path not in row or len(rows) == 0:
            continue
        rows = _of_class(query, rows, paths, hardness, generator)
        if hardness.close >= 1.0 or generator.random() < hardness.close:
            closeness = similarities[row[query.path], rows]
            rows = rows[np.argsort(-closeness, kind="stable")[: hardness.hardest]]
        negative = paths[int(generator.choice(rows))]
        triplets.append(_views_at_random(query, negative, alterations, generator))
    return triplets


def _of_class(
    query: Query,
    rows: NDArray[np.int64],
    paths: Sequence[str],
    hardness: Hardness,
    generator: np.random.Generator,
) -> NDArray[np.int64]:
    """Those of some negatives that are of the class of which one is to be drawn."""
    asked = hardness.in_class + hardness.out_of_class
    if not asked:
        return rows  # nothing is drawn, so that other draws stay as they are
    draw = generator.random()
    if draw >= asked:
        return rows
    alike = np.array([paths[number] in query.alike for number in rows])
    chosen = rows[alike if draw < hardness.in_class else ~alike]
    return chosen if len(chosen) else rows


def _views_at_random(
    query: Query, negative: str, alterations: int, generator: np.random.Generator
) -> ViewTriplet:
    looks = 2 + alterations
    anchor, positive, other = (int(n) for n in generator.integers(0, looks, 3))
    chosen = query.path
    if query.positives:
        chosen = query.positives[int(generator.integers(len(query.positives)))]
    elif positive == anchor:  # a view is no positive of itself
        positive = (anchor + 1 + int(generator.integers(looks - 1))) % looks
    return ViewTriplet(
        _view(query.path, anchor), _view(chosen, positive), _view(negative, other)
    )


def _view(path: str, look: int) -> View:
    """The crop as it is, its mirror image, then the altered views."""
    return View(path, mirrored=look == 1, alteration=max(0, look - 1))


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
