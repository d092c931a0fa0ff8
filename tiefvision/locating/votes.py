"""Combining the predictions of many windows into garments.

The published rules average the boxes of all windows with a high probability. That is
biased: a window that does not see a side of the garment can only predict the usual
position of that side, and still enters the average. Here each side is a weighted median
over windows, weighted by the predicted precision of that side, so that single bad
predictions do not move it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tiefvision.boxes import Boxes, area, as_box, clip_to_image, intersection, iou
from tiefvision.records import Box, Garment

Combination = Literal["votes", "mean", "sides"]

JURY = 50
"""Number of windows, the most confident ones, whose mean confidence is the score of a
garment; if fewer windows vote for it, the missing ones count 0. Even the smallest
photograph has 50 windows, and a wrong box seldom has as many as twenty."""

SHARE_OF_BEST = 0.6
"""A window also has a vote, below the threshold, if its P(category) reaches this share
of the highest in the photograph: a garment of low score is better than none."""


@dataclass(frozen=True)
class VotingRules:
    """The rules by which windows are combined into garments.

    Attributes:
        threshold: least P(category) of a window that has a vote on the category;
            lowered by ``SHARE_OF_BEST`` if the combination is "votes". TiefVision's
            slides have 0.8, its published code 0.85.
        weakest: least P(category) of the best window; below it the category is absent.
        combination: "votes", the weighted median described above; "mean", the average
            box of TiefVision's slides; or "sides", the rule of its published code,
            which averages each side over the windows on that side of the mean box's
            centre.
        together: least IoU of two predicted boxes that vote for the same garment.
        inside: share of a box, inside a box of higher score and the same category, from
            which on it is dropped as a part of that garment.
        least: least score of a garment, as a share of the highest score of its
            category; garments below it, such as those of a single window, are dropped.
        most: largest number of garments of a category.
    """

    threshold: float = 0.5
    weakest: float = 0.05
    combination: Combination = "votes"
    together: float = 0.3
    inside: float = 0.6
    least: float = 0.1
    most: int = 8

    def floors(self, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """The least P(category) of a window that has a vote, for each category.

        Args:
            probabilities: P(category) of all windows of a photograph, (N, categories).

        Returns:
            Thresholds, (categories,); infinity for a category that is absent.
        """
        best = probabilities.max(axis=0, initial=0.0)
        floor = np.full(len(best), self.threshold)
        if self.combination == "votes":
            floor = np.minimum(floor, SHARE_OF_BEST * best)
        return np.where(best >= self.weakest, floor, np.inf)


@dataclass(frozen=True)
class WindowPredictions:
    """Predictions of the heads for windows of all levels of a photograph.

    Windows without a vote on any category may be left out.

    Attributes:
        probabilities: P(category) of each window, (N, categories) in [0, 1].
        boxes_in_image: predicted boxes in pixels of the photograph, (N, categories, 4).
        spreads: predicted spread (scale of a Laplace distribution) of each coordinate
            in pixels of the photograph, (N, categories, 4).
        centres_in_image: x and y of the windows' centres in pixels of the photograph,
            (N, 2).
    """

    probabilities: NDArray[np.float64]
    boxes_in_image: NDArray[np.float64]
    spreads: NDArray[np.float64]
    centres_in_image: NDArray[np.float64]


@dataclass(frozen=True)
class Voters:
    """Predictions for one category of the windows that have a vote on it.

    All coordinates are in pixels of the photograph.

    Attributes:
        probabilities: P(category) of each window, (n,) in [0, 1].
        boxes: predicted boxes, (n, 4).
        spreads: predicted spread of each coordinate, (n, 4).
        centres: x and y of the windows' centres, (n, 2).
    """

    probabilities: NDArray[np.float64]
    boxes: Boxes
    spreads: NDArray[np.float64]
    centres: NDArray[np.float64]

    def at(self, chosen: NDArray[np.int64]) -> "Voters":
        """The voters at the indices ``chosen``, (m,)."""
        return Voters(
            self.probabilities[chosen],
            self.boxes[chosen],
            self.spreads[chosen],
            self.centres[chosen],
        )

    def weights(self) -> NDArray[np.float64]:
        """Weight of each window in the median of each side, (n, 4).

        The weight is P(category) divided by the squared spread.
        """
        weights: NDArray[np.float64] = self.probabilities[:, None] / self.spreads**2
        return weights

    def sizes(self) -> NDArray[np.float64]:
        """Width and height of the predicted boxes in pixels, at least 1, (n, 2)."""
        sizes: NDArray[np.float64] = (self.boxes[:, 2:] - self.boxes[:, :2]).clip(1.0)
        return sizes

    def confidences(self) -> NDArray[np.float64]:
        """P(category) times the expected IoU of the predicted box, (n,) in [0, 1].

        An error of a side costs about the same share of the IoU as it is of the box's
        size. A window between two people, whose P(category) is high but whose box lies
        between theirs and has large spreads, therefore gets a low confidence.
        """
        errors = (self.spreads / np.tile(self.sizes(), 2)).sum(axis=1)
        confidences: NDArray[np.float64] = self.probabilities * np.exp(-errors)
        return confidences


def voters_on(predictions: WindowPredictions, column: int, floor: float) -> Voters:
    """Select the windows that have a vote on a category.

    Args:
        predictions: predictions of the windows.
        column: index of the category.
        floor: least P(category) of a window that has a vote.
    """
    chosen = np.flatnonzero(predictions.probabilities[:, column] >= floor)
    return Voters(
        predictions.probabilities[chosen, column],
        predictions.boxes_in_image[chosen, column],
        predictions.spreads[chosen, column],
        predictions.centres_in_image[chosen],
    )


def combine(
    predictions: WindowPredictions,
    categories: Sequence[str],
    width: int,
    height: int,
    rules: VotingRules | None = None,
) -> tuple[Garment, ...]:
    """Combine the predictions of windows into garments, category by category.

    The score of a garment is the mean confidence (``Voters.confidences``) of the
    ``JURY`` most confident windows that vote for it.

    Args:
        predictions: predictions of the windows of all levels.
        categories: names of the columns of ``predictions.probabilities``.
        width: width of the photograph in pixels.
        height: height of the photograph in pixels.
        rules: rules of the vote; the defaults if None.

    Returns:
        Garments with boxes in pixels of the photograph and scores in [0, 1], the
        highest score first; empty if no window has a vote.
    """
    rules = rules or VotingRules()
    floors = rules.floors(predictions.probabilities)
    garments = [
        garment
        for column, (category, floor) in enumerate(zip(categories, floors, strict=True))
        if floor < np.inf
        for garment in _garments_of(
            voters_on(predictions, column, floor), category, width, height, rules
        )
    ]
    return tuple(sorted(garments, key=lambda garment: -garment.score))


def _garments_of(
    voters: Voters, category: str, width: int, height: int, rules: VotingRules
) -> list[Garment]:
    """The garments of one category, the highest score first.

    Windows are grouped greedily: the best window gathers those whose boxes overlap, the
    group becomes a garment, and the rest is grouped again.
    """
    found: list[Garment] = []
    left = np.arange(len(voters.probabilities))
    while len(left):
        members = _agreeing(voters, left, rules)
        left = np.setdiff1d(left, members)
        group = voters.at(members)
        box = clip_to_image(_box_of(group, rules.combination), width, height)
        if area(box) > 0:
            jury = np.sort(group.confidences())[-JURY:]
            found.append(Garment(category, as_box(box), float(jury.sum() / JURY)))
    found.sort(key=lambda garment: -garment.score)
    garments: list[Garment] = []
    for garment in found:
        if garment.score < rules.least * found[0].score:
            break
        if not _is_part(garment.box_in_image, garments, rules.inside):
            garments.append(garment)
    return garments[: rules.most]


def _agreeing(
    voters: Voters, left: NDArray[np.int64], rules: VotingRules
) -> NDArray[np.int64]:
    """Group the most precise window with those whose boxes overlap.

    Args:
        voters: voters on one category.
        left: indices of voters that are not in a group yet.
        rules: rules whose ``together`` is the least IoU.

    Returns:
        Indices of the group, sorted.
    """
    boxes = voters.boxes[left]
    # Relative to the size of the box; otherwise small boxes would always come first.
    size = voters.sizes()[left].sum(axis=1)
    precision = voters.probabilities[left] * size / voters.spreads[left].sum(axis=1)
    seed = left[precision.argmax()]
    members = np.array([seed])
    # The second pass starts from the combined box of the first, and gathers windows
    # that overlap it but not the seed.
    for _ in range(2):
        box = _box_of(voters.at(members), rules.combination)
        close = iou(boxes, box) >= rules.together
        members = np.union1d(left[close], [seed])
    return members


def _box_of(voters: Voters, combination: Combination) -> Boxes:
    """Combine the boxes of a group into one box, (4,)."""
    if combination == "mean":
        return np.asarray(voters.boxes.mean(axis=0))
    if combination == "sides":
        return _mean_by_sides(voters)
    weights = voters.weights()
    return np.array(
        [weighted_median(voters.boxes[:, k], weights[:, k]) for k in range(4)]
    )


def _mean_by_sides(voters: Voters) -> Boxes:
    """Average each side over the windows on that side of the mean box's centre, (4,).

    x0 is averaged over the windows left of the centre, y0 over those above, x1 over
    those to the right and y1 over those below; over all windows if there are none.
    """
    mean = voters.boxes.mean(axis=0)
    middle = (mean[:2] + mean[2:]) / 2
    before = voters.centres <= middle  # (n, 2)
    groups = np.concatenate([before, voters.centres >= middle], axis=1)  # (n, 4)
    return np.array(
        [
            voters.boxes[groups[:, side], side].mean()
            if groups[:, side].any()
            else mean[side]
            for side in range(4)
        ]
    )


def weighted_median(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """The smallest value with at least half of the total weight at or below it.

    Args:
        values: values, (n,) with n at least 1.
        weights: positive weights, (n,).

    >>> weighted_median(np.array([1.0, 5.0, 9.0]), np.array([1.0, 1.0, 5.0]))
    9.0
    """
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(below, below[-1] / 2)])


def _is_part(box: Box, garments: Sequence[Garment], inside: float) -> bool:
    """Whether a share of at least ``inside`` of a box lies in one of the garments."""
    others = [garment.box_in_image for garment in garments]
    return bool(others) and bool(
        (intersection(box, others) / area(box)).max() >= inside
    )
