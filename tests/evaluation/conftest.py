"""Photographs of both sources and all splits, in which searches are made."""

import pytest

from tiefvision.records import Photo


def photo(path, source, split, item=""):
    return Photo(path, 10, 10, source, split, item_id=item)


PHOTOS = [
    photo("street/a", "street", "test", "a"),
    photo("street/b", "street", "test", "b"),
    photo("street/lost", "street", "test", "lost"),  # the shop does not have it
    photo("street/unknown", "street", "test"),
    photo("street/c", "street", "val", "c"),
    photo("shop/a", "shop", "test", "a"),
    photo("shop/a2", "shop", "test", "a"),
    photo("shop/b", "shop", "train", "b"),  # shop photographs of all splits count
    photo("shop/c", "shop", "val", "c"),
    photo("shop/unknown", "shop", "train"),
]


@pytest.fixture
def split_photos():
    """Street and shop photographs of every split, some of them of no known item."""
    return PHOTOS


@pytest.fixture
def every(split_photos):
    """Paths of ``split_photos``."""
    return {item.path for item in split_photos}
