import warnings

import numpy as np
import pytest

from tiefvision.evaluation.localisation import (
    Located,
    localisation_figures,
    mean_box_overlaps,
    overlaps,
    relative_mean_box,
)
from tiefvision.records import Garment, Photo


def located(wanted=(), found=(), width=100, height=200):
    photo = Photo("p.jpg", width, height, "street", "val")
    return Located(photo, tuple(wanted), tuple(found))


DRESS = Garment("dress", (0, 0, 10, 10))
COAT = Garment("coat", (50, 100, 100, 200))

RIGHT = located([DRESS], [Garment("dress", (0, 0, 10, 10), 0.9)])
HALF = located(
    [DRESS, COAT],
    # IoU with the dress 40 / 100, with the coat 2500 / 7500.
    [
        Garment("coat", (0, 0, 10, 4), 0.9),
        Garment("dress", (75, 100, 125, 200), 0.8),
    ],
)
MISSED = located([COAT])
FALSE_ALARM = located([], [Garment("dress", (0, 0, 5, 5), 0.9)])
RIGHTLY_EMPTY = located()
PHOTOS = [RIGHT, HALF, MISSED, FALSE_ALARM, RIGHTLY_EMPTY]
QUARTER = np.array([0.5, 0.5, 1.0, 1.0])


def test_the_overlap_of_each_garment_with_the_best_box_found():
    assert overlaps(PHOTOS) == pytest.approx([1.0, 0.4, 1 / 3, 0.0])


def test_the_mean_box_is_laid_on_every_photograph_by_its_size():
    # The lower right quarter is exactly the coat of a 100x200 photograph.
    assert mean_box_overlaps(PHOTOS, QUARTER) == pytest.approx([0, 0, 1, 1])
    wide = located([Garment("coat", (0, 0, 200, 50))], width=200, height=100)
    # 100x50 of it lie in the photograph's upper right quarter.
    assert mean_box_overlaps([wide], np.array([0.5, 0, 1, 0.5])) == pytest.approx([0.5])


def test_the_mean_box_is_a_mean_of_shares():
    wide = located([Garment("coat", (0, 0, 200, 50))], width=200, height=100)
    tall = located([COAT])
    expected = [(0 + 0.5) / 2, (0 + 0.5) / 2, (1 + 1) / 2, (0.5 + 1) / 2]
    assert relative_mean_box([wide, RIGHTLY_EMPTY, tall]) == pytest.approx(expected)


def test_the_figures_of_a_split_by_hand():
    assert localisation_figures(PHOTOS, QUARTER) == pytest.approx(
        {
            "photographs": 5,
            "garments": 4,
            "nothing_found": 2,
            "mean_iou": (1 + 0.4 + 1 / 3 + 0) / 4,
            "iou_over_0.5": 1 / 4,
            "mean_box_iou": 2 / 4,
            "mean_box_iou_over_0.5": 2 / 4,
            "category_right": 1.0,  # the surest of HALF is a coat, and it has one
            "without_garment": 2,
            "false_alarms": 1 / 2,
        }
    )


def test_the_category_of_the_surest_box_counts():
    wrong = located([DRESS], [Garment("coat", (0, 0, 10, 10), 0.9)])
    figures = localisation_figures([wrong, RIGHT, MISSED, FALSE_ALARM], QUARTER)
    assert figures["category_right"] == 1 / 2


def test_half_overlap_is_not_over_half():
    half = located([DRESS], [Garment("dress", (0, 0, 10, 5), 0.9)])
    figures = localisation_figures([half], QUARTER)
    assert figures["mean_iou"] == 0.5
    assert figures["iou_over_0.5"] == 0.0


@pytest.mark.parametrize("photos", [[], [RIGHTLY_EMPTY], [FALSE_ALARM]])
def test_a_split_without_garments(photos):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a mean of nothing warns
        mean_box = relative_mean_box(photos)
        figures = localisation_figures(photos, mean_box)
    assert mean_box.tolist() == [0, 0, 0, 0]
    assert figures["garments"] == 0
    assert figures["mean_iou"] == figures["mean_box_iou"] == 0.0
    assert figures["category_right"] == 0.0
    assert figures["without_garment"] == len(photos)
    assert figures["false_alarms"] == (1.0 if photos == [FALSE_ALARM] else 0.0)


def test_nothing_found_at_all():
    figures = localisation_figures([MISSED, located([DRESS])], QUARTER)
    assert figures["nothing_found"] == 2
    assert figures["mean_iou"] == figures["category_right"] == 0.0
    assert overlaps([]).shape == (0,)
