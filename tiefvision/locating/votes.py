"""Combining the boxes of many windows into garments.

The published rule averages over all windows that are sure of a garment. That is biased:
a window that cannot see a side still has a say on it, and can only say what is usual.
Here each side is put to a vote in which a window counts by how well it can judge that
side; the weighted median keeps the few that are badly wrong from moving it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tiefvision.boxes import Boxes, area, as_box, clip_to_image, intersection, iou
from tiefvision.records import Box, Garment

Combination = Literal["votes", "mean"]


@dataclass(frozen=True)
class VotingRules:
    """How windows become garments.

    Attributes:
        threshold: Windows with a lower P(garment) have no vote. The slides have 0.8;
            windows are drawn half and half, so 0.5 is even odds, and a classifier
            that is stopped before it grows overconfident seldom passes 0.8.
        combination: "votes" as above, or "mean", the published average.
        together: Windows whose boxes overlap this much (IoU) mean the same garment.
        inside: A garment that lies this far inside a surer one is a part of it.
        least: A garment with a smaller share of the votes than this, of the votes of
            the one that has most, is chance: half of what is found beside the garment
            of a synthetic scene has less than 0.02.
        most: Garments of a photograph, the surest first.
    """

    threshold: float = 0.5
    combination: Combination = "votes"
    together: float = 0.3
    inside: float = 0.6
    least: float = 0.1
    most: int = 8


@dataclass(frozen=True)
class Opinions:
    """What windows of all levels of a photograph say: at least those with a vote.

    Attributes:
        probabilities: (N, categories), background left out.
        boxes_in_image: (N, 4) pixels.
        spreads: (N, 4) pixels by which each coordinate may be off.
    """

    probabilities: NDArray[np.float64]
    boxes_in_image: Boxes
    spreads: NDArray[np.float64]


def sure_windows(
    probabilities: NDArray[np.float64], rules: VotingRules
) -> NDArray[np.int64]:
    """Which windows have a vote, by their (N, categories) probabilities.

    What any other window says does not matter to ``combine``.
    """
    return np.flatnonzero(probabilities.sum(axis=1) >= rules.threshold)


def combine(
    opinions: Opinions,
    categories: Sequence[str],
    width: int,
    height: int,
    rules: VotingRules | None = None,
) -> tuple[Garment, ...]:
    """The garments of a photograph, the surest first; none where no window is sure.

    A garment's score is the mean P(garment) of the windows that mean it, times its
    votes as a share of the most that any garment of the photograph has.

    Args:
        opinions: Of the windows of all its levels.
        categories: Names of the columns of the probabilities.
        width: Of the photograph in pixels.
        height: Of the photograph in pixels.
        rules: Thresholds.
    """
    rules = rules or VotingRules()
    surety = opinions.probabilities.sum(axis=1)
    sure = sure_windows(opinions.probabilities, rules)
    groups: list[tuple[float, Garment]] = []  # with the sum of their votes
    while len(sure):
        members = _agreeing(opinions, sure, surety, rules)
        box = _box_of(opinions, members, surety, rules.combination)
        box = clip_to_image(box, width, height)
        sure = np.setdiff1d(sure, members)
        if area(box) > 0:
            mean = opinions.probabilities[members].mean(axis=0)
            category = categories[int(mean.argmax())]
            garment = Garment(category, as_box(box), float(surety[members].mean()))
            groups.append((float(surety[members].sum()), garment))
    # A box on which few windows agree is less sure than one on which many do.
    most = max((votes for votes, _ in groups), default=1.0)
    ranked = [
        replace(garment, score=garment.score * votes / most)
        for votes, garment in groups
        if votes >= rules.least * most
    ]
    garments: list[Garment] = []
    for garment in sorted(ranked, key=lambda garment: -garment.score):
        if not _is_part(garment.box_in_image, garments, rules.inside):
            garments.append(garment)
    return tuple(garments[: rules.most])


def _agreeing(
    opinions: Opinions,
    sure: NDArray[np.int64],
    surety: NDArray[np.float64],
    rules: VotingRules,
) -> NDArray[np.int64]:
    """Windows that mean the same garment as the one that knows its box best."""
    boxes = opinions.boxes_in_image[sure]
    # By the size of the box, or small parts would always come first.
    size = np.clip(boxes[:, 2:] - boxes[:, :2], 1.0, None).sum(axis=1)
    known = surety[sure] * size / opinions.spreads[sure].sum(axis=1)
    seed = sure[known.argmax()]
    members = np.array([seed])
    # A second look, from the box the first members agree on, gathers the windows that
    # the seed alone would have missed.
    for _ in range(2):
        box = _box_of(opinions, members, surety, rules.combination)
        close = iou(opinions.boxes_in_image[sure], box) >= rules.together
        members = np.union1d(sure[close], [seed])
    return members


def _box_of(
    opinions: Opinions,
    members: NDArray[np.int64],
    surety: NDArray[np.float64],
    combination: Combination,
) -> Boxes:
    boxes = opinions.boxes_in_image[members]
    if combination == "mean":
        return np.asarray(boxes.mean(axis=0))
    weights = surety[members, None] / opinions.spreads[members] ** 2
    return np.array([weighted_median(boxes[:, k], weights[:, k]) for k in range(4)])


def weighted_median(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """The smallest value with at least half of the weight at or below it.

    >>> weighted_median(np.array([1.0, 5.0, 9.0]), np.array([1.0, 1.0, 5.0]))
    9.0
    """
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(below, below[-1] / 2)])


def _is_part(box: Box, garments: Sequence[Garment], inside: float) -> bool:
    others = [garment.box_in_image for garment in garments]
    return bool(others) and bool(
        (intersection(box, others) / area(box)).max() >= inside
    )
