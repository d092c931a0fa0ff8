"""Classes of photographs, and draws of photographs within a class and outside of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from tiefvision.errors import require_known
from tiefvision.records import Photo

CATEGORY, FOLDER, ITEM = "category", "folder", "item"
CLASSES = (CATEGORY, FOLDER, ITEM)
"""What photographs of one class share: the category of their item or garments, the
folder that they lie in, or their item."""


def class_names(photos: Sequence[Photo], by: str = CATEGORY) -> list[str]:
    """The class of each photograph; "" if it is unknown.

    Args:
        photos: N photographs.
        by: one of ``CLASSES``. The category of an item is the one that most of its shop
            photographs show, so that a street photograph of a whole outfit has the
            category of the item that it is a query for. A photograph without such an
            item has the categories of its own garments, joined.

    Raises:
        BadUsage: ``by`` is unknown.
    """
    require_known("by", by, CLASSES)
    if by == ITEM:
        return [photo.item_id for photo in photos]
    if by == FOLDER:
        folders = [PurePosixPath(photo.path).parent for photo in photos]
        return [str(folder) if folder.parts else "" for folder in folders]
    shown: dict[str, Counter[str]] = {}
    for photo in photos:
        if photo.source == "shop" and photo.item_id and photo.garments:
            shown.setdefault(photo.item_id, Counter())[_own_categories(photo)] += 1
    of_item = {
        item: min(counts, key=lambda name: (-counts[name], name))
        for item, counts in shown.items()
    }
    return [of_item.get(photo.item_id) or _own_categories(photo) for photo in photos]


def item_names(photos: Sequence[Photo]) -> list[str]:
    """The item of each photograph; one of no known item is an item of its own."""
    return [photo.item_id or photo.path for photo in photos]


def number_names(names: Sequence[str]) -> NDArray[np.int64]:
    """The number of each name among the sorted distinct names, (N,) int64."""
    _, numbers = np.unique(np.array(names, dtype=object), return_inverse=True)
    return np.asarray(numbers, dtype=np.int64).reshape(len(names))


@dataclass(frozen=True, eq=False)
class Classes:
    """N rows in classes, sorted by class so that each class is one range.

    Attributes:
        numbers: class of each row, (N,) int64.
        order: rows sorted by class, (N,) int64.
        places: place of each row in ``order``, (N,) int64.
        starts: place of the first row of each class, and N, (C + 1,) int64.
    """

    numbers: NDArray[np.int64]
    order: NDArray[np.int64]
    places: NDArray[np.int64]
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, numbers: NDArray[np.int64]) -> "Classes":
        """The classes of rows by their numbers, as ``number_names`` gives them."""
        order = np.argsort(numbers, kind="stable")
        places = np.empty_like(order)
        places[order] = np.arange(len(order))
        sizes = np.bincount(numbers)
        starts = np.concatenate([[0], np.cumsum(sizes)])
        return cls(numbers, order, places, starts)

    def members(self, number: int) -> NDArray[np.int64]:
        """The rows of a class, in ascending order."""
        return self.order[self.starts[number] : self.starts[number + 1]]

    def draw_others(
        self, rows: NDArray[np.int64], generator: np.random.Generator
    ) -> NDArray[np.int64]:
        """For each row another one of its class, uniformly; itself if it is alone.

        Args:
            rows: rows, (T,) int64.
            generator: random generator.

        Returns:
            Rows, (T,) int64.
        """
        first, end = self._ranges(rows)
        alone = end - first < 2
        drawn = first + generator.integers(0, np.maximum(end - first - 1, 1))
        # The last place of the range stands for the row's own one, which is left out.
        drawn = np.where(drawn == self.places[rows], end - 1, drawn)
        return np.where(alone, rows, self.order[drawn])

    def draw_outside(
        self, rows: NDArray[np.int64], generator: np.random.Generator
    ) -> NDArray[np.int64]:
        """For each row one of the rows of other classes, uniformly.

        Args:
            rows: rows whose class does not hold all rows, (T,) int64.
            generator: random generator.

        Returns:
            Rows, (T,) int64.
        """
        first, end = self._ranges(rows)
        drawn = generator.integers(0, len(self.order) - (end - first))
        drawn = np.where(drawn >= first, drawn + (end - first), drawn)
        return self.order[drawn]

    def _ranges(
        self, rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        numbers = self.numbers[rows]
        return self.starts[numbers], self.starts[numbers + 1]


def _own_categories(photo: Photo) -> str:
    return " ".join(sorted({garment.category for garment in photo.garments}))
