"""Pairs of a query and a positive that show one item."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from tiefvision.records import Photo
from tiefvision.triplets.sources.classes import item_names


def street_pairs(photos: Sequence[Photo]) -> NDArray[np.int64]:
    """Every pair of a street photograph and a shop photograph of its item.

    Args:
        photos: N photographs.

    Returns:
        Numbers of query and positive, (P, 2) int64, ordered by query, then positive.
    """
    return _as_rows(
        (query, positive)
        for query, positive in _pairs_of_items(photos)
        if (photos[query].source, photos[positive].source) == ("street", "shop")
    )


def item_pairs(photos: Sequence[Photo]) -> NDArray[np.int64]:
    """Every pair of a query and a positive of its item.

    These are the ``street_pairs``. Where there is none, a pair is any two photographs
    of one item; where there is none of these either, a photograph and itself, whose
    mirror image is then the positive.

    Args:
        photos: N photographs.

    Returns:
        Numbers of query and positive, (P, 2) int64, ordered by query, then positive.
    """
    pairs = street_pairs(photos)
    if not len(pairs):
        pairs = _as_rows(_pairs_of_items(photos))
    if not len(pairs):
        pairs = _as_rows((row, row) for row in range(len(photos)))
    return pairs


def shown_rows(photos: Sequence[Photo]) -> NDArray[np.int64]:
    """The rows of the catalogue: shop photographs, or all where there is none."""
    shop = [row for row, photo in enumerate(photos) if photo.source == "shop"]
    return np.array(shop or range(len(photos)), dtype=np.int64)


def _pairs_of_items(photos: Sequence[Photo]) -> Iterator[tuple[int, int]]:
    items = item_names(photos)
    own: dict[str, list[int]] = {}
    for row, item in enumerate(items):
        own.setdefault(item, []).append(row)
    for row, item in enumerate(items):
        yield from ((row, other) for other in own[item] if other != row)


def _as_rows(pairs: Iterable[tuple[int, int]]) -> NDArray[np.int64]:
    return np.array(list(pairs), dtype=np.int64).reshape(-1, 2)
