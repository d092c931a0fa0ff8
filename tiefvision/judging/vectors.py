"""Embeddings that were made elsewhere, compared as a ranker.

They are of whole photographs or items as they come: no box of ours cuts them. An item's
vector stands for its shop photographs that have none of their own. A query without a
vector is a miss, and so is one whose right photographs have none; any other photograph
without a vector is ranked behind all that have one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiefvision.datasets.matching_names import Names
from tiefvision.errors import BadDataset, BadUsage
from tiefvision.evaluation.searches import Search
from tiefvision.ranking.embedding_checks import unit_embeddings
from tiefvision.ranking.garments import Embed, Garments
from tiefvision.records import Photo, View

ELSEWHERE = "whole photographs or items as they come, without boxes"
"""What the vectors are of, for the protocol."""


@dataclass(frozen=True, eq=False)
class VectorFile:
    """Vectors and their names.

    Attributes:
        path: the file.
        photos: path of the photograph of each row, N; "" for a row of an item.
        items: item of each row, N; "" if it is not told.
        vectors: (N, D) of any floating dtype; it may be mapped from the file.
    """

    path: Path
    photos: Sequence[str]
    items: Sequence[str]
    vectors: NDArray[Any]


@dataclass(frozen=True, eq=False)
class VectorRanker:
    """Looks up embeddings by the path of a photograph; as a ranker, it needs no crop.

    Attributes:
        name: name of the ranker.
        files: files of the vectors, all of one length.
        rows: row in ``numbers`` of each photograph that has a vector, by its path.
        numbers: embeddings of unit length, (n, D) float32.
    """

    name: str
    files: Sequence[VectorFile]
    rows: Mapping[str, int]
    numbers: NDArray[np.float32]

    def __call__(self, garments: Garments) -> NDArray[np.float32]:
        """Embed B photographs, (B, D): of unit length, or zeros where there is none.

        Raises:
            BadUsage: Some are altered or mirrored, of which there are no vectors.
        """
        views = garments.views
        if any(view.mirrored or view.alteration for view in views):
            raise BadUsage(
                f"{self.name} has vectors of photographs, and this dataset is searched "
                "with altered views of them.",
                "Give street photographs the items that they show, in "
                "annotations.json.",
            )
        rows = np.array([self.rows.get(view.path, -1) for view in views], np.int64)
        found = self.numbers[rows]
        found[rows < 0] = 0.0
        return found

    def lacks(self, views: Sequence[View]) -> NDArray[np.bool_]:
        """Whether each photograph has no vector, (B,) bool."""
        return np.array([view.path not in self.rows for view in views], dtype=np.bool_)

    def for_photos(self, photos: Sequence[Photo]) -> "VectorRanker":
        """The ranker of a dataset's photographs.

        Args:
            photos: all photographs of the dataset.

        Raises:
            BadDataset: No name of the files is one of the dataset's, or a photograph or
                an item has two vectors.
            BadEmbedding: A vector that is needed is not finite, or is zeros.
        """
        by_photo, by_item = self._named(photos)
        chosen: dict[str, tuple[int, int]] = {}
        for photo in photos:
            of_item = by_item.get(photo.item_id) if photo.source == "shop" else None
            place = by_photo.get(photo.path, of_item)
            if place is not None:
                chosen[photo.path] = place
        if not chosen:
            first = self.files[0]
            raise BadDataset(
                f"{first.path} names {first.photos[0] or first.items[0]!r}, and no "
                "photograph or item of this dataset.",
                "A photograph is named by its path below images/.",
            )
        places = {
            place: row for row, place in enumerate(dict.fromkeys(chosen.values()))
        }
        numbers = np.stack([self.files[n].vectors[row] for n, row in places])
        views = [View(self._name_of(place)) for place in places]
        return replace(
            self,
            rows={path: places[place] for path, place in chosen.items()},
            numbers=unit_embeddings(numbers, views, self.name),
        )

    def _named(
        self, photos: Sequence[Photo]
    ) -> tuple[dict[str, tuple[int, int]], dict[str, tuple[int, int]]]:
        """File and row of each photograph, and of each item that has a vector."""
        paths = Names((photo.path, photo.path) for photo in photos)
        by_photo: dict[str, tuple[int, int]] = {}
        by_item: dict[str, tuple[int, int]] = {}
        for number, file in enumerate(self.files):
            for row, (photo, item) in enumerate(
                zip(file.photos, file.items, strict=True)
            ):
                found = paths.find_path(photo) if photo else []
                name = found[0] if len(found) == 1 else photo
                kept, key = (by_photo, name) if photo else (by_item, item)
                if key in kept:
                    raise BadDataset(
                        f"{self.name} has two vectors of {key}.", "Leave one out."
                    )
                kept[key] = number, row
        return by_photo, by_item

    def _name_of(self, place: tuple[int, int]) -> str:
        number, row = place
        file = self.files[number]
        return file.photos[row] or f"item {file.items[row]}"


def with_photos(
    rankers: Mapping[str, Embed], photos: Sequence[Photo]
) -> dict[str, Embed]:
    """Rankers of which those of vectors know the photographs (``for_photos``)."""
    return {
        name: one.for_photos(photos) if isinstance(one, VectorRanker) else one
        for name, one in rankers.items()
    }


def cropped_rankers(rankers: Mapping[str, Embed]) -> dict[str, Embed]:
    """The rankers that read crops, and so are concerned by their boxes."""
    return {
        name: embed
        for name, embed in rankers.items()
        if not isinstance(embed, VectorRanker)
    }


def lacking(embed: Embed, views: Sequence[View]) -> NDArray[np.bool_] | None:
    """Photographs of which a ranker has no vector, (B,) bool; None if it has all."""
    if not isinstance(embed, VectorRanker):
        return None
    lacks = embed.lacks(views)
    return lacks if lacks.any() else None


def unanswered(embed: Embed, search: Search) -> NDArray[np.bool_]:
    """Queries that a ranker of vectors cannot answer, (Q,) bool.

    They have no vector, or no right photograph of the gallery has one.

    Args:
        embed: ranker of vectors.
        search: queries and gallery.
    """
    lacks = lacking(embed, search.gallery)
    found = search.gallery_items
    if lacks is not None:
        found = tuple(one for one, gone in zip(found, lacks, strict=True) if not gone)
    there = set(found)
    unfindable = np.array([item not in there for item in search.query_items], np.bool_)
    gone = lacking(embed, search.queries)
    return unfindable if gone is None else unfindable | gone


def missing_counts(
    rankers: Mapping[str, Embed], search: Search
) -> dict[str, dict[str, int]]:
    """Of each ranker of vectors: how many queries and gallery photographs have none."""
    return {
        name: {
            "queries": int(embed.lacks(search.queries).sum()),
            "gallery": int(embed.lacks(search.gallery).sum()),
        }
        for name, embed in rankers.items()
        if isinstance(embed, VectorRanker)
    }
