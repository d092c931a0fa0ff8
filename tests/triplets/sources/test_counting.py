import numpy as np

from tests.triplets.sources.made import photo
from tiefvision.records import View
from tiefvision.triplets.sampling import ViewTriplet
from tiefvision.triplets.sources.counting import count_kinds

PHOTOS = [
    photo("a.jpg", "skirt", "a", "street"),
    photo("a-shop.jpg", "skirt", "a"),
    photo("b.jpg", "skirt", "b"),
    photo("c.jpg", "coat", "c"),
    photo("d.jpg"),
]


def triplet(query, positive, negative, source=""):
    mirrored = positive == query
    return ViewTriplet(View(query), View(positive, mirrored), View(negative), source)


def test_kinds_counted_by_hand():
    table = np.zeros((5, 5), np.float32)
    table[0, 1], table[2, 1] = 0.5, -0.5
    shares = count_kinds(
        PHOTOS,
        [
            triplet("a.jpg", "a-shop.jpg", "b.jpg", "wild"),
            triplet("a.jpg", "a-shop.jpg", "c.jpg", "wild"),
            triplet("b.jpg", "a-shop.jpg", "c.jpg", "lab"),
            triplet("c.jpg", "c.jpg", "d.jpg"),
        ],
        {"lab": table},
    )
    assert shares.to_dict() == {
        "triplets": 4,
        "queries": 3,
        "photos": 5,
        "same_item": 0.5,
        "mirrored": 0.25,
        "in_class": 0.25,
        "out_of_class": 0.5,
        "unknown_class": 0.25,
        "street": 0.5,
        "sources": {"lab": 0.25, "wild": 0.5},
        "in_order": {"lab": 0.5},
    }
