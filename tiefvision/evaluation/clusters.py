"""Which photographs show one product: the units that queries are resampled by."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tiefvision.records import Photo


def products_of(photos: Sequence[Photo]) -> NDArray[np.int64]:
    """Number of the product that each photograph shows.

    Photographs of one item show one product. So do photographs of one group: of one
    outfit, or near-duplicates. Items that share a group are one product together. A
    photograph without item and group is a product of its own.

    Args:
        photos: P photographs.

    Returns:
        (P,) numbers from 0, in the order in which the products first appear.

    >>> shown = ("a", ""), ("b", "g"), ("a", ""), ("c", "g"), ("", "")
    >>> known = [Photo("", 9, 9, "shop", "test", one, group=two) for one, two in shown]
    >>> products_of(known).tolist()
    [0, 1, 0, 1, 2]
    """
    first: dict[tuple[str, str], int] = {}
    leader = list(range(len(photos)))

    def find(number: int) -> int:
        while leader[number] != number:
            leader[number] = leader[leader[number]]
            number = leader[number]
        return number

    for number, photo in enumerate(photos):
        for name in (("item", photo.item_id), ("group", photo.group)):
            if name[1]:
                ends = sorted((find(first.setdefault(name, number)), find(number)))
                leader[ends[1]] = ends[0]
    leaders = [find(number) for number in range(len(photos))]
    order = {one: place for place, one in enumerate(dict.fromkeys(leaders))}
    return np.array([order[one] for one in leaders], dtype=np.int64)
