"""Average precision of detections as COCO defines it, and what belongs beside it.

Source: COCOeval of pycocotools for boxes: areas of every size, no crowds, and of a
category at most the 100 surest boxes of a photograph. The tests hold it to that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tiefvision.boxes import Boxes, iou
from tiefvision.evaluation.localisation import Located, mean_box_overlaps, overlaps
from tiefvision.records import Garment

IOU_THRESHOLDS = tuple(np.linspace(0.5, 0.95, 10).tolist())
"""COCO's: from 0.5 to 0.95 by 0.05."""

RIGHT_IOU = IOU_THRESHOLDS[0]
"""The overlap from which on a box counts as right, where one threshold must do."""

RECALL_LEVELS = np.linspace(0.0, 1.0, 101)
"""COCO's: the recalls at which precision is read."""

MOST_BOXES = 100
"""COCO's: boxes of a category that count in a photograph, the surest."""

_AT_50, _AT_75 = IOU_THRESHOLDS.index(0.5), IOU_THRESHOLDS.index(0.75)


@dataclass(frozen=True)
class CategoryFigures:
    """How well one category is found. None where there is nothing to measure it on.

    Attributes:
        category: Its name.
        garments: How many are wanted.
        photographs: How many want at least one.
        ap50: Average precision at IoU 0.5.
        ap75: Average precision at IoU 0.75.
        ap50_95: Mean of the average precisions at the ten ``IOU_THRESHOLDS``.
        mean_iou: Of each wanted garment with the best box of its category; where n are
            wanted in a photograph only the n surest boxes count, and no box is 0.
        over_half: Share of the wanted garments that this box overlaps by more than 0.5.
        mean_box_iou: What the mean box of the training photographs would get.
        mean_box_over_half: The same.
        false_alarms: Share of the photographs without it in which it was found.
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
    """Means over categories, each of which counts alike; None over no category."""

    categories: int
    ap50: float | None
    ap75: float | None
    ap50_95: float | None
    mean_iou: float | None
    false_alarms: float | None


def categories_of(photos: Sequence[Located]) -> list[str]:
    """Every category that is wanted or was found, in order."""
    garments = [one for located in photos for one in located.wanted + located.found]
    return sorted({garment.category for garment in garments})


def detection_figures(
    photos: Sequence[Located],
    threshold: float,
    mean_boxes: Mapping[str, Boxes] | None = None,
) -> list[CategoryFigures]:
    """The figures of every category, in order.

    Args:
        photos: Those without garments too: what is found in them costs precision.
        threshold: The score from which on a box is a false alarm in a photograph
            without its category. Average precision takes boxes of every score.
        mean_boxes: Of each category, as ``relative_mean_boxes`` gives them.
    """
    return [
        _figures_of(category, photos, threshold, mean_boxes or {})
        for category in categories_of(photos)
    ]


def mean_over_categories(
    figures: Sequence[CategoryFigures], least_photographs: int
) -> MeanFigures:
    """Means over the categories that at least so many photographs, or one, want.

    A category that every photograph wants has no false alarms, and no say on them.
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
    """Precision at the best score that reaches each of 101 recalls, their mean.

    Args:
        scores: (N,) of boxes; of equal ones the earlier counts as the surer.
        hits: (N,) whether each box is right.
        wanted: Boxes there are to find, at least 1.

    Half of the garments are found before the wrong box, with precision 1 at the
    recalls 0.00 to 0.50; the others at best with 2 of 3 boxes right, at 0.51 to 1.00:

    >>> hits = np.array([True, False, True])
    >>> ap = average_precision(np.array([0.9, 0.8, 0.7]), hits, wanted=2)
    >>> np.isclose(ap, (51 * 1 + 50 * 2 / 3) / 101).item()
    True
    """
    right = np.cumsum(hits[np.argsort(-scores, kind="stable")])  # (N,)
    precision = right / np.arange(1, len(right) + 1)
    # The best precision at this recall or a higher one; 0 where none reaches it.
    best = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0.0)
    reached = np.searchsorted(right / wanted, RECALL_LEVELS, side="left")
    return float(best[reached].mean())


def judged_boxes(
    photos: Sequence[Located],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Score of every box found, and whether it is right: what calibration needs.

    Right is, as for AP50, one that has a wanted garment of its category to itself.
    Both are (N,).
    """
    judged = [_judged(_only(name, photos)) for name in categories_of(photos)]
    judged.append(_judged([]))  # of no categories there is nothing to join
    scores = np.concatenate([scores for scores, _ in judged])
    return scores, np.concatenate([hits[_AT_50] for _, hits in judged])


def recall_at(
    boxes: Sequence[Boxes], wanted: Sequence[Boxes], counts: Sequence[int]
) -> NDArray[np.float64]:
    """Share of wanted garments that one of the first k boxes overlaps by 0.5 or more.

    Categories do not matter, and a box may stand for several garments: it is the recall
    of windows before they are judged (Hosang et al., arXiv:1502.05082).

    Args:
        boxes: Of each photograph (N, 4), the best first.
        wanted: Of each photograph (M, 4).
        counts: The k.

    Returns:
        (len(counts),); 0 where nothing is wanted.
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
    usual = mean_box_overlaps(wanting, mean_boxes)
    return CategoryFigures(
        category=category,
        garments=wanted,
        photographs=len(wanting),
        ap50=precisions[_AT_50],
        ap75=precisions[_AT_75],
        ap50_95=_mean(precisions),
        mean_iou=_mean(shares.tolist()),
        over_half=_mean((shares > RIGHT_IOU).tolist()),
        mean_box_iou=_mean(usual.tolist()) if mean_boxes else None,
        mean_box_over_half=_mean((usual > RIGHT_IOU).tolist()) if mean_boxes else None,
        false_alarms=_mean(
            [any(box.score >= threshold for box in one.found) for one in without]
        ),
    )


def _only(category: str, photos: Sequence[Located]) -> list[Located]:
    """With one category alone, the surest found first, no more than COCO counts."""

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
    """Scores (N,) of the boxes found, photograph by photograph, and hits (T, N)."""
    scores = [garment.score for one in of_category for garment in one.found]
    hits = [_match(_boxes(one.found), _boxes(one.wanted)) for one in of_category]
    none = np.empty((len(IOU_THRESHOLDS), 0), dtype=np.bool_)
    return np.array(scores, dtype=np.float64), np.concatenate([none, *hits], axis=1)


def _match(found: Boxes, wanted: Boxes) -> NDArray[np.bool_]:
    """Whether each box of (N, 4), the surest first, is right at each threshold, (T, N).

    In turn a box takes, of the (M, 4) wanted that no surer one has taken, the one that
    it overlaps most.
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
    boxes = [garment.box_in_image for garment in garments]
    return np.array(boxes, dtype=np.float64).reshape(-1, 4)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
