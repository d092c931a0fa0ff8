"""The protocol of a comparison: queries, gallery, and what was left out."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tiefvision.datasets.survival import read_survival
from tiefvision.evaluation.restricting import items_in_reach
from tiefvision.evaluation.searches import Search, Within
from tiefvision.judging.boxes import PREDICTED, WHOLE
from tiefvision.judging.query_boxes import true_box
from tiefvision.records import Photo
from tiefvision.store.artifact import Artifact
from tiefvision.workspace.records import read_photos, read_skipped

ASKED = {
    "item": ("street photographs", "shop photographs", "the same item"),
    "view": ("altered views", "photographs", "the photograph itself"),
    "mirror": ("mirror images", "photographs", "the photograph itself"),
}
"""By kind of a search: its queries, its gallery, and what counts as a hit."""

SEARCHED: Mapping[Within, str] = {
    "all": "each query in the whole gallery",
    "category": "each query in the category that it asks for",
    "variants": "each query among other variants of its item and other items in its "
    "variant",
}
"""Part of the gallery that a query may find, in words."""


@dataclass(frozen=True)
class SearchTerms:
    """The protocol of a comparison, number by number.

    Attributes:
        hit: what a query must find: its item, or its own photograph.
        queries: number of queries.
        gallery: number of photographs that are searched.
        gallery_items: number of items among these photographs.
        within: part of the gallery that a query may find.
        reach: number of items that a query may find, at most.
        matching: pattern of the paths of queries.
        box: what was cropped: ``PREDICTED`` boxes, or ``WHOLE`` photographs.
        unsure: number of queries cropped by the surest of boxes below the score that is
            reported.
        missed: number of queries in which nothing was found: they count as misses.
        unfound_gallery: number of photographs of the gallery in which nothing was
            found: they are taken whole.
        unboxed: number of queries without an annotated box: their true box is the
            whole photograph.
        unreadable_queries: number of queries left out because their photograph cannot
            be read.
        unreadable_gallery: number of photographs missing from the gallery because they
            cannot be read.
        unanswerable: number of queries left out because their part of the gallery does
            not hold their item.
        alone: number of queries left out because their part of the gallery holds only
            their item.
        unknown: number of queries left out because their category, or variant, is
            unknown.
        published: number of queries in the lists that the dataset was imported from; 0
            if it is not known, or other queries are asked.
    """

    hit: Literal["item", "photograph"]
    queries: int
    gallery: int
    gallery_items: int
    within: Within
    reach: int
    matching: str
    box: str
    unsure: int
    missed: int
    unfound_gallery: int
    unboxed: int
    unreadable_queries: int
    unreadable_gallery: int
    unanswerable: int
    alone: int
    unknown: int
    published: int = 0

    @property
    def lost(self) -> int:
        """Number of published queries that cannot be asked."""
        return max(0, self.published - self.queries)

    def to_dict(self) -> dict[str, Any]:
        """The fields as values of JSON types."""
        return asdict(self)

    def in_words(self, search: Search) -> str:
        """One sentence on queries and gallery, and on photographs that were left out.

        Args:
            search: the search that these terms are of.
        """
        boxes = "whole photographs"
        if self.box != WHOLE:
            boxes = (
                f"predicted boxes, {self.unsure} of queries unsure; "
                f"{self.missed} queries in which nothing was found count as misses"
            )
        parts = [
            search.description,
            boxes,
            f"{self.unreadable_queries} could not be read, nor "
            f"{self.unreadable_gallery} of the gallery",
            f"{self.unanswerable} have no counterpart in the gallery",
        ]
        if self.alone:
            parts.append(f"{self.alone} could find nothing else")
        if self.unknown:
            parts.append(f"of {self.unknown} the {self.within} is unknown")
        if self.matching != "*":
            parts.append(f"queries match {self.matching}")
        if self.published:
            parts.append(f"{self.lost} of {self.published} published queries are lost")
        return "; ".join((*parts, "exact search"))

    def rows(self, search: Search) -> tuple[tuple[str, str], ...]:
        """The same as a small table of labels and values, for people.

        Args:
            search: the search that these terms are of.
        """
        asking, shown, hit = ASKED[search.kind]
        queries = f"{self.queries} {asking}"
        if self.matching != "*":
            queries += f" that match {self.matching}"
        gallery = f"{self.gallery} {shown}"
        if self.gallery_items != self.gallery:
            gallery += f" of {self.gallery_items} items, each counted once"
        boxes, missed = "whole photographs", "none"
        if self.box != WHOLE:
            boxes = f"predicted; {self.unsure} of the queries unsure"
        if self.missed:
            missed = f"{self.missed} queries in which nothing was found"
        return (
            ("queries", queries),
            ("gallery", gallery),
            ("hit", hit),
            ("boxes", boxes),
            ("misses", missed),
            ("left out", self._left_out() or "none"),
            *self._published(),
            ("search", f"exact, {SEARCHED[self.within]}"),
        )

    def _published(self) -> tuple[tuple[str, str], ...]:
        """A row on the published queries, where their number is known."""
        if not self.published:
            return ()
        return (("published", f"{self.published} queries; {self.lost} of them lost"),)

    def _left_out(self) -> str:
        """Queries and photographs of the gallery that take no part, by the reason."""
        counts = {
            "unreadable queries": self.unreadable_queries,
            "unreadable photographs of the gallery": self.unreadable_gallery,
            "queries without a counterpart in the gallery": self.unanswerable,
            "queries that could find nothing else": self.alone,
            f"queries of unknown {self.within}": self.unknown,
        }
        return "; ".join(f"{count} {name}" for name, count in counts.items() if count)


def terms_of(
    search: Search,
    records: Artifact,
    crops: Artifact,
    available: Collection[str],
    matching: str = "*",
) -> SearchTerms:
    """The terms of a search of the test split.

    Args:
        search: the search.
        records: the artifact of stage 1.
        crops: the artifact of stage 6.
        available: paths of the photographs that have maps.
        matching: pattern of the paths of queries.
    """
    photos = read_photos(records)
    whole = are_whole(crops)
    asking = [crops.record(f"crop/{view.path}") for view in search.queries]
    shown = [crops.record(f"crop/{view.path}") for view in search.gallery]
    boxed = {photo.path for photo in photos if true_box(photo)}
    every = (*photos, *read_skipped(records))
    lost = [photo for photo in every if photo.path not in available]
    return SearchTerms(
        hit="item" if search.kind == "item" else "photograph",
        queries=len(search.queries),
        gallery=len(search.gallery),
        gallery_items=len(set(search.gallery_items)),
        within=search.within,
        reach=max(items_in_reach(search), default=0),
        matching=matching,
        box=WHOLE if whole else PREDICTED,
        unsure=sum(bool(crop.get("unsure")) for crop in asking),
        missed=int(missed_queries(search, crops).sum()),
        unfound_gallery=0 if whole else sum(crop["box"] is None for crop in shown),
        unboxed=sum(view.path not in boxed for view in search.queries),
        unreadable_queries=_asking(search, lost, matching),
        unreadable_gallery=sum(
            search.kind != "item" or photo.source == "shop" for photo in lost
        ),
        unanswerable=len(search.lacking),
        alone=len(search.alone),
        unknown=len(search.unknown),
        published=_published_queries(search, records, matching),
    )


def protocol_rows(
    terms: Mapping[str, Any], search: Search
) -> tuple[tuple[str, str], ...]:
    """``SearchTerms.rows`` of terms as a dictionary; nothing where there are none."""
    return SearchTerms(**terms).rows(search) if terms else ()


def note_reach(terms: Mapping[str, Any], cut: int) -> str:
    """A note on recall if a query can find fewer items than a cut; "" otherwise.

    Args:
        terms: terms of a search, as ``SearchTerms.to_dict`` gives them, or an empty
            dictionary where they are not known.
        cut: the largest k of the recall@k that are shown.
    """
    reach = terms.get("reach", cut + 1)
    if reach > cut:
        return ""
    return (
        f"A query may find {reach} items at most: from recall@{reach} on every query "
        "that is not a miss is found."
    )


def missed_queries(search: Search, crops: Artifact) -> NDArray[np.bool_]:
    """Queries in which no garment was located: they are misses. (Q,) bool."""
    if are_whole(crops):
        return np.zeros(len(search.queries), dtype=np.bool_)
    found = (crops.record(f"crop/{view.path}")["box"] for view in search.queries)
    return np.array([box is None for box in found], dtype=np.bool_)


def are_whole(crops: Artifact) -> bool:
    """Whether crops are whole photographs, without a locator."""
    return bool(crops.header.details.get("boxes") == WHOLE)


def _published_queries(search: Search, records: Artifact, matching: str) -> int:
    """Number of queries in the published lists; 0 if it is not that of this search."""
    dealt_anew = records.header.config.get("folds")
    asked = search.kind == "item" and search.within != "variants" and matching == "*"
    survival = read_survival(Path(records.header.details.get("root", "")))
    if dealt_anew or not asked or survival is None:
        return 0
    published = survival.queries.published
    return published if published >= len(search.queries) else 0


def _asking(search: Search, photos: Sequence[Photo], matching: str) -> int:
    """Number of photographs that would be queries."""
    return sum(
        photo.split == "test"
        and fnmatchcase(photo.path, matching)
        and (search.kind != "item" or bool(photo.source == "street" and photo.item_id))
        for photo in photos
    )
