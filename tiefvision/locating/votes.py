"""Combining the boxes of many windows into garments.

The published rules average over all windows that are sure of a garment. That is biased:
a window that cannot see a side still has a say on it, and can only say what is usual.
Here each side is put to a vote in which a window counts by how well it can judge that
side; the weighted median keeps the few that are badly wrong from moving it.
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
"""Windows whose mean assurance is the score of a garment, the highest first; where
fewer mean it, the missing ones count 0. Even the smallest photograph has 50 windows,
and a box that is chance seldom has twenty that agree on it."""

NEARLY = 0.6
"""Of the highest P(category) in a photograph: windows from there on have a vote, below
the threshold too, for a garment found weakly is better than none."""


@dataclass(frozen=True)
class VotingRules:
    """How windows become garments.

    Attributes:
        threshold: Windows with a lower P(category) have no vote on it (but ``NEARLY``).
            The slides have 0.8, the published code 0.85.
        weakest: A category that no window gives this is not there.
        combination: "votes" as above. "mean", the average of the slides, or "sides",
            that of the published code: a side is averaged over the windows that lie on
            its side of the mean box's centre. Both take the threshold strictly.
        together: Windows whose boxes overlap this much (IoU) mean the same garment.
        inside: A garment that lies this far inside a surer one of its category is a
            part of it.
        least: A garment with a smaller share of the score of the surest of its category
            is chance: one that a single window means, beside a full jury.
        most: Garments of a category, the surest first.
    """

    threshold: float = 0.5
    weakest: float = 0.05
    combination: Combination = "votes"
    together: float = 0.3
    inside: float = 0.6
    least: float = 0.1
    most: int = 8

    def floors(self, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """The P(category) from which on a window has a vote, (categories,).

        Args:
            probabilities: (N, categories) of all windows of a photograph.
        """
        best = probabilities.max(axis=0, initial=0.0)
        floor = np.full(len(best), self.threshold)
        if self.combination == "votes":
            floor = np.minimum(floor, NEARLY * best)
        return np.where(best >= self.weakest, floor, np.inf)


@dataclass(frozen=True)
class Opinions:
    """What windows of all levels of a photograph say: at least those with a vote.

    Attributes:
        probabilities: (N, categories).
        boxes_in_image: (N, categories, 4) pixels.
        spreads: (N, categories, 4) pixels by which each coordinate may be off.
        centres_in_image: (N, 2) x and y of the windows, in pixels.
    """

    probabilities: NDArray[np.float64]
    boxes_in_image: NDArray[np.float64]
    spreads: NDArray[np.float64]
    centres_in_image: NDArray[np.float64]


@dataclass(frozen=True)
class Voters:
    """Windows that have a vote on one category: an axis of ``Opinions`` less.

    Attributes:
        surety: (n,) P(category).
        boxes: (n, 4) pixels.
        spreads: (n, 4) pixels.
        centres: (n, 2) pixels.
    """

    surety: NDArray[np.float64]
    boxes: Boxes
    spreads: NDArray[np.float64]
    centres: NDArray[np.float64]

    def at(self, chosen: NDArray[np.int64]) -> "Voters":
        """Some of them."""
        return Voters(
            self.surety[chosen],
            self.boxes[chosen],
            self.spreads[chosen],
            self.centres[chosen],
        )

    def weights(self) -> NDArray[np.float64]:
        """How much each counts for each side in "votes", (n, 4)."""
        weights: NDArray[np.float64] = self.surety[:, None] / self.spreads**2
        return weights

    def sizes(self) -> NDArray[np.float64]:
        """Width and height of the boxes, (n, 2) pixels; 1 at least."""
        sizes: NDArray[np.float64] = (self.boxes[:, 2:] - self.boxes[:, :2]).clip(1.0)
        return sizes

    def assurance(self) -> NDArray[np.float64]:
        """P(category) times the IoU that can be expected of the box, (n,).

        A side that is off by a share of the box costs about that share of the IoU. So a
        window between two people, which is sure that there is somebody and halves the
        difference between them, counts for little.
        """
        off = (self.spreads / np.tile(self.sizes(), 2)).sum(axis=1)
        assurance: NDArray[np.float64] = self.surety * np.exp(-off)
        return assurance


def voters_on(opinions: Opinions, column: int, floor: float) -> Voters:
    """The windows that have a vote on a category."""
    chosen = np.flatnonzero(opinions.probabilities[:, column] >= floor)
    return Voters(
        opinions.probabilities[chosen, column],
        opinions.boxes_in_image[chosen, column],
        opinions.spreads[chosen, column],
        opinions.centres_in_image[chosen],
    )


def combine(
    opinions: Opinions,
    categories: Sequence[str],
    width: int,
    height: int,
    rules: VotingRules | None = None,
) -> tuple[Garment, ...]:
    """The garments of a photograph, the surest first; none where no window is sure.

    Categories are put to the vote one by one. A garment's score is the mean assurance
    of the ``JURY`` windows that know it best.

    Args:
        opinions: Of the windows of all its levels.
        categories: Names of the columns of the probabilities.
        width: Of the photograph in pixels.
        height: Of the photograph in pixels.
        rules: Thresholds.
    """
    rules = rules or VotingRules()
    floors = rules.floors(opinions.probabilities)
    garments = [
        garment
        for column, (category, floor) in enumerate(zip(categories, floors, strict=True))
        if floor < np.inf
        for garment in _garments_of(
            voters_on(opinions, column, floor), category, width, height, rules
        )
    ]
    return tuple(sorted(garments, key=lambda garment: -garment.score))


def _garments_of(
    voters: Voters, category: str, width: int, height: int, rules: VotingRules
) -> list[Garment]:
    """The garments of one category, the surest first."""
    found: list[Garment] = []
    left = np.arange(len(voters.surety))
    while len(left):
        members = _agreeing(voters, left, rules)
        left = np.setdiff1d(left, members)
        meant = voters.at(members)
        box = clip_to_image(_box_of(meant, rules.combination), width, height)
        if area(box) > 0:
            jury = np.sort(meant.assurance())[-JURY:]
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
    """Of those left, the windows that mean the garment whose box is known best."""
    boxes = voters.boxes[left]
    # By the size of the box, or small parts would always come first.
    size = voters.sizes()[left].sum(axis=1)
    known = voters.surety[left] * size / voters.spreads[left].sum(axis=1)
    seed = left[known.argmax()]
    members = np.array([seed])
    # A second look, from the box the first members agree on, gathers the windows that
    # the seed alone would have missed.
    for _ in range(2):
        box = _box_of(voters.at(members), rules.combination)
        close = iou(boxes, box) >= rules.together
        members = np.union1d(left[close], [seed])
    return members


def _box_of(voters: Voters, combination: Combination) -> Boxes:
    if combination == "mean":
        return np.asarray(voters.boxes.mean(axis=0))
    if combination == "sides":
        return _mean_by_sides(voters)
    weights = voters.weights()
    return np.array(
        [weighted_median(voters.boxes[:, k], weights[:, k]) for k in range(4)]
    )


def _mean_by_sides(voters: Voters) -> Boxes:
    """x0 over the windows left of the mean box's centre, and so on; all if none is."""
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
