import warnings

import numpy as np
import pytest

from tiefvision.evaluation.localisation import (
    Located,
    localisation_figures,
    mean_box_overlaps,
    overlaps,
    relative_mean_boxes,
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
        Garment("dress", (0, 0, 10, 4), 0.9),
        Garment("coat", (75, 100, 125, 200), 0.8),
    ],
)
MISSED = located([COAT])
FALSE_ALARM = located([], [Garment("dress", (0, 0, 5, 5), 0.9)])
RIGHTLY_EMPTY = located()
PHOTOS = [RIGHT, HALF, MISSED, FALSE_ALARM, RIGHTLY_EMPTY]
QUARTER = np.array([0.5, 0.5, 1.0, 1.0])
"""The lower right quarter: exactly the coat of a photograph of 100 x 200."""

TENTH = np.array([0.0, 0.0, 0.1, 0.1])
"""A box of which the dress covers half."""


def wide(*garments):
    return located(garments, width=200, height=100)


def test_the_overlap_of_each_garment_with_the_best_box_of_its_category():
    assert overlaps(PHOTOS) == pytest.approx([1.0, 0.4, 1 / 3, 0.0])


def test_a_box_of_another_category_is_no_answer():
    mistaken = located([DRESS, COAT], [Garment("coat", DRESS.box_in_image, 0.9)])
    assert overlaps([mistaken]).tolist() == [0.0, 0.0]


def test_of_n_wanted_garments_of_a_category_the_n_surest_boxes_count():
    first, second = Garment("hat", (0, 0, 10, 10)), Garment("hat", (20, 0, 30, 10))
    near, poor = Garment("hat", (0, 0, 10, 8), 0.3), Garment("hat", (0, 0, 10, 2), 0.9)
    coat = Garment("coat", (0, 0, 10, 10), 0.95)  # takes no place of a hat
    one, two = (
        located([first], [coat, poor, near]),
        located([first, second], [poor, near]),
    )
    assert overlaps([one]) == pytest.approx([0.2])
    assert overlaps([two]) == pytest.approx([0.8, 0.0])


def test_the_mean_box_of_a_category_is_laid_on_every_photograph_by_its_size():
    mean_boxes = {"coat": QUARTER, "dress": TENTH}
    assert mean_box_overlaps(PHOTOS, mean_boxes) == pytest.approx([0.5, 0.5, 1, 1])
    # 100 x 50 of it lie in the photograph's upper right quarter.
    coat = wide(Garment("coat", (0, 0, 200, 50)))
    upper = {"coat": np.array([0.5, 0, 1, 0.5])}
    assert mean_box_overlaps([coat], upper) == pytest.approx([0.5])


def test_a_category_without_a_mean_box_overlaps_with_nothing():
    shares = mean_box_overlaps([RIGHT, MISSED], {"coat": QUARTER})
    assert shares.tolist() == [0.0, 1.0]


def test_the_mean_boxes_are_means_of_shares_by_category():
    coat = wide(Garment("coat", (0, 0, 200, 50)))
    means = relative_mean_boxes(
        [coat, RIGHTLY_EMPTY, FALSE_ALARM, located([COAT, DRESS])]
    )
    assert sorted(means) == ["coat", "dress"]
    expected = [(0 + 0.5) / 2, (0 + 0.5) / 2, (1 + 1) / 2, (0.5 + 1) / 2]
    assert means["coat"] == pytest.approx(expected)
    assert means["dress"] == pytest.approx([0, 0, 0.1, 0.05])


def test_the_figures_of_a_split_by_hand():
    # No box of HALF is reported; for the IoU they count all the same.
    reported = [RIGHT, located(HALF.wanted), MISSED, FALSE_ALARM, RIGHTLY_EMPTY]
    figures = localisation_figures(PHOTOS, reported, {"coat": QUARTER, "dress": TENTH})
    assert figures == pytest.approx(
        {
            "photographs": 5,
            "garments": 4,
            "nothing_found": 3,
            "mean_iou": (1 + 0.4 + 1 / 3 + 0) / 4,
            "iou_over_0.5": 1 / 4,
            "mean_box_iou": (0.5 + 0.5 + 1 + 1) / 4,
            "mean_box_iou_over_0.5": 2 / 4,
            "without_garment": 2,
            "false_alarms": 1 / 2,
        }
    )


def test_a_box_that_is_not_reported_is_no_false_alarm():
    figures = localisation_figures([FALSE_ALARM, RIGHT], [RIGHTLY_EMPTY, RIGHT], {})
    assert figures["false_alarms"] == 0.0
    assert figures["without_garment"] == figures["nothing_found"] == 1


def test_half_overlap_is_not_over_half():
    half = located([DRESS], [Garment("dress", (0, 0, 10, 5), 0.9)])
    figures = localisation_figures([half], [half], {})
    assert figures["mean_iou"] == 0.5
    assert figures["iou_over_0.5"] == 0.0


@pytest.mark.parametrize("photos", [[], [RIGHTLY_EMPTY], [FALSE_ALARM]])
def test_a_split_without_garments(photos):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a mean of nothing warns
        mean_boxes = relative_mean_boxes(photos)
        figures = localisation_figures(photos, photos, mean_boxes)
    assert mean_boxes == {}
    assert figures["garments"] == 0
    assert figures["mean_iou"] == figures["mean_box_iou"] == 0.0
    assert figures["without_garment"] == len(photos)
    assert figures["false_alarms"] == (1.0 if photos == [FALSE_ALARM] else 0.0)


def test_nothing_found_at_all():
    photos = [MISSED, located([DRESS])]
    figures = localisation_figures(photos, photos, {"coat": QUARTER})
    assert figures["nothing_found"] == 2
    assert figures["mean_iou"] == 0.0
    assert overlaps([]).shape == (0,)
