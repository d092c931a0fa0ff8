"""What a ranker is asked on a dataset: which queries, which gallery, what is a hit."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from tiefvision.ranking.triplets import View
from tiefvision.records import Photo, Split


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
        unanswerable: Queries left out because the gallery lacks their item.
    """

    kind: Literal["item", "view", "mirror"]
    queries: tuple[View, ...]
    query_items: tuple[str, ...]
    gallery: tuple[View, ...]
    gallery_items: tuple[str, ...]
    unanswerable: int = 0

    @property
    def description(self) -> str:
        """The protocol in words, without what became of the photographs."""
        if self.kind == "item":
            return (
                f"{len(self.queries)} street photographs search {len(self.gallery)} "
                "shop photographs; a hit is the same item, items counted once"
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
        return Search(
            "item",
            tuple(View(photo.path) for photo in queries),
            tuple(photo.item_id for photo in queries),
            tuple(View(photo.path) for photo in shop),
            # A shop photograph of no known item is an item of its own.
            tuple(photo.item_id or photo.path for photo in shop),
            unanswerable=len(street) - len(queries),
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
