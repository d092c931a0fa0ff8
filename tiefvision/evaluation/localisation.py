"""How well boxes are found, beside the box that needs no photograph: the mean one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiefvision.boxes import Boxes, iou
from tiefvision.records import Box, Garment, Photo


@dataclass(frozen=True)
class Located:
    """A photograph, what must be found in it, and what was."""

    photo: Photo
    wanted: tuple[Garment, ...]
    found: tuple[Garment, ...]


def relative_mean_boxes(photos: Sequence[Located]) -> dict[str, Boxes]:
    """The mean of the wanted boxes of each category, in shares of width and height."""
    shares: dict[str, list[Boxes]] = {}
    for located in photos:
        for garment in located.wanted:
            share = np.array(garment.box_in_image) / _sides(located.photo)
            shares.setdefault(garment.category, []).append(share)
    return {name: np.mean(boxes, axis=0) for name, boxes in shares.items()}


def overlaps(photos: Sequence[Located]) -> NDArray[np.float64]:
    """IoU of each wanted garment with the best box of its category; 0 without one.

    Of n wanted garments of a category only the n surest boxes count: more boxes are no
    better answer.
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
    """IoU of each wanted garment with the mean box of its category; 0 without one."""
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
    every: Sequence[Located],
    told: Sequence[Located],
    mean_boxes: Mapping[str, Boxes],
) -> dict[str, float]:
    """Figures of a split over all garments: IoU of locator and mean box, false alarms.

    Args:
        every: With all boxes.
        told: The same photographs with those that are told.
        mean_boxes: Of ``relative_mean_boxes`` of the training photographs.
    """
    found, usual = overlaps(every), mean_box_overlaps(every, mean_boxes)
    empty = [located for located in told if not located.wanted]
    return {
        "photographs": len(every),
        "garments": len(found),
        "nothing_found": sum(not located.found for located in told),
        "mean_iou": _mean(found),
        "iou_over_0.5": _mean(found > 0.5),
        "mean_box_iou": _mean(usual),
        "mean_box_iou_over_0.5": _mean(usual > 0.5),
        "without_garment": len(empty),
        "false_alarms": _mean(np.array([bool(one.found) for one in empty])),
    }


def _surest(located: Located, category: str) -> list[Box]:
    wanted = sum(one.category == category for one in located.wanted)
    boxes = [one.box_in_image for one in located.found if one.category == category]
    return boxes[:wanted]


def _best_overlap(garment: Garment, boxes: Sequence[object]) -> float:
    if not boxes:
        return 0.0
    return float(iou(garment.box_in_image, np.array(boxes)).max())


def _mean(values: NDArray[np.float64] | NDArray[np.bool_]) -> float:
    return float(values.mean()) if len(values) else 0.0


def _sides(photo: Photo) -> NDArray[np.float64]:
    return np.array([photo.width, photo.height] * 2, dtype=np.float64)
