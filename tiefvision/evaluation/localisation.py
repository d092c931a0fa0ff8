"""How well boxes are found, beside the box that needs no photograph: the mean one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiefvision.boxes import Boxes, iou
from tiefvision.records import Garment, Photo


@dataclass(frozen=True)
class Located:
    """A photograph, what must be found in it, and what was."""

    photo: Photo
    wanted: tuple[Garment, ...]
    found: tuple[Garment, ...]


def relative_mean_box(photos: Sequence[Located]) -> Boxes:
    """The mean of all wanted boxes, in shares of width and height, (4,).

    Where nothing is wanted it is an empty box, which overlaps with nothing.
    """
    shares = [
        np.array(garment.box_in_image) / _sides(located.photo)
        for located in photos
        for garment in located.wanted
    ]
    return np.asarray(np.mean(shares, axis=0)) if shares else np.zeros(4)


def overlaps(photos: Sequence[Located]) -> NDArray[np.float64]:
    """IoU of each wanted garment with the best box found; 0 where nothing was.

    Of n wanted garments only the n surest boxes count: more boxes are no better answer.
    """
    return np.array(
        [
            _best_overlap(garment, [other.box_in_image for other in surest])
            for located in photos
            for surest in [located.found[: len(located.wanted)]]
            for garment in located.wanted
        ]
    )


def mean_box_overlaps(
    photos: Sequence[Located], mean_box: Boxes
) -> NDArray[np.float64]:
    """IoU of each wanted garment with the mean box, laid on every photograph."""
    return np.array(
        [
            _best_overlap(garment, [mean_box * _sides(located.photo)])
            for located in photos
            for garment in located.wanted
        ]
    )


def localisation_figures(
    photos: Sequence[Located], mean_box: Boxes
) -> dict[str, float]:
    """Figures of a split: IoU of locator and mean box, categories, false alarms."""
    found, usual = overlaps(photos), mean_box_overlaps(photos, mean_box)
    empty = [located for located in photos if not located.wanted]
    alarms = sum(bool(located.found) for located in empty)
    right = [
        located.found[0].category in {garment.category for garment in located.wanted}
        for located in photos
        if located.found and located.wanted
    ]
    return {
        "photographs": len(photos),
        "garments": len(found),
        "nothing_found": sum(not located.found for located in photos),
        "mean_iou": _mean(found),
        "iou_over_0.5": _mean(found > 0.5),
        "mean_box_iou": _mean(usual),
        "mean_box_iou_over_0.5": _mean(usual > 0.5),
        "category_right": _mean(np.array(right, dtype=np.float64)),
        "without_garment": len(empty),
        "false_alarms": alarms / len(empty) if empty else 0.0,
    }


def _best_overlap(garment: Garment, boxes: Sequence[object]) -> float:
    if not boxes:
        return 0.0
    return float(iou(garment.box_in_image, np.array(boxes)).max())


def _mean(values: NDArray[np.float64] | NDArray[np.bool_]) -> float:
    return float(values.mean()) if len(values) else 0.0


def _sides(photo: Photo) -> NDArray[np.float64]:
    return np.array([photo.width, photo.height] * 2, dtype=np.float64)
