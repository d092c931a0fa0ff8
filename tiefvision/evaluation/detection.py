"""Average precision of detections as COCO defines it, and further figures of boxes.

Source: COCOeval of pycocotools for boxes: objects of all areas, no crowds, and at most
100 detections of a category in a photograph. The tests compare with that program.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tiefvision.boxes import Boxes, iou
from tiefvision.evaluation.localisation import Located, mean_box_overlaps, overlaps
from tiefvision.records import Garment

IOU_THRESHOLDS = tuple(np.linspace(0.5, 0.95, 10).tolist())
"""IoU thresholds of COCO: 0.5 to 0.95 in steps of 0.05."""

RIGHT_IOU = IOU_THRESHOLDS[0]
"""IoU from which on a detection counts as right, where a figure has one threshold."""

RECALL_LEVELS = np.linspace(0.0, 1.0, 101)
"""Recall levels of COCO, at which precision is sampled: 0 to 1 in steps of 0.01."""

MOST_BOXES = 100
"""COCO's limit: in a photograph, the 100 detections of highest score of a category
count."""

_AT_50, _AT_75 = IOU_THRESHOLDS.index(0.5), IOU_THRESHOLDS.index(0.75)


@dataclass(frozen=True)
class CategoryFigures:
    """How well one category is detected; None where there is nothing to measure.

    Attributes:
        category: Name of the category.
        garments: Number of annotated garments.
        photographs: Number of photographs with at least one of them.
        ap50: Average precision at IoU 0.5.
        ap75: Average precision at IoU 0.75.
        ap50_95: Mean of the average precisions at the ten ``IOU_THRESHOLDS``.
        mean_iou: Mean IoU of each annotated garment with the best detection of its
            category, 0 without one; where a photograph has n garments of a category,
            only its n detections of highest score count.
        over_half: Share of the annotated garments for which this IoU is above 0.5.
        mean_box_iou: ``mean_iou`` of a detector that always gives the mean box of the
            training photographs.
        mean_box_over_half: ``over_half`` of that detector.
        false_alarms: Share of the photographs without the category in which it was
            detected.
    """

    category: str
    garments: int
    photographs: int
    ap50: float | None
    ap75: float | None
    ap50_95: float | None
    mean_iou: float | None
    over_half: float | None
    mean_box_iou: float | None
    mean_box_over_half: float | None
    false_alarms: float | None


@dataclass(frozen=True)
class MeanFigures:
    """Unweighted means over ``categories`` categories; None over no category."""

    categories: int
    ap50: float | None
    ap75: float | None
    ap50_95: float | None
    mean_iou: float | None
    false_alarms: float | None


def categories_of(photos: Sequence[Located]) -> list[str]:
    """Sorted names of all categories that are annotated or were detected."""
    garments = [one for located in photos for one in located.wanted + located.found]
    return sorted({garment.category for garment in garments})


def detection_figures(
    photos: Sequence[Located],
    threshold: float,
    mean_boxes: Mapping[str, Boxes] | None = None,
) -> list[CategoryFigures]:
    """The figures of each category, sorted by name.

    Args:
        photos: Photographs with annotations and detections; also those without
            garments, whose detections lower the precision.
        threshold: Lowest score, in [0, 1], at which a detection in a photograph without
            its category is a false alarm. Average precision uses detections of every
            score.
        mean_boxes: Mean box of each category, as `relative_mean_boxes` gives them;
            without them the figures of the mean box are None.
    """
    return [
        _figures_of(category, photos, threshold, mean_boxes or {})
        for category in categories_of(photos)
    ]


def mean_over_categories(
    figures: Sequence[CategoryFigures], least_photographs: int
) -> MeanFigures:
    """Unweighted means over the categories that enough photographs show.

    A category that every photograph shows has no false alarms to measure, and is left
    out of their mean.

    Args:
        figures: The figures of each category.
        least_photographs: Smallest number of photographs that show a category; with 0
            or 1, every category that is annotated.
    """
    known = [one for one in figures if one.photographs >= max(least_photographs, 1)]
    return MeanFigures(
        len(known),
        _mean([one.ap50 for one in known]),
        _mean([one.ap75 for one in known]),
        _mean([one.ap50_95 for one in known]),
        _mean([one.mean_iou for one in known]),
        _mean([one.false_alarms for one in known]),
    )


def average_precision(
    scores: NDArray[np.float64], hits: NDArray[np.bool_], wanted: int
) -> float:
    """Average precision: mean of the interpolated precision at 101 recall levels.

    The interpolated precision at a recall is the highest precision at this recall or a
    higher one; 0 where no threshold reaches it.

    Args:
        scores: (N,) scores of the detections; equal ones are ranked in their order.
        hits: (N,) whether each detection is right.
        wanted: Number of annotated garments, at least 1.

    Returns:
        Average precision in [0, 1].

    In the example the first detection finds one of two garments: precision 1 at the
    recalls 0.00 to 0.50. The third finds the other: precision 2 / 3 at 0.51 to 1.00.

    >>> hits = np.array([True, False, True])
    >>> ap = average_precision(np.array([0.9, 0.8, 0.7]), hits, wanted=2)
    >>> np.isclose(ap, (51 * 1 + 50 * 2 / 3) / 101).item()
    True
    """
    right = np.cumsum(hits[np.argsort(-scores, kind="stable")])  # (N,)
    precision = right / np.arange(1, len(right) + 1)
    best = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0.0)
    reached = np.searchsorted(right / wanted, RECALL_LEVELS, side="left")
    return float(best[reached].mean())


def judged_boxes(
    photos: Sequence[Located],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Score of every detection, and whether it is right: the input of calibration.

    A detection is right as for AP50: its IoU is at least 0.5 with a garment of its
    category that no detection of higher score has taken.

    Returns:
        (N,) float scores in [0, 1] and (N,) bool hits.
    """
    judged = [_judged(_only(name, photos)) for name in categories_of(photos)]
    judged.append(_judged([]))  # concatenate needs at least one array
    scores = np.concatenate([scores for scores, _ in judged])
    return scores, np.concatenate([hits[_AT_50] for _, hits in judged])


def recall_at(
    boxes: Sequence[Boxes], wanted: Sequence[Boxes], counts: Sequence[int]
) -> NDArray[np.float64]:
    """Recall of proposals: share of garments that one of the first k boxes finds.

    A box finds every garment, of any category, with which its IoU is at least 0.5
    (Hosang et al., arXiv:1502.05082).

    Args:
        boxes: Proposed boxes of each photograph, (N, 4) in pixels, best first.
        wanted: Annotated boxes of each photograph, (M, 4) in pixels.
        counts: Values of k.

    Returns:
        (len(counts),) in [0, 1]; 0 if no garment is annotated.
    """
    found = np.zeros(len(counts))
    for ranked, there in zip(boxes, wanted, strict=True):
        good = iou(there[:, None], ranked[None]) >= RIGHT_IOU  # (M, N)
        found += [good[:, :k].any(axis=1).sum() for k in counts]
    return found / max(sum(map(len, wanted)), 1)


def _figures_of(
    category: str,
    photos: Sequence[Located],
    threshold: float,
    mean_boxes: Mapping[str, Boxes],
) -> CategoryFigures:
    of_category = _only(category, photos)
    wanting = [one for one in of_category if one.wanted]
    without = [one for one in of_category if not one.wanted]
    wanted = sum(len(one.wanted) for one in wanting)
    scores, hits = _judged(of_category)
    precisions: list[float | None] = [
        average_precision(scores, row, wanted) if wanted else None for row in hits
    ]
    shares = overlaps(wanting)
    baseline = mean_box_overlaps(wanting, mean_boxes)
    return CategoryFigures(
        category=category,
        garments=wanted,
        photographs=len(wanting),
        ap50=precisions[_AT_50],
        ap75=precisions[_AT_75],
        ap50_95=_mean(precisions),
        mean_iou=_mean(shares.tolist()),
        over_half=_mean((shares > RIGHT_IOU).tolist()),
        mean_box_iou=_mean(baseline.tolist()) if mean_boxes else None,
        mean_box_over_half=(
            _mean((baseline > RIGHT_IOU).tolist()) if mean_boxes else None
        ),
        false_alarms=_mean(
            [any(box.score >= threshold for box in one.found) for one in without]
        ),
    )


def _only(category: str, photos: Sequence[Located]) -> list[Located]:
    """The photographs with one category alone, and at most 100 detections each."""

    def of(garments: Sequence[Garment]) -> tuple[Garment, ...]:
        return tuple(one for one in garments if one.category == category)

    def surest(garments: Sequence[Garment]) -> tuple[Garment, ...]:
        return tuple(sorted(of(garments), key=lambda one: -one.score)[:MOST_BOXES])

    return [
        replace(one, wanted=of(one.wanted), found=surest(one.found)) for one in photos
    ]


def _judged(
    of_category: Sequence[Located],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Scores (N,) of all detections of one category, and hits (T, N) by threshold."""
    scores = [garment.score for one in of_category for garment in one.found]
    hits = [_match(_boxes(one.found), _boxes(one.wanted)) for one in of_category]
    none = np.empty((len(IOU_THRESHOLDS), 0), dtype=np.bool_)
    return np.array(scores, dtype=np.float64), np.concatenate([none, *hits], axis=1)


def _match(found: Boxes, wanted: Boxes) -> NDArray[np.bool_]:
    """(T, N) whether each detection is right at each of the T IoU thresholds.

    Detections take turns by falling score; each takes the free garment of largest IoU
    that reaches the threshold.

    Args:
        found: (N, 4) detected boxes in pixels, by falling score.
        wanted: (M, 4) annotated boxes in pixels.
    """
    thresholds = np.array(IOU_THRESHOLDS)[:, None]
    rows = np.arange(len(thresholds))
    hits = np.zeros((len(rows), len(found)), dtype=np.bool_)
    if not len(wanted):
        return hits
    free = np.ones((len(rows), len(wanted)), dtype=np.bool_)
    for number, shares in enumerate(iou(found[:, None], wanted[None])):  # (M,)
        fits = np.where(free & (shares >= thresholds), shares, -1.0)  # (T, M)
        # Of equal overlaps COCO takes the last; argmax would take the first.
        best = len(wanted) - 1 - fits[:, ::-1].argmax(axis=1)
        hits[:, number] = fits[rows, best] >= 0
        free[rows, best] &= ~hits[:, number]
    return hits


def _boxes(garments: Sequence[Garment]) -> Boxes:
    """(N, 4) boxes in pixels of the photograph."""
    boxes = [garment.box_in_image for garment in garments]
    return np.array(boxes, dtype=np.float64).reshape(-1, 4)


def _mean(values: Sequence[float | None]) -> float | None:
    """Mean of the values that are not None; None if there is none."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
