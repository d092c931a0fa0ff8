"""Pairs of a query and a positive that show one item."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tiefvision.records import Photo
from tiefvision.triplets.sources.classes import item_names


def item_pairs(photos: Sequence[Photo]) -> NDArray[np.int64]:
    """Every pair of a query and a positive of its item.

    A pair is a street photograph and a shop photograph of its item. Where there is no
    such pair, it is any two photographs of one item; where there is none of these
    either, a photograph and itself, whose mirror image is then the positive.

    Args:
        photos: N photographs.

    Returns:
        Numbers of query and positive, (P, 2) int64, ordered by query, then positive.
    """
    own: dict[str, list[int]] = {}
    for row, item in enumerate(item_names(photos)):
        own.setdefault(item, []).append(row)
    together = [
        (row, other)
        for row, item in enumerate(item_names(photos))
        for other in own[item]
        if other != row
    ]
    across = [
        (query, positive)
        for query, positive in together
        if (photos[query].source, photos[positive].source) == ("street", "shop")
    ]
    mirrored = [(row, row) for row in range(len(photos))]
    pairs = np.array(across or together or mirrored, dtype=np.int64)
    return pairs.reshape(-1, 2)


def shown_rows(photos: Sequence[Photo]) -> NDArray[np.int64]:
    """The rows of the catalogue: shop photographs, or all where there is none."""
    shop = [row for row, photo in enumerate(photos) if photo.source == "shop"]
    return np.array(shop or range(len(photos)), dtype=np.int64)
