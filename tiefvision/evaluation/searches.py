"""The protocol of a comparison: queries, gallery, and what counts as a hit."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from tiefvision.evaluation.clusters import products_of
from tiefvision.records import Photo, Split, View, groups_of

T = TypeVar("T")

Within = Literal["all", "category", "variants"]

WITHIN_IN_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "all": "",
        "category": ", each within the category that it asks for",
        "variants": ", each other variants of its item and other items in its variant",
    }
)
"""Part of the gallery that each query searches, in the words of a description."""


@dataclass(frozen=True)
class Search:
    """A set of queries over a gallery.

    Attributes:
        kind: "item": street photographs search for their item among shop photographs.
            For datasets that tie no two photographs to one item, "view": altered views
            search for their own photograph among all; or "mirror": mirror images do.
        queries: The Q query views, of one split.
        query_items: Item that each query must find, Q.
        gallery: The N views that are searched, of all splits.
        gallery_items: Item of each view of the gallery, N.
        lacking: Paths of photographs that are no queries because the gallery, or the
            part that they may search, lacks their item.
        alone: Paths of photographs that are no queries because the part of the gallery
            that they may search holds nothing but their item.
        unknown: Paths of photographs that are no queries because their category, or
            variant, is unknown.
        query_kinds: Category of the item that each query must find, Q, "" if unknown;
            () for searches of another kind than "item". The category of an item is the
            one that most of its shop photographs show.
        gallery_kinds: Category of the item of each view of the gallery, N or ().
        query_variants: Variant of each query, such as the colour, Q, "" if unknown; ()
            for searches of another kind than "item".
        gallery_variants: Variant of each view of the gallery, N or ().
        within: Part of the gallery that each query searches. "all": the whole gallery.
            "category": items of the category of its own item. "variants": its item in
            other variants, and other items in its variant, so that the variant (mostly
            a colour) is misleading.
        products: Number of the product that each query shows, Q, as `products_of`
            gives them; () if every query shows another product.
        grades: Graded relevance of rows of the gallery, above 0, for each query, by
            name of a file of judgements, as `with_judgements` reads them; {} where only
            the item counts.
        unjudged: Paths of photographs that are no queries because no judgement finds
            anything relevant for them.
        closeups: Number of close-ups of each photograph of the gallery, to which
            queries are compared as well.
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
    products: tuple[int, ...] = ()
    grades: Mapping[str, tuple[Mapping[int, float], ...]] = field(default_factory=dict)
    unjudged: tuple[str, ...] = ()
    closeups: int = 0

    @property
    def description(self) -> str:
        """The protocol in words, without the photographs that were left out."""
        closer = f" with {self.closeups} close-ups each" if self.closeups else ""
        if self.kind == "item":
            return (
                f"{len(self.queries)} street photographs search {len(self.gallery)} "
                f"shop photographs{closer}"
                f"{WITHIN_IN_WORDS[self.within]}; a hit is the same item, "
                "items counted once"
            )
        asking = "altered views" if self.kind == "view" else "mirror images"
        return (
            f"{len(self.queries)} {asking} search {len(self.gallery)} "
            f"photographs{closer}; a hit is the photograph itself"
        )


def search_of_split(
    photos: Sequence[Photo],
    split: Split,
    available: Collection[str],
    alterations: int = 0,
    closeups: int = 0,
) -> Search:
    """The search of a split, of the first kind of `Search.kind` that its photos allow.

    Args:
        photos: All photographs of the dataset; the gallery takes those of every split.
        split: Split of the queries.
        available: Paths of the photographs that have been encoded.
        alterations: Number of altered views of each photograph. With 1 or more the
            first of them is the query of a "view" search; with 0 a dataset without
            items gets a "mirror" search.
        closeups: Number of close-ups of each photograph.
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
            products=tuple(products_of(queries).tolist()),
            closeups=closeups,
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
        products=tuple(products_of(asking).tolist()),
        closeups=closeups,
    )


def with_every_alteration(search: Search, alterations: int) -> Search:
    """The same search, with all altered views of its photographs as queries.

    A search that tells how well a ranker does asks with one view of each photograph;
    one to learn from can do with more.

    Args:
        search: a search of any kind; those without altered views stay as they are.
        alterations: number of altered views of each photograph.
    """
    if search.kind != "view":
        return search
    numbers = range(1, alterations + 1)
    return replace(
        search,
        queries=tuple(
            replace(view, alteration=number)
            for number in numbers
            for view in search.queries
        ),
        query_items=search.query_items * len(numbers),
        products=search.products * len(numbers),
    )


def _kinds_of_items(items: Sequence[str], shop: Sequence[Photo]) -> dict[str, str]:
    """Category that most shop photographs of each item show, "" if none is known.

    Among equally frequent categories the first by name.

    Args:
        items: Item of each shop photograph.
        shop: The shop photographs.
    """
    counts: dict[str, Counter[str]] = {item: Counter() for item in items}
    for item, photo in zip(items, shop, strict=True):
        counts[item].update({groups_of(photo)} - {""})
    return {
        item: min(kinds, key=lambda kind: (-kinds[kind], kind), default="")
        for item, kinds in counts.items()
    }


def same_names(ours: Sequence[str], theirs: Sequence[str]) -> NDArray[np.bool_]:
    """(Q, N) bool, whether each of Q names equals each of N names.

    Compares numbers in place of the names, which is faster than comparing text.
    """
    number = {name: index for index, name in enumerate({*ours, *theirs})}
    one, other = (
        np.array([number[name] for name in names], dtype=np.int64)
        for names in (ours, theirs)
    )
    return np.asarray(one[:, None] == other[None])
