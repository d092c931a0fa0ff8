from dataclasses import dataclass, replace

import numpy as np

from tiefvision.catalogue.choosing import as_listed, choose_located
from tiefvision.photos.working import WorkingPhoto
from tiefvision.records import Crop, Garment, Photo

PHOTO = WorkingPhoto(np.zeros((20, 30, 3), dtype=np.uint8), 30, 20)


@dataclass
class Located:
    """A locator that has found something for sale."""

    sold: Crop

    def crop(self, photo):
        assert photo is PHOTO
        return self.sold


def test_the_garment_for_sale_is_compared():
    sold = Crop((1.0, 2.0, 3.0, 4.0), "lower", 0.5)
    assert choose_located(Located(sold))("a.jpg", PHOTO) == sold


def listed(*garments):
    return Photo("a.jpg", 30, 20, "shop", "test", garments=garments)


SKIRT, SHIRT = (Garment(name, (0.0, 0.0, 9.0, 9.0)) for name in ("skirt", "shirt"))


def test_the_group_that_a_catalogue_tells_overrides_the_located_one():
    found = Crop((1.0, 2.0, 3.0, 4.0), "outfit", 0.5)
    assert as_listed(found, listed(SKIRT, SKIRT)) == replace(found, category="lower")
    assert as_listed(found, listed(SKIRT, SHIRT)) == found
    assert as_listed(found, listed()) == found
