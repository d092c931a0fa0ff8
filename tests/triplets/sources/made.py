"""Photographs of a small shop, for the tests of samplings."""

import numpy as np

from tiefvision.records import Garment, Photo
from tiefvision.triplets.sources import SAMPLINGS

BOX = (0.0, 0.0, 9.0, 9.0)


def photo(path, category="", item="", source="shop"):
    garments = (Garment(category, BOX),) if category else ()
    return Photo(path, 10, 10, source, "train", item, garments=garments)


def shop(sizes, street=1):
    """A shop photograph of each item, and ``street`` photographs of it.

    Args:
        sizes: number of items of each category.
        street: street photographs of an item.
    """
    photos = []
    for category, items in sizes.items():
        for number in range(items):
            item = f"{category}{number:02}"
            photos.append(photo(f"shop/{item}.jpg", category, item))
            for view in range(street):
                path = f"street/{item}-{view}.jpg"
                photos.append(photo(path, category, item, "street"))
    return photos


def draw(name, photos, scorers=None, seed=0, **given):
    """Triplets of a sampling as paths, and the triplets."""
    sampling = SAMPLINGS[name]
    settings = sampling.with_settings({key: str(one) for key, one in given.items()})
    generator = np.random.default_rng(seed)
    triplets = sampling.draw(photos, settings, scorers or {}, generator)
    return [tuple(view.path for view in one.views()) for one in triplets], triplets


def noise(photos, seed=0):
    """A symmetric table of random similarities in [0, 1], (N, N) float32."""
    table = np.random.default_rng(seed).random((len(photos),) * 2, dtype=np.float32)
    return (table + table.T) / 2
