import pytest

from tiefvision.evaluation.faults import describe_fault, worst_first
from tiefvision.evaluation.localisation import Located
from tiefvision.records import Garment, Photo

PHOTO = Photo("a.jpg", 100, 200, "street", split="test")
DRESS = Garment("dress", (20.0, 40.0, 60.0, 140.0))


def located(*found, wanted=(DRESS,)):
    return Located(PHOTO, wanted, found)


@pytest.mark.parametrize(
    ("box", "fault"),
    [
        ((10, 40, 60, 140), "left side 25% of its width too far left"),
        ((20, 40, 80, 140), "right side 50% of its width too far right"),
        ((20, 20, 60, 140), "top 20% of its height too high"),
        ((20, 40, 60, 180), "bottom 40% of its height too low"),
        ((70, 150, 90, 180), "found elsewhere"),
    ],
)
def test_the_side_that_is_furthest_off_is_named(box, fault):
    text = describe_fault(located(Garment("dress", box, 0.9)))
    assert text.startswith("dress 0.") and text.endswith(f": {fault}.")


def test_another_category_and_boxes_too_many_are_named():
    found = (
        Garment("coat", (20, 40, 60, 130), 0.9),
        Garment("coat", (0, 0, 9, 9), 0.1),
    )
    assert describe_fault(located(*found)) == (
        "dress 0.90: taken for coat, bottom 10% of its height too high, 1 box too many."
    )


def test_nothing_found_is_said():
    assert describe_fault(located()) == "dress 0.00: nothing was found."


def test_the_worst_garment_of_a_photograph_counts():
    shoe = Garment("skirt", (0.0, 0.0, 10.0, 10.0))
    good = located(DRESS)
    half = located(DRESS, wanted=(DRESS, shoe))
    nothing = located(DRESS, wanted=())
    assert worst_first([good, half, nothing]) == [half, good]
    assert describe_fault(half).startswith("skirt 0.00: found elsewhere")
