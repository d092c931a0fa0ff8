"""Geometry of boxes: float64 arrays (..., 4) of x0, y0, x1, y1; x1, y1 exclusive.

Boxes are in pixels, with the origin at the top left. Names of variables state the
coordinate frame (``box_in_image``). Functions that change the frame accept any leading
axes and return a new array.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tiefvision.records import Box

Boxes = NDArray[np.float64]
"""Boxes (..., 4) as x0, y0, x1, y1 in pixels."""


def as_box(values: ArrayLike) -> Box:
    """Convert an array of four numbers to a tuple of floats, which JSON can hold."""
    x0, y0, x1, y1 = (float(value) for value in np.asarray(values).reshape(4))
    return x0, y0, x1, y1


def xywh_to_xyxy(boxes: ArrayLike) -> Boxes:
    """Convert COCO boxes (..., 4) of x, y, width, height to corners x0, y0, x1, y1.

    >>> xywh_to_xyxy([10, 20, 5, 6]).tolist()
    [10.0, 20.0, 15.0, 26.0]
    """
    xywh = np.asarray(boxes, dtype=np.float64)
    return np.concatenate([xywh[..., :2], xywh[..., :2] + xywh[..., 2:]], axis=-1)


def xyxy_to_xywh(boxes: ArrayLike) -> Boxes:
    """Convert corners (..., 4) to COCO boxes of x, y, width, height.

    >>> xyxy_to_xywh([10, 20, 15, 26]).tolist()
    [10.0, 20.0, 5.0, 6.0]
    """
    xyxy = np.asarray(boxes, dtype=np.float64)
    return np.concatenate([xyxy[..., :2], xyxy[..., 2:] - xyxy[..., :2]], axis=-1)


def area(boxes: ArrayLike) -> NDArray[np.float64]:
    """Area (...) of boxes (..., 4) in square pixels; 0 for an empty or reversed box.

    >>> area([[0, 0, 4, 5], [3, 3, 1, 9]]).tolist()
    [20.0, 0.0]
    """
    xyxy = np.asarray(boxes, dtype=np.float64)
    sides = np.clip(xyxy[..., 2:] - xyxy[..., :2], 0.0, None)
    return np.asarray(sides[..., 0] * sides[..., 1], dtype=np.float64)


def intersection(boxes: ArrayLike, others: ArrayLike) -> NDArray[np.float64]:
    """Area of the intersection of each pair of boxes, in square pixels.

    The leading axes broadcast: (N, 1, 4) and (1, M, 4) give (N, M).

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
    """Intersection over union of each pair of boxes, in [0, 1].

    The leading axes broadcast as in ``intersection``. A pair of empty boxes has 0.

    >>> float(iou([0, 0, 2, 2], [1, 0, 3, 2]).round(3))
    0.333
    """
    shared = intersection(boxes, others)
    union = area(boxes) + area(others) - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def union_box(boxes: ArrayLike) -> Boxes:
    """The smallest box (4,) that contains all boxes (N, 4); N is at least 1.

    >>> union_box([[0, 1, 2, 3], [1, 0, 5, 2]]).tolist()
    [0.0, 0.0, 5.0, 3.0]
    """
    xyxy = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    return np.concatenate([xyxy[:, :2].min(axis=0), xyxy[:, 2:].max(axis=0)])


def clip_to_image(boxes_in_image: ArrayLike, width: int, height: int) -> Boxes:
    """Clip boxes (..., 4) to a photograph of this width and height in pixels.

    A box outside the photograph becomes empty.
    """
    limits = np.array([width, height, width, height], dtype=np.float64)
    return np.clip(np.asarray(boxes_in_image, dtype=np.float64), 0.0, limits)


def scale_boxes(boxes: ArrayLike, scale_x: float, scale_y: float) -> Boxes:
    """Convert boxes in a photograph to boxes in the resized photograph.

    Args:
        boxes: boxes (..., 4) in pixels of the photograph.
        scale_x: width after resizing / width before.
        scale_y: height after resizing / height before.
    """
    factors = np.array([scale_x, scale_y, scale_x, scale_y], dtype=np.float64)
    return np.asarray(boxes, dtype=np.float64) * factors


def mirror_boxes(boxes_in_image: ArrayLike, width: float) -> Boxes:
    """Convert boxes in a photograph to boxes in its mirror image.

    Args:
        boxes_in_image: boxes (..., 4) in pixels of the photograph.
        width: width of the photograph in pixels.

    >>> mirror_boxes([1, 2, 4, 8], width=10).tolist()
    [6.0, 2.0, 9.0, 8.0]
    """
    xyxy = np.asarray(boxes_in_image, dtype=np.float64)
    x0, y0, x1, y1 = np.moveaxis(xyxy, -1, 0)
    return np.stack([width - x1, y0, width - x0, y1], axis=-1)
