import pytest

from tiefvision.evaluation.faults import closest_found, describe_fault, worst_first
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


def test_the_found_one_of_its_own_category_comes_first():
    coat = Garment("coat", DRESS.box_in_image, 0.9)
    half = Garment("dress", (20, 40, 60, 90), 0.4)
    assert closest_found(DRESS, [coat, half]) == (0.5, half)
    assert describe_fault(located(coat, half)) == (
        "dress 0.50: bottom 50% of its height too high, 1 box too many."
    )
    away = Garment("dress", (80, 0, 90, 9), 0.9)
    assert closest_found(DRESS, [coat, away]) == (0.0, away)
    assert closest_found(DRESS, [away, coat, half]) == (0.5, half)


def test_of_other_categories_the_nearest_counts_if_it_overlaps():
    coat, skirt = (
        Garment("coat", (20, 40, 60, 60), 0.9),
        Garment("skirt", (20, 40, 60, 120), 0.4),
    )
    assert closest_found(DRESS, [coat, skirt]) == (pytest.approx(0.8), skirt)
    away = Garment("coat", (80, 0, 90, 9), 0.9)
    assert closest_found(DRESS, [away]) == closest_found(DRESS, []) == (0.0, None)


def test_a_photograph_without_detections_is_described():
    assert describe_fault(located()) == "dress 0.00: nothing was found."
    hat = Garment("hat", (80, 0, 90, 9), 0.9)
    assert describe_fault(located(hat)) == "dress 0.00: not found."


def test_the_worst_garment_of_a_photograph_counts():
    skirt = Garment("skirt", (0.0, 0.0, 10.0, 10.0))
    good = located(DRESS)
    half = located(DRESS, wanted=(DRESS, skirt))
    nothing = located(DRESS, wanted=())
    assert worst_first([good, half, nothing]) == [half, good]
    assert describe_fault(half) == "skirt 0.00: not found."
