import numpy as np
import pytest

from tests.triplets.sources.made import draw, noise, photo, shop
from tiefvision.errors import BadDataset

PHOTOS = shop({"skirt": 6, "coat": 4}, street=2)
ROW = {one.path: number for number, one in enumerate(PHOTOS)}
ITEM = {one.path: one.item_id for one in PHOTOS}
TABLE = noise(PHOTOS)


def nearest_wrong(query, count):
    """The nearest shop photographs of other items, by a plain sort."""
    wrong = [
        one.path
        for one in PHOTOS
        if one.source == "shop" and one.item_id != ITEM[query]
    ]
    return sorted(wrong, key=lambda path: -TABLE[ROW[query], ROW[path]])[:count]


def test_negatives_are_the_nearest_wrong_items():
    paths, _ = draw("close", PHOTOS, {"one": TABLE}, nearest=3, negatives=3)
    assert len(paths) == 20 * 3
    for query in {query for query, _, _ in paths}:
        own = [
            (positive, negative) for one, positive, negative in paths if one == query
        ]
        assert {ITEM[positive] for positive, _ in own} == {ITEM[query]}
        assert {negative for _, negative in own} == set(nearest_wrong(query, 3))


def test_an_item_counts_once():
    """Two photographs of the nearest wrong item leave a place for another item."""
    photos = [
        photo("street.jpg", "skirt", "own", "street"),
        photo("own.jpg", "skirt", "own"),
        photo("near-1.jpg", "skirt", "near"),
        photo("near-2.jpg", "skirt", "near"),
        photo("far.jpg", "skirt", "far"),
    ]
    table = np.zeros((5, 5), np.float32)
    table[0] = [1.0, 0.9, 0.7, 0.8, 0.1]
    paths, _ = draw("close", photos, {"one": table}, nearest=2, negatives=2)
    assert {negative for _, _, negative in paths} == {"near-2.jpg", "far.jpg"}


def test_one_item_is_refused():
    photos = shop({"skirt": 1}, street=1)
    with pytest.raises(BadDataset, match="only one item"):
        draw("close", photos, {"one": noise(photos)})
