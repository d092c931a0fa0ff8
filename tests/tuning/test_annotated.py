import pytest

from tiefvision.errors import BadDataset
from tiefvision.records import Garment, Photo
from tiefvision.tuning.annotated import annotated_photos

DRESS = Garment("dress", (1.0, 2.0, 30.0, 40.0))
FULL = Garment("full", (1.0, 2.0, 30.0, 40.0), label="dress")


class Features:
    """An artifact with maps of all photographs but one."""

    def has(self, key):
        assert key.startswith("map/")
        return key != "map/unread.jpg"


def photo(path, split, *garments):
    return Photo(path, 60, 90, "street", split, garments=garments)


def test_each_split_gets_its_photographs_that_have_maps():
    photos = [
        photo("a.jpg", "train", DRESS, Garment("bag", (0.0, 0.0, 9.0, 9.0))),
        photo("empty.jpg", "train"),
        photo("unread.jpg", "train", DRESS),
        photo("b.jpg", "val", DRESS),
        photo("c.jpg", "test", DRESS),
    ]
    training, validation = annotated_photos(photos, Features(), ["full"])
    assert [(item.path, item.garments) for item in training] == [
        ("a.jpg", (FULL,)),
        ("empty.jpg", ()),
    ]
    assert [item.path for item in validation] == ["b.jpg"]


def test_training_needs_a_photograph_of_a_wanted_category():
    photos = [photo("a.jpg", "val", DRESS), photo("unread.jpg", "train", DRESS)]
    with pytest.raises(BadDataset, match="No training photograph shows full or bag"):
        annotated_photos(photos, Features(), ["full", "bag"])
