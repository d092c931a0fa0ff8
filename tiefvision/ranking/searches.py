"""What a ranker is asked on a dataset: which queries, which gallery, what is a hit."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from tiefvision.errors import BadUsage
from tiefvision.ranking.triplets import View
from tiefvision.records import Photo, Split

T = TypeVar("T")

Within = Literal["all", "category", "variants"]

GALLERIES: Mapping[str, str] = MappingProxyType(
    {
        "all": "",
        "category": ", each within the category that it asks for",
        "variants": ", each other variants of its item and other items in its variant",
    }
)
"""What of the gallery is searched, in words."""


@dataclass(frozen=True)
class Search:
    """A set of queries over a gallery.

    Attributes:
        kind: "item": street photographs ask for their item among shop photographs.
            For datasets that tie no two photographs to one item, "view": altered views
            ask for their own photograph among all; or "mirror": mirror images do.
        queries: Views of the split.
        query_items: What each must find.
        gallery: Views, of all splits.
        gallery_items: What each is.
        lacking: Photographs left out because what they may find lacks their item.
        alone: Photographs left out because they may find nothing but their item.
        unknown: Photographs left out because their category, or variant, is unknown.
        query_kinds: The category of what each query must find, "" if unknown; () where
            none is known. That of an item is what most of its shop photographs show.
        gallery_kinds: Likewise, of the gallery.
        query_variants: Such as its colour, "" if unknown; () where none is known.
        gallery_variants: Likewise, of the gallery.
        within: What of the gallery a query may find. "category": what is of the kind
            that it must find. "variants": other variants of its item, and other items
            in its variant, so that the variant, mostly a colour, leads astray.
    """

    kind: Literal["item", "view", "mirror"]
    queries: tuple[View, ...]
    query_items: tuple[str, ...]
    gallery: tuple[View, ...]
    gallery_items: tuple[str, ...]
    lacking: tuple[str, ...] = ()
    alone: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    query_kinds: tuple[str, ...] = ()
    gallery_kinds: tuple[str, ...] = ()
    query_variants: tuple[str, ...] = ()
    gallery_variants: tuple[str, ...] = ()
    within: Within = "all"

    @property
    def description(self) -> str:
        """The protocol in words, without what became of the photographs."""
        if self.kind == "item":
            return (
                f"{len(self.queries)} street photographs search {len(self.gallery)} "
                f"shop photographs{GALLERIES[self.within]}; a hit is the same item, "
                "items counted once"
            )
        asking = "altered views" if self.kind == "view" else "mirror images"
        return (
            f"{len(self.queries)} {asking} search {len(self.gallery)} "
            "photographs; a hit is the photograph itself"
        )


def search_of_split(
    photos: Sequence[Photo],
    split: Split,
    available: Collection[str],
    alterations: int = 0,
) -> Search:
    """The search that a split allows.

    Args:
        photos: Of the dataset; the shop photographs of every split are searched.
        split: Whose photographs ask.
        available: Paths of the photographs that have maps.
        alterations: Altered views of each, one of which may ask.
    """
    photos = [photo for photo in photos if photo.path in available]
    asking = [photo for photo in photos if photo.split == split]
    shop = [photo for photo in photos if photo.source == "shop"]
    items = {photo.item_id for photo in shop if photo.item_id}
    street = [item for item in asking if item.source == "street" and item.item_id]
    queries = [photo for photo in street if photo.item_id in items]
    if queries:
        # A shop photograph of no known item is an item of its own.
        shown = tuple(photo.item_id or photo.path for photo in shop)
        kinds = _kinds_of_items(shown, shop)
        return Search(
            "item",
            tuple(View(photo.path) for photo in queries),
            tuple(photo.item_id for photo in queries),
            tuple(View(photo.path) for photo in shop),
            shown,
            lacking=tuple(photo.path for photo in street if photo.item_id not in items),
            query_kinds=tuple(kinds[photo.item_id] for photo in queries),
            gallery_kinds=tuple(kinds[item] for item in shown),
            query_variants=tuple(photo.variant for photo in queries),
            gallery_variants=tuple(photo.variant for photo in shop),
        )
    return Search(
        "view" if alterations else "mirror",
        tuple(
            View(photo.path, mirrored=not alterations, alteration=min(1, alterations))
            for photo in asking
        ),
        tuple(photo.path for photo in asking),
        tuple(View(photo.path) for photo in photos),
        tuple(photo.path for photo in photos),
    )


def allowed(search: Search, rows: slice) -> NDArray[np.bool_] | None:
    """What of the gallery some queries may find, (<= Q, N); None for all of it.

    Args:
        search: The search.
        rows: Which queries.
    """
    if search.within == "all":
        return None
    if search.within == "category":
        return _same_known(search.query_kinds[rows], search.gallery_kinds)
    items = same_names(search.query_items[rows], search.gallery_items)
    variants = same_names(search.query_variants[rows], search.gallery_variants)
    # What is of no known variant may be of the query's or of another.
    known = np.array([name != "" for name in search.gallery_variants], dtype=np.bool_)
    return np.asarray((items ^ variants) & known[None])


def restrict(search: Search, within: Within, matching: str = "*") -> Search:
    """A search with fewer queries or a smaller gallery for each.

    A query that no longer can find its item, or nothing else, is left out.

    Args:
        search: The whole one.
        within: What of the gallery a query may find.
        matching: Pattern of the paths of queries (``fnmatch``), such as "*_back*".

    Raises:
        BadUsage: There is no such query, or none that asks for anything.
    """
    if not search.queries:
        return search
    fates: dict[str, list[int]] = {
        "kept": [],
        "lacking": [],
        "alone": [],
        "unknown": [],
    }
    fate_of = _fates(search, within)
    for number, view in enumerate(search.queries):
        if fnmatchcase(view.path, matching):
            fates[fate_of(number)].append(number)
    if not any(fates.values()):
        raise BadUsage(
            f"No query matches {matching}.",
            f"Give --queries a pattern of paths such as {search.queries[0].path}.",
        )
    kept = fates["kept"]
    if not kept:
        raise BadUsage(
            f"--within {within} leaves no query: {len(fates['lacking'])} could not "
            f"find their item, {len(fates['alone'])} nothing else, and of "
            f"{len(fates['unknown'])} it is unknown.",
            "Leave --within out.",
        )

    def pick(values: tuple[T, ...]) -> tuple[T, ...]:
        return tuple(values[number] for number in kept) if values else ()

    def paths(fate: str) -> tuple[str, ...]:
        return tuple(search.queries[number].path for number in fates[fate])

    before = (path for path in search.lacking if fnmatchcase(path, matching))
    return replace(
        search,
        within=within,
        queries=pick(search.queries),
        query_items=pick(search.query_items),
        query_kinds=pick(search.query_kinds),
        query_variants=pick(search.query_variants),
        lacking=(*before, *paths("lacking")),
        alone=paths("alone"),
        unknown=paths("unknown"),
    )


def _fates(search: Search, within: Within) -> Callable[[int], str]:
    """A function that says what becomes of a query, by its number."""
    if within == "all":
        return lambda number: "kept"
    if search.kind != "item":
        raise BadUsage(
            f"--within {within}: the dataset ties no photographs to items, so that "
            "each asks for itself among all.",
            "Leave --within out.",
        )
    by_kind = within == "category"
    asked = search.query_kinds if by_kind else search.query_variants
    shown = search.gallery_kinds if by_kind else search.gallery_variants
    if not any(asked):
        named = "category" if by_kind else "variant"
        raise BadUsage(
            f"--within {within}: no photograph that asks has a {named}.",
            "Leave --within out.",
        )
    # Each photograph of the gallery is looked at once, whatever the queries are.
    items_of: defaultdict[str, set[str]] = defaultdict(set)
    names_of: defaultdict[str, set[str]] = defaultdict(set)
    for item, name in zip(search.gallery_items, shown, strict=True):
        if name:
            items_of[name].add(item)
            names_of[item].add(name)

    def fate(number: int) -> str:
        item, name = search.query_items[number], asked[number]
        if not name:
            return "unknown"
        names = names_of[item] & {name} if by_kind else names_of[item] - {name}
        if not names:
            return "lacking"
        return "kept" if items_of[name] - {item} else "alone"

    return fate


def items_in_reach(search: Search) -> list[int]:
    """How many items each query may find, its own among them."""
    if search.within == "all":
        return [len(set(search.gallery_items))] * len(search.queries)
    by_kind = search.within == "category"
    asked = search.query_kinds if by_kind else search.query_variants
    shown = search.gallery_kinds if by_kind else search.gallery_variants
    items_of: defaultdict[str, set[str]] = defaultdict(set)
    for item, name in zip(search.gallery_items, shown, strict=True):
        items_of[name].add(item)
    # Among variants its own item is there in another variant, if not in its own.
    return [
        len(items_of[name] | {item})
        for item, name in zip(search.query_items, asked, strict=True)
    ]


def _kinds_of_items(items: Sequence[str], shop: Sequence[Photo]) -> dict[str, str]:
    """What most shop photographs of each item show, the first by name of several."""
    counts: dict[str, Counter[str]] = {item: Counter() for item in items}
    for item, photo in zip(items, shop, strict=True):
        counts[item].update({_kind(photo)} - {""})
    return {
        item: min(kinds, key=lambda kind: (-kinds[kind], kind), default="")
        for item, kinds in counts.items()
    }


def _kind(photo: Photo) -> str:
    return " ".join(sorted({garment.category for garment in photo.garments}))


def same_kind(search: Search, rows: slice) -> NDArray[np.bool_] | None:
    """Which of the gallery are of the category that some queries ask for, (<= Q, N).

    None where no category is known.
    """
    if not any(search.query_kinds):
        return None
    return _same_known(search.query_kinds[rows], search.gallery_kinds)


def _same_known(ours: Sequence[str], theirs: Sequence[str]) -> NDArray[np.bool_]:
    """(Q, N) whether two names are the same; an unknown one is like no other."""
    known = np.array([name != "" for name in theirs], dtype=np.bool_)
    return np.asarray(same_names(ours, theirs) & known[None])


def same_names(ours: Sequence[str], theirs: Sequence[str]) -> NDArray[np.bool_]:
    """(Q, N) whether two names are the same, by numbers: text compares slowly."""
    number = {name: index for index, name in enumerate({*ours, *theirs})}
    one, other = (
        np.array([number[name] for name in names], dtype=np.int64)
        for names in (ours, theirs)
    )
    return np.asarray(one[:, None] == other[None])
