"""What a ranker is asked on a dataset: which queries, which gallery, what is a hit."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from tiefvision.records import Photo, Split, View, kind_of

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


def _kinds_of_items(items: Sequence[str], shop: Sequence[Photo]) -> dict[str, str]:
    """What most shop photographs of each item show, the first by name of several."""
    counts: dict[str, Counter[str]] = {item: Counter() for item in items}
    for item, photo in zip(items, shop, strict=True):
        counts[item].update({kind_of(photo)} - {""})
    return {
        item: min(kinds, key=lambda kind: (-kinds[kind], kind), default="")
        for item, kinds in counts.items()
    }


def same_names(ours: Sequence[str], theirs: Sequence[str]) -> NDArray[np.bool_]:
    """(Q, N) whether two names are the same, by numbers: text compares slowly."""
    number = {name: index for index, name in enumerate({*ours, *theirs})}
    one, other = (
        np.array([number[name] for name in names], dtype=np.int64)
        for names in (ours, theirs)
    )
    return np.asarray(one[:, None] == other[None])
