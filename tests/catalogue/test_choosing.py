from dataclasses import dataclass, field

import numpy as np
import pytest

from tiefvision.catalogue.choosing import choose_located
from tiefvision.locating.findings import TellingRules
from tiefvision.photos.working import WorkingPhoto
from tiefvision.records import Crop, Garment

PHOTO = WorkingPhoto(np.zeros((20, 30, 3), dtype=np.uint8), 30, 20)
SURE = Garment("dress", (1.0, 2.0, 3.0, 4.0), 0.5)
LESS = Garment("bag", (5.0, 6.0, 7.0, 8.0), 0.4)


@dataclass
class Located:
    """A locator that has found something."""

    garments: tuple[Garment, ...]
    telling: TellingRules = field(default_factory=lambda: TellingRules(least_score=0.5))

    def find_to_search(self, photo):
        assert photo is PHOTO
        return self.garments


@pytest.mark.parametrize(
    ("found", "crop"),
    [
        ((SURE, LESS), Crop((1.0, 2.0, 3.0, 4.0), "dress", 0.5, unsure=False)),
        ((LESS,), Crop((5.0, 6.0, 7.0, 8.0), "bag", 0.4, unsure=True)),
        ((), Crop(None)),
    ],
)
def test_the_surest_garment_is_compared_or_all_of_the_photograph(found, crop):
    assert choose_located(Located(found))("a.jpg", PHOTO) == crop
