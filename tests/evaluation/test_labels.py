import pytest

from tiefvision.evaluation.labels import by_name, label_figures
from tiefvision.evaluation.localisation import Located
from tiefvision.records import Garment, Photo

HERE, THERE = (0.0, 0.0, 50.0, 50.0), (60.0, 60.0, 90.0, 90.0)
PHOTO = Photo(
    *("a.jpg", 100, 100, "street", "test"),
    garments=(Garment("skirt", HERE), Garment("bag", THERE), Garment("upper", THERE)),
)
WANTED = (Garment("lower", HERE, label="skirt"), Garment("upper", THERE))


def located(*found):
    return Located(PHOTO, WANTED, found)


def lower(label, score, box=HERE):
    return Garment("lower", box, 0.9, label, score)


def test_labels_are_judged_on_boxes_that_are_right():
    figures = label_figures(
        [
            located(lower("skirt", 0.9)),
            located(lower("jeans", 0.85)),
            located(lower("skirt", 0.6)),
            located(lower("", None)),
            located(lower("jeans", 0.9, THERE)),  # a wrong box
            located(Garment("upper", THERE, 0.9, "shirt", 0.9)),  # of unknown name
        ]
    )
    assert figures.boxes == 4
    assert figures.labelled == pytest.approx(3 / 4)
    assert figures.right == pytest.approx(2 / 3)
    assert (figures.sure, figures.sure_right) == (2, 0.5)


def test_without_boxes_there_are_no_shares():
    figures = label_figures([located()])
    assert (figures.boxes, figures.labelled, figures.right) == (0, None, None)
    assert (figures.sure, figures.sure_right) == (0, None)


def test_a_detector_by_name_has_the_label_as_category():
    (named,) = by_name([located(lower("skirt", 0.5), lower("", None))], ["lower"])
    assert named.wanted == (Garment("skirt", HERE),)
    assert named.found == (Garment("skirt", HERE, 0.45),)
