import warnings
from dataclasses import asdict

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from tiefvision.boxes import xyxy_to_xywh
from tiefvision.evaluation.detection import (
    IOU_THRESHOLDS,
    MOST_BOXES,
    RECALL_LEVELS,
    CategoryFigures,
    MeanFigures,
    average_precision,
    categories_of,
    detection_figures,
    judged_boxes,
    mean_over_categories,
    recall_at,
)
from tiefvision.evaluation.localisation import Located
from tiefvision.records import Garment, Photo

SIZE = 64


def located(wanted=(), found=()):
    photo = Photo("p.jpg", SIZE, SIZE, "street", "val")
    return Located(photo, tuple(wanted), tuple(found))


def dress(width, score=1.0, left=0.0):
    """A dress whose IoU with the dress of width 10 is ``width / 10``."""
    return Garment("dress", (left, 0.0, left + width, 10.0), score)


def coat(score=1.0):
    return Garment("coat", (0.0, 0.0, 10.0, 10.0), score)


def only(figures, category):
    return next(one for one in figures if one.category == category)


# --- against COCO's own program


def random_box(generator):
    # Halves of pixels are exact in either notation of a box.
    x0, y0 = generator.integers(0, SIZE, 2)
    width, height = generator.integers(2, SIZE, 2)
    return (x0 / 2, y0 / 2, (x0 + width) / 2, (y0 + height) / 2)


def shifted(box, generator):
    """A box near another, at an IoU above some thresholds and below others."""
    x0, y0, x1, y1 = np.array(box) + generator.integers(-3, 4, 4) / 2
    return (x0, y0, max(x1, x0 + 0.5), max(y1, y0 + 0.5))


def random_photo(generator, categories, most_found):
    """A random photograph: any number of garments and boxes, some of them equal."""
    wanted = [
        Garment(generator.choice(categories), random_box(generator))
        for _ in range(generator.integers(0, 6))
    ]
    if wanted and generator.random() < 0.3:
        wanted.append(wanted[0])
    found = []
    for _ in range(generator.integers(0, most_found) * generator.integers(0, 2)):
        score = generator.integers(1, 10) / 10  # nine scores: most are ties
        if wanted and generator.random() < 0.7:
            near = wanted[generator.integers(len(wanted))]
            box, category = shifted(near.box_in_image, generator), near.category
        else:
            box, category = random_box(generator), generator.choice(categories)
        found += [Garment(category, box, score)] * generator.integers(1, 3)
    return located(wanted, found)


def coco_precisions(photos, categories):
    """AP50, AP75 and AP50:95 by pycocotools of each category; -1 without garments."""
    wanted, found = [], []
    for image, one in enumerate(photos):
        for garments, rows in ((one.wanted, wanted), (one.found, found)):
            for garment in garments:
                x, y, width, height = xyxy_to_xywh(garment.box_in_image).tolist()
                row = {
                    "id": len(rows) + 1,  # COCO takes 0 for "no match"
                    "image_id": image,
                    "category_id": categories.index(garment.category),
                    "bbox": [x, y, width, height],
                    "area": width * height,
                    "iscrowd": 0,
                    "score": garment.score,
                }
                rows.append(row)
    truth = COCO()
    truth.dataset = {
        "images": [{"id": image} for image in range(len(photos))],
        "annotations": wanted,
        "categories": [{"id": number} for number in range(len(categories))],
        "info": {},
    }
    truth.createIndex()
    judge = COCOeval(truth, truth.loadRes(found), "bbox")
    judge.evaluate()
    judge.accumulate()
    precision = judge.eval["precision"][:, :, :, 0, -1]  # (T, R, K)
    return [precision[0], precision[5], precision.reshape(-1, len(categories))]


@pytest.mark.parametrize(
    ("seed", "photographs", "most_found"),
    [(seed, 12, 8) for seed in range(20)] + [(20, 3, 400), (21, 2, 700)],
)
def test_average_precision_is_that_of_coco(seed, photographs, most_found):
    generator = np.random.default_rng(seed)
    categories = [f"category {number}" for number in range(2 if most_found > 8 else 9)]
    photos = [
        random_photo(generator, categories, most_found) for _ in range(photographs)
    ]
    photos.append(located(found=[Garment("category 0", (0, 0, 4, 4), 0.5)]))
    expected = coco_precisions(photos, categories)
    for one in detection_figures(photos, threshold=0.5):
        column = categories.index(one.category)
        for found, table in zip(
            (one.ap50, one.ap75, one.ap50_95), expected, strict=True
        ):
            known = table[:, column].mean()
            assert (-1 if found is None else found) == pytest.approx(known, abs=1e-9)


def test_the_random_photographs_hold_every_hard_case():
    # Without these cases the comparison with COCO would prove little.
    generator = np.random.default_rng(20)
    crowded = [random_photo(generator, ["a", "b"], 400) for _ in range(3)]
    assert max(len(one.found) for one in crowded) > 2 * MOST_BOXES
    generator = np.random.default_rng(0)
    photos = [random_photo(generator, ["a", "b", "c"], 8) for _ in range(30)]
    assert any(not one.wanted and one.found for one in photos)
    assert any(one.wanted and not one.found for one in photos)
    assert any(not one.wanted and not one.found for one in photos)
    assert any(len(set(one.wanted)) < len(one.wanted) for one in photos)
    assert any(len(set(one.found)) < len(one.found) for one in photos)


def test_the_thresholds_are_those_of_coco():
    params = COCOeval(iouType="bbox").params
    assert list(IOU_THRESHOLDS) == params.iouThrs.tolist()
    assert RECALL_LEVELS.tolist() == params.recThrs.tolist()
    assert params.maxDets[-1] == MOST_BOXES


# --- by hand


def test_a_small_example_by_hand():
    photos = [
        located([dress(10)], [dress(10, 0.3), dress(8.2, 0.9)]),
        located([dress(10), dress(10, left=20)], [dress(6.2, 0.7)]),
        located([], [dress(10, 0.8)]),
        located([], [dress(10, 0.2)]),
        located([coat()], []),
    ]
    # By score: IoU 0.82, nothing there, IoU 0.62, a dress that is taken, nothing there.
    # To IoU 0.6 that is right, wrong, right, wrong, wrong, of 3 wanted: precision 1 up
    # to recall 1/3 (levels 0.00 to 0.33), and 2/3 up to 2/3 (levels 0.34 to 0.66).
    to_60 = (34 * 1 + 33 * 2 / 3) / 101
    # From 0.65 to 0.8 the first alone is right; above, the dress is free for the
    # fourth.
    to_80, above = 34 / 101, 34 * (1 / 4) / 101
    figures = asdict(only(detection_figures(photos, threshold=0.5), "dress"))
    assert figures == pytest.approx(
        {
            "category": "dress",
            "garments": 3,
            "photographs": 2,
            "ap50": to_60,
            "ap75": to_80,
            "ap50_95": (3 * to_60 + 4 * to_80 + 3 * above) / 10,
            "mean_iou": (0.82 + 0.62 + 0) / 3,
            "over_half": 2 / 3,
            "mean_box_iou": None,
            "mean_box_over_half": None,
            "false_alarms": 1 / 3,
        }
    )


def test_precision_is_the_best_at_a_recall_or_a_higher_one():
    scores = np.array([0.5, 0.9, 0.8])  # wrong, then two right
    assert average_precision(scores, np.array([True, False, True]), 2) == (
        pytest.approx(2 / 3)
    )


def test_of_equal_scores_the_earlier_counts_as_surer():
    scores, hits = np.array([0.5, 0.5]), np.array([True, False])
    assert average_precision(scores, hits, 1) == 1.0
    assert average_precision(scores, hits[::-1], 1) == pytest.approx(1 / 2)


def test_nothing_found_has_no_precision_at_any_recall():
    none = np.empty(0)
    assert average_precision(none, none.astype(np.bool_), 3) == 0.0


# --- categories with nothing to measure


def test_what_cannot_be_measured_is_none_and_never_nan():
    photos = [located([coat()], [coat(0.9), dress(10, 0.8)])]
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a mean of nothing warns
        found = detection_figures(photos, threshold=0.8)
        nothing = detection_figures([located()], threshold=0.8)
    assert found == [
        CategoryFigures("coat", 1, 1, *[1.0] * 5, None, None, None),
        CategoryFigures("dress", 0, 0, *[None] * 7, 1.0),
    ]
    assert nothing == detection_figures([], threshold=0.8) == []


def test_a_wanted_category_that_is_never_found():
    (figures,) = detection_figures([located([coat()]), located()], threshold=0.5)
    assert figures == CategoryFigures("coat", 1, 1, *[0.0] * 5, None, None, 0.0)


def test_each_category_is_compared_with_its_own_mean_box():
    photos = [
        located([dress(10), dress(4, left=20)], [dress(10, 0.9)]),
        located([coat()], [coat(0.9)]),
        located([], [Garment("hat", (0, 0, 1, 1), 0.9)]),
    ]
    # In pixels 0 to 5 by 0 to 10: half of the first dress, none of the second.
    mean_boxes = {"dress": np.array([0, 0, 5, 10]) / SIZE}
    found = {one.category: one for one in detection_figures(photos, 0.5, mean_boxes)}
    assert found["dress"].over_half == 1 / 2
    assert found["dress"].mean_box_iou == pytest.approx(0.5 / 2)
    assert found["dress"].mean_box_over_half == 0.0  # half is not over half
    # None was seen in training, so there is no such box; of hats there is nothing.
    assert (found["coat"].mean_box_iou, found["coat"].mean_box_over_half) == (0.0, 0.0)
    assert (found["hat"].mean_box_iou, found["hat"].mean_box_over_half) == (None, None)
    wider = {"dress": np.array([0, 0, 6, 10]) / SIZE}
    assert (
        only(detection_figures(photos, 0.5, wider), "dress").mean_box_over_half == 0.5
    )


def test_half_an_overlap_is_not_over_half():
    photos = [located([dress(10)], [dress(5)]), located([dress(10)], [dress(5.1)])]
    (figures,) = detection_figures(photos, 0.5)
    assert figures.over_half == 1 / 2


def test_a_false_alarm_reaches_the_threshold():
    photos = [located([], [dress(10, 0.5), dress(9, 0.6)]), located([dress(10)])]
    for threshold, expected in [(0.5, 1.0), (0.6, 1.0), (0.61, 0.0)]:
        (figures,) = detection_figures(photos, threshold)
        assert figures.false_alarms == expected


def test_more_boxes_than_garments_do_not_help_the_mean_iou():
    photos = [located([dress(10)], [dress(10, 0.2), dress(5, 0.9), coat(0.95)])]
    assert only(detection_figures(photos, 0.5), "dress").mean_iou == 0.5


def test_the_categories_are_those_wanted_and_found():
    assert categories_of([located([dress(1)]), located([], [coat()])]) == [
        "coat",
        "dress",
    ]
    assert categories_of([]) == []


# --- means over categories


COMMON = CategoryFigures("coat", 40, 30, 0.8, 0.6, 0.5, 0.7, 0.9, 0.3, 0.2, 0.1)
RARE = CategoryFigures("dress", 3, 2, 0.4, 0.2, 0.1, 0.5, 0.6, 0.3, 0.2, None)
UNWANTED = CategoryFigures("hat", 0, 0, *[None] * 7, 1.0)


def test_the_mean_counts_each_category_alike():
    means = mean_over_categories([COMMON, RARE, UNWANTED], least_photographs=0)
    assert asdict(means) == pytest.approx(
        {
            "categories": 2,
            "ap50": 0.6,
            "ap75": 0.4,
            "ap50_95": 0.3,
            "mean_iou": 0.6,
            "false_alarms": 0.1,  # of the one that has any
        }
    )


def test_rare_categories_are_left_out_of_the_mean():
    assert mean_over_categories([COMMON, RARE], 3).ap50 == 0.8
    assert mean_over_categories([COMMON, RARE], 30).categories == 1
    none = MeanFigures(0, None, None, None, None, None)
    assert mean_over_categories([COMMON, RARE], 31) == none
    assert mean_over_categories([], 0) == none


# --- boxes that are right, and recall of windows


def test_a_box_is_right_if_it_has_a_garment_to_itself():
    photos = [
        located(
            [dress(10), coat()],
            [dress(5, 0.2), coat(0.9), dress(4, 0.8), coat(0.7)],
        ),
        located([], [dress(10, 0.6)]),
    ]
    scores, hits = judged_boxes(photos)
    assert dict(zip(scores.tolist(), hits.tolist(), strict=True)) == {
        0.9: True,
        0.8: False,  # IoU 0.4
        0.7: False,  # the coat is taken
        0.6: False,  # nothing there
        0.2: True,  # IoU 0.5 will do
    }


def test_no_boxes_to_judge():
    for photos in ([], [located([coat()])]):
        scores, hits = judged_boxes(photos)
        assert scores.shape == hits.shape == (0,)
        assert hits.dtype == np.bool_


def boxes(*garments):
    listed = [garment.box_in_image for garment in garments]
    return np.array(listed, dtype=np.float64).reshape(-1, 4)


def test_recall_grows_with_the_windows():
    ranked = [
        boxes(dress(4), dress(5), dress(10, left=30)),  # the second will just do
        boxes(dress(10)),
        boxes(),
    ]
    wanted = [
        boxes(dress(10), dress(10, left=30)),
        boxes(),
        boxes(dress(10)),
    ]
    recalls = recall_at(ranked, wanted, [0, 1, 2, 3, 100])
    assert recalls == pytest.approx([0, 0, 1 / 3, 2 / 3, 2 / 3])


def test_recall_of_nothing():
    assert recall_at([], [], [1, 10]).tolist() == [0.0, 0.0]
    assert recall_at([boxes(dress(10))], [boxes()], [1]).tolist() == [0.0]
