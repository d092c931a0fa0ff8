"""Pure geometry of boxes: float arrays (..., 4) of x0, y0, x1, y1, ends exclusive.

This is the only module that changes the frame of a box; the frame is in the name.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tiefvision.records import Box

Boxes = NDArray[np.float64]


def as_box(values: ArrayLike) -> Box:
    """Four numbers as a plain tuple, ready for JSON."""
    x0, y0, x1, y1 = (float(value) for value in np.asarray(values).reshape(4))
    return x0, y0, x1, y1


def xywh_to_xyxy(boxes: ArrayLike) -> Boxes:
    """COCO's x, y, width, height to corners.

    >>> xywh_to_xyxy([10, 20, 5, 6]).tolist()
    [10.0, 20.0, 15.0, 26.0]
    """
    xywh = np.asarray(boxes, dtype=np.float64)
    return np.concatenate([xywh[..., :2], xywh[..., :2] + xywh[..., 2:]], axis=-1)


def xyxy_to_xywh(boxes: ArrayLike) -> Boxes:
    """Corners to COCO's x, y, width, height.

    >>> xyxy_to_xywh([10, 20, 15, 26]).tolist()
    [10.0, 20.0, 5.0, 6.0]
    """
    xyxy = np.asarray(boxes, dtype=np.float64)
    return np.concatenate([xyxy[..., :2], xyxy[..., 2:] - xyxy[..., :2]], axis=-1)


def area(boxes: ArrayLike) -> NDArray[np.float64]:
    """Area in square pixels; an empty or reversed box has none.

    >>> area([[0, 0, 4, 5], [3, 3, 1, 9]]).tolist()
    [20.0, 0.0]
    """
    xyxy = np.asarray(boxes, dtype=np.float64)
    sides = np.clip(xyxy[..., 2:] - xyxy[..., :2], 0.0, None)
    return np.asarray(sides[..., 0] * sides[..., 1], dtype=np.float64)


def intersection(boxes: ArrayLike, others: ArrayLike) -> NDArray[np.float64]:
    """Area shared by each pair, broadcast like numpy arithmetic.

    >>> intersection([0, 0, 4, 4], [[2, 2, 9, 9], [4, 4, 5, 5]]).tolist()
    [4.0, 0.0]
    """
    first = np.asarray(boxes, dtype=np.float64)
    second = np.asarray(others, dtype=np.float64)
    low = np.maximum(first[..., :2], second[..., :2])
    high = np.minimum(first[..., 2:], second[..., 2:])
    sides = np.clip(high - low, 0.0, None)
    return np.asarray(sides[..., 0] * sides[..., 1], dtype=np.float64)


def iou(boxes: ArrayLike, others: ArrayLike) -> NDArray[np.float64]:
    """Intersection over union in [0, 1], broadcast; 0 where both are empty.

    >>> float(iou([0, 0, 2, 2], [1, 0, 3, 2]).round(3))
    0.333
    """
    shared = intersection(boxes, others)
    union = area(boxes) + area(others) - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def union_box(boxes: ArrayLike) -> Boxes:
    """The smallest box around all of (N, 4), N >= 1.

    >>> union_box([[0, 1, 2, 3], [1, 0, 5, 2]]).tolist()
    [0.0, 0.0, 5.0, 3.0]
    """
    xyxy = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    return np.concatenate([xyxy[:, :2].min(axis=0), xyxy[:, 2:].max(axis=0)])


def clip_to_image(boxes_in_image: ArrayLike, width: int, height: int) -> Boxes:
    """The part of each box that lies in the photograph."""
    limits = np.array([width, height, width, height], dtype=np.float64)
    return np.clip(np.asarray(boxes_in_image, dtype=np.float64), 0.0, limits)


def scale_boxes(boxes: ArrayLike, scale_x: float, scale_y: float) -> Boxes:
    """Boxes in a photograph to boxes in the photograph resized by these factors."""
    factors = np.array([scale_x, scale_y, scale_x, scale_y], dtype=np.float64)
    return np.asarray(boxes, dtype=np.float64) * factors


def mirror_boxes(boxes_in_image: ArrayLike, width: float) -> Boxes:
    """Boxes in a photograph to boxes in its mirror image.

    >>> mirror_boxes([1, 2, 4, 8], width=10).tolist()
    [6.0, 2.0, 9.0, 8.0]
    """
    xyxy = np.asarray(boxes_in_image, dtype=np.float64)
    x0, y0, x1, y1 = np.moveaxis(xyxy, -1, 0)
    return np.stack([width - x1, y0, width - x0, y1], axis=-1)
