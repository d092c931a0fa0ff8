"""Sampling of triplets, from items, classes, views and a file, with hard negatives.

A view is the crop of a photograph as it is, its mirror image, or an altered copy (other
position, scale, background, light, ...). A photograph without another photograph of its
item or class uses another view of itself as the positive: the mirror rule of
TiefVision, in which that view is the mirror image. In a file of triplets, a positive
that equals its query stands for the same rule.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tiefvision.records import Photo, Triplet, View, groups_of


@dataclass(frozen=True)
class ViewTriplet:
    """Three views, of which the positive should be closer to the anchor.

    Attributes:
        anchor: view of the query photograph.
        positive: view that should be close to the anchor.
        negative: view that should be farther from the anchor than the positive.
        source: what proposed the positive, such as the name of a scorer; "" for
            nothing. Two triplets of the same views are equal.
    """

    anchor: View
    positive: View
    negative: View
    source: str = field(default="", compare=False)

    def views(self) -> tuple[View, View, View]:
        """The anchor, the positive and the negative, in this order."""
        return self.anchor, self.positive, self.negative


@dataclass(frozen=True)
class Query:
    """A training photograph, and the photographs it may form triplets with.

    Attributes:
        path: path of the anchor photograph.
        positives: paths of the photographs that may be its positive; if empty, another
            view of the anchor itself is the positive.
        gallery: paths of the photographs searched. Queries share one tuple: a list for
            each query would take memory quadratic in the size of the dataset.
        excluded: paths of the item or class of the anchor, which are no negatives.
        alike: paths of the photographs of the anchor's category, the anchor included;
            empty if its category is unknown. Queries of one category share one set.
    """

    path: str
    positives: tuple[str, ...]
    gallery: tuple[str, ...]
    excluded: frozenset[str] = frozenset()
    alike: frozenset[str] = frozenset()

    @property
    def negatives(self) -> Iterator[str]:
        """The paths of the gallery that are not excluded."""
        return (path for path in self.gallery if path not in self.excluded)


@dataclass(frozen=True)
class Hardness:
    """How hard the drawn negatives are.

    Attributes:
        hardest: number of closest candidates from which a hard negative is drawn.
            Always taking the very closest would give wrong labels too much weight
            (Cardigan's slides).
        close: share of negatives, in [0, 1], that are hard; the others are drawn from
            all candidates.
        in_class: share of negatives, in [0, 1], drawn from the query's category. A
            query without such candidates draws from all. Source of in-class and
            out-of-class negatives: Wang et al., arXiv:1404.4661.
        out_of_class: share of negatives, in [0, 1], drawn from other or unknown
            categories. ``in_class`` + ``out_of_class`` is at most 1; the remaining
            negatives are of any category.
    """

    hardest: int
    close: float = 1.0
    in_class: float = 0.0
    out_of_class: float = 0.0


POSITIVES = ("item", "view", "class")
"""Kinds of positives: the shop photograph of the item, another view of the same
photograph, or another photograph of the same class."""


def list_queries(photos: Sequence[Photo], positives: str = "item") -> list[Query]:
    """List the queries of a training split.

    Args:
        photos: photographs of the split.
        positives: kind of positives, one of ``POSITIVES``. "item": the positives of a
            street photograph are the shop photographs of its item, and its gallery is
            all shop photographs, as in a search; any other photograph uses another view
            of itself. "class": the positives are the other photographs with the same
            categories; a photograph alone in its class uses another view of itself.
            "view": every photograph uses another view of itself.

    Returns:
        Query of each photograph that has at least one negative, in order of ``photos``.
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
        alike = of_kind.get(groups_of(photo), frozenset())
        query = Query(photo.path, others, among, of_item[key(photo)], alike)
        if any(query.negatives):
            queries.append(query)
    return queries


def combine_queries(photos: Sequence[Photo], kinds: Sequence[str]) -> list[Query]:
    """List the queries of several kinds of positives, one kind after the other.

    A query whose photograph and positives equal those of an earlier one is left out.

    Args:
        photos: photographs of the split.
        kinds: kinds of positives, some of ``POSITIVES``, each once.
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
    return groups_of(photo) or photo.path


def _paths_by_kind(photos: Sequence[Photo]) -> dict[str, frozenset[str]]:
    """The paths of the photographs of each known category."""
    paths: dict[str, set[str]] = {}
    for photo in photos:
        if groups_of(photo):
            paths.setdefault(groups_of(photo), set()).add(photo.path)
    return {kind: frozenset(them) for kind, them in paths.items()}


def _positives(
    photo: Photo, own: Sequence[Photo], key: Callable[[Photo], str]
) -> tuple[str, ...]:
    """Paths of the positives of a photograph among those with the same key, ``own``."""
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
    """Draw one triplet for each query, with hard negatives by the current ranker.

    Args:
        queries: queries of the training split. Those whose anchor, or all of whose
            negatives, are missing from ``paths`` give no triplet.
        paths: paths of the N photographs that the ranker has compared.
        similarities: similarities of these photographs by the current ranker, (N, N)
            float32 in [-1, 1].
        hardness: how hard the negatives are.
        alterations: number of altered views of every photograph.
        generator: random generator of every choice.
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
    """The rows of negatives of the category to draw from, which is drawn first."""
    asked = hardness.in_class + hardness.out_of_class
    if not asked:
        return rows  # without using the generator, so that later draws stay the same
    draw = generator.random()
    if draw >= asked:
        return rows
    alike = np.array([paths[number] in query.alike for number in rows])
    chosen = rows[alike if draw < hardness.in_class else ~alike]
    return chosen if len(chosen) else rows


def _views_at_random(
    query: Query, negative: str, alterations: int, generator: np.random.Generator
) -> ViewTriplet:
    """A triplet with a random positive of the query, and random views of all three."""
    looks = 2 + alterations
    anchor, positive, other = (int(n) for n in generator.integers(0, looks, 3))
    chosen = query.path
    if query.positives:
        chosen = query.positives[int(generator.integers(len(query.positives)))]
    elif positive == anchor:  # a view must not be its own positive
        positive = (anchor + 1 + int(generator.integers(looks - 1))) % looks
    return ViewTriplet(
        _view(query.path, anchor), _view(chosen, positive), _view(negative, other)
    )


def _view(path: str, look: int) -> View:
    """A view by its number: 0 the crop as it is, 1 mirrored, from 2 on altered."""
    return View(path, mirrored=look == 1, alteration=max(0, look - 1))


def judged_triplets(triplets: Sequence[Triplet]) -> list[ViewTriplet]:
    """Triplets of views from those of a file.

    The positive is the mirror image of the query if both are the same photograph.
    """
    return [
        ViewTriplet(
            View(triplet.query),
            View(triplet.positive, mirrored=triplet.positive == triplet.query),
            View(triplet.negative),
        )
        for triplet in triplets
    ]


def judged_within(
    judged: Sequence[Triplet], photos: Sequence[Photo]
) -> list[ViewTriplet]:
    """The judged triplets whose three photographs are all among some, in order."""
    named = {photo.path for photo in photos}
    return [
        triplet
        for triplet in judged_triplets(judged)
        if named.issuperset(view.path for view in triplet.views())
    ]
