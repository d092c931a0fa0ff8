"""IoU of located boxes, compared with the mean box of the training photographs.

The mean box of a category is the baseline: it is placed without looking at the
photograph.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiefvision.boxes import Boxes, iou
from tiefvision.records import Box, Garment, Photo


@dataclass(frozen=True)
class Located:
    """A photograph with its annotations and detections.

    Attributes:
        photo: The photograph.
        wanted: Annotated garments, the ground truth.
        found: Detected garments, by falling score.
    """

    photo: Photo
    wanted: tuple[Garment, ...]
    found: tuple[Garment, ...]


def relative_mean_boxes(photos: Sequence[Located]) -> dict[str, Boxes]:
    """Mean of the annotated boxes of each category.

    Returns:
        Category to (4,) box x0, y0, x1, y1, in shares of the width and height of the
        photograph.
    """
    shares: dict[str, list[Boxes]] = {}
    for located in photos:
        for garment in located.wanted:
            share = np.array(garment.box_in_image) / _sides(located.photo)
            shares.setdefault(garment.category, []).append(share)
    return {name: np.mean(boxes, axis=0) for name, boxes in shares.items()}


def overlaps(photos: Sequence[Located]) -> NDArray[np.float64]:
    """IoU of each annotated garment with the best detection of its category.

    Where a photograph has n garments of a category, only its n detections of highest
    score count: more boxes are not a better answer.

    Returns:
        (G,) IoU in [0, 1] of the garments of all photographs; 0 without a detection.
    """
    return np.array(
        [
            _best_overlap(garment, _surest(located, garment.category))
            for located in photos
            for garment in located.wanted
        ]
    )


def mean_box_overlaps(
    photos: Sequence[Located], mean_boxes: Mapping[str, Boxes]
) -> NDArray[np.float64]:
    """IoU of each annotated garment with the mean box of its category.

    Args:
        photos: Photographs with their annotations.
        mean_boxes: Mean box of each category, as `relative_mean_boxes` gives them.

    Returns:
        (G,) IoU in [0, 1] of the garments of all photographs; 0 where the category has
        no mean box.
    """
    return np.array(
        [
            _best_overlap(garment, boxes)
            for located in photos
            for garment in located.wanted
            for mean_box in [mean_boxes.get(garment.category)]
            for boxes in [
                [] if mean_box is None else [mean_box * _sides(located.photo)]
            ]
        ]
    )


def localisation_figures(
    all_boxes: Sequence[Located],
    reported: Sequence[Located],
    mean_boxes: Mapping[str, Boxes],
) -> dict[str, float]:
    """Figures over all garments of a split: IoU of locator and mean box, false alarms.

    Args:
        all_boxes: Photographs with the boxes of every score, by which IoU is measured.
        reported: Photographs of ``all_boxes`` with only the boxes that are reported to
            a user, by which empty results and false alarms are counted.
        mean_boxes: Mean box of each category in the training photographs, as
            `relative_mean_boxes` gives them.

    Returns:
        Name to figure. "nothing_found" counts photographs without a reported box,
        "without_garment" photographs without an annotated garment; "false_alarms" is
        the share of the latter with a reported box. The other names speak for
        themselves. A mean over nothing is 0.
    """
    found = overlaps(all_boxes)
    baseline = mean_box_overlaps(all_boxes, mean_boxes)
    empty = [located for located in reported if not located.wanted]
    return {
        "photographs": len(all_boxes),
        "garments": len(found),
        "nothing_found": sum(not located.found for located in reported),
        "mean_iou": _mean(found),
        "iou_over_0.5": _mean(found > 0.5),
        "mean_box_iou": _mean(baseline),
        "mean_box_iou_over_0.5": _mean(baseline > 0.5),
        "without_garment": len(empty),
        "false_alarms": _mean(np.array([bool(one.found) for one in empty])),
    }


def _surest(located: Located, category: str) -> list[Box]:
    """The n detected boxes of highest score, n garments of the category annotated."""
    wanted = sum(one.category == category for one in located.wanted)
    boxes = [one.box_in_image for one in located.found if one.category == category]
    return boxes[:wanted]


def _best_overlap(garment: Garment, boxes: Sequence[object]) -> float:
    """Largest IoU of a garment with one of the boxes; 0 without boxes."""
    if not boxes:
        return 0.0
    return float(iou(garment.box_in_image, np.array(boxes)).max())


def _mean(values: NDArray[np.float64] | NDArray[np.bool_]) -> float:
    return float(values.mean()) if len(values) else 0.0


def _sides(photo: Photo) -> NDArray[np.float64]:
    """(4,) width, height, width, height in pixels: the factors of a relative box."""
    return np.array([photo.width, photo.height] * 2, dtype=np.float64)
