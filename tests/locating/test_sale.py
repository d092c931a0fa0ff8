import pytest

from tiefvision.locating.findings import TellingRules
from tiefvision.locating.sale import crop_for_sale
from tiefvision.records import Crop, Garment

RULES = TellingRules(least_score=0.5)
FIGURE = (0.0, 0.0, 100.0, 200.0)
OUTFIT = Garment("outfit", (10.0, 10.0, 90.0, 190.0), 0.9)
LEGS = Garment("lower", (10.0, 60.0, 90.0, 200.0), 0.8)
SHIRT = Garment("upper", (10.0, 0.0, 90.0, 60.0), 0.95)


@pytest.mark.parametrize(
    ("found", "foreground", "crop"),
    [
        # Legs that are cut off at the waist sell trousers.
        ((SHIRT, OUTFIT, LEGS), FIGURE, Crop(FIGURE, "lower", 0.8)),
        # A garment that fills less than half does not.
        ((SHIRT, OUTFIT), FIGURE, Crop(FIGURE, "outfit", 0.9)),
        # On a street the box is that of the outfit, even if a garment is surer.
        ((SHIRT, OUTFIT, LEGS), None, Crop(OUTFIT.box_in_image, "lower", 0.8)),
        ((SHIRT,), None, Crop(SHIRT.box_in_image, "upper", 0.95)),
        # A product that nobody knows is compared by its own box.
        ((), FIGURE, Crop(FIGURE)),
        ((), None, Crop(None)),
    ],
)
def test_the_garment_that_fills_the_photograph_is_for_sale(found, foreground, crop):
    assert crop_for_sale(found, foreground, RULES) == crop


def test_an_outfit_below_the_told_score_is_marked_as_unsure():
    unsure = Garment("outfit", FIGURE, 0.3)
    garments = (unsure, Garment("lower", FIGURE, 0.4))
    assert crop_for_sale(garments, None, RULES) == Crop(FIGURE, "outfit", 0.3, True)
