import numpy as np
import pytest

from tiefvision.boxes import (
    area,
    as_box,
    clip_to_image,
    intersection,
    iou,
    mirror_boxes,
    scale_boxes,
    union_box,
    xywh_to_xyxy,
    xyxy_to_xywh,
)

NO_BOXES = np.empty((0, 4))


def random_boxes(count, seed=0):
    """Boxes on whole pixels of a 20x20 photograph, some of them empty."""
    corners = np.random.default_rng(seed).integers(0, 20, (count, 2, 2))
    return np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)


def pixels_of(box):
    x0, y0, x1, y1 = (int(value) for value in box)
    return {(x, y) for x in range(x0, x1) for y in range(y0, y1)}


def test_area_counts_the_pixels():
    boxes = random_boxes(40)
    counted = [len(pixels_of(box)) for box in boxes]
    assert 0 in counted  # an empty box is among them
    assert area(boxes).tolist() == counted


def test_intersection_and_iou_count_the_pixels_shared():
    boxes, others = random_boxes(25, seed=1), random_boxes(30, seed=2)
    shared = intersection(boxes[:, None], others[None])
    overlap = iou(boxes[:, None], others[None])
    for i, box in enumerate(boxes):
        for j, other in enumerate(others):
            first, second = pixels_of(box), pixels_of(other)
            assert shared[i, j] == len(first & second)
            union = len(first | second)
            expected = len(first & second) / union if union else 0.0
            assert overlap[i, j] == pytest.approx(expected)
    assert overlap.max() > 0.3


def test_iou_by_hand():
    assert iou([0, 0, 2, 2], [1, 0, 3, 2]) == pytest.approx(1 / 3)
    assert iou([0, 0, 4, 4], [1, 1, 3, 3]) == pytest.approx(4 / 16)
    assert iou([0, 0, 4, 4], [4, 0, 8, 4]) == 0  # they touch
    assert iou([5, 5, 5, 5], [5, 5, 5, 5]) == 0  # both are empty


def test_a_reversed_box_is_empty():
    assert area([4, 4, 1, 9]) == 0
    assert intersection([4, 0, 1, 9], [0, 0, 9, 9]) == 0


def test_empty_arrays_of_boxes():
    for changed in (
        xywh_to_xyxy(NO_BOXES),
        xyxy_to_xywh(NO_BOXES),
        clip_to_image(NO_BOXES, 5, 5),
        scale_boxes(NO_BOXES, 2, 3),
        mirror_boxes(NO_BOXES, 5),
    ):
        assert changed.shape == (0, 4)
    assert area(NO_BOXES).shape == (0,)
    assert iou(NO_BOXES, [0, 0, 1, 1]).shape == (0,)
    assert intersection(NO_BOXES[:, None], random_boxes(3)[None]).shape == (0, 3)


def test_corners_and_sides_are_inverse():
    boxes = random_boxes(10)
    for box, (x, y, width, height) in zip(boxes, xyxy_to_xywh(boxes), strict=True):
        assert (x, y, x + width, y + height) == tuple(box)
    assert np.array_equal(xywh_to_xyxy(xyxy_to_xywh(boxes)), boxes)


def test_the_union_is_the_smallest_box_around_all_pixels():
    boxes = np.array([[3, 4, 6, 9], [1, 5, 2, 6], [5, 2, 8, 7]])
    assert union_box(boxes).tolist() == [1, 2, 8, 9]
    assert union_box(boxes[:1]).tolist() == [3, 4, 6, 9]


def test_clipping_keeps_the_pixels_in_the_photograph():
    width, height = 7, 5
    outside = [[-3, -2, 4, 3], [5, 1, 12, 9], [8, 1, 9, 2], [1, 1, 3, 3]]
    clipped = clip_to_image(outside, width, height)
    assert clipped.tolist() == [[0, 0, 4, 3], [5, 1, 7, 5], [7, 1, 7, 2], [1, 1, 3, 3]]
    assert area(clipped).tolist() == [12, 8, 0, 4]


def test_scaling_takes_each_axis_by_its_own_factor():
    assert scale_boxes([[1, 2, 3, 4]], 2.0, 0.5).tolist() == [[2, 1, 6, 2]]


def test_mirrored_boxes_hold_the_mirrored_pixels():
    width = 20
    for box in random_boxes(10):
        mirrored = mirror_boxes(box, width)
        assert pixels_of(mirrored) == {(width - 1 - x, y) for x, y in pixels_of(box)}
        assert np.array_equal(mirror_boxes(mirrored, width), box)


def test_no_function_changes_its_argument():
    boxes = random_boxes(5).astype(np.float64)
    before = boxes.copy()
    for change in (
        xywh_to_xyxy,
        xyxy_to_xywh,
        lambda given: clip_to_image(given, 3, 3),
        lambda given: scale_boxes(given, 2, 2),
        lambda given: mirror_boxes(given, 9),
    ):
        changed = change(boxes)
        changed += 1.0
        assert np.array_equal(boxes, before)


def test_as_box_returns_python_floats():
    box = as_box(np.array([[1, 2, 3, 4]], dtype=np.float32))
    assert box == (1.0, 2.0, 3.0, 4.0)
    assert all(type(value) is float for value in box)
    with pytest.raises(ValueError):
        as_box([1, 2, 3])
