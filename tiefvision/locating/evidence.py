"""Evidence: what the windows of a photograph say, as a person can look at it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tiefvision.boxes import Boxes, clip_to_image, iou
from tiefvision.locating.folded import FoldedHeads
from tiefvision.locating.locate import judge_levels
from tiefvision.locating.votes import Opinions, Voters, VotingRules, voters_on
from tiefvision.locating.windows import Level, windows_in_image
from tiefvision.records import Garment

HEAT_CELLS = 48
"""Cells along the longer side of a heat map. At 512 px the windows are 1.5 of these
apart: more cells would show nothing that is not interpolated."""

NEARNESS = 0.1
"""Standard deviation, in sides of a window, of the weight by which a window counts for
a point away from its centre. A plain mean over all windows that cover a point blurs a
photograph into one blot; a tenth of a side is 1.4 times the distance of two windows,
so that a point still hears its neighbours of every size."""


@dataclass(frozen=True)
class Evidence:
    """Why a photograph has the garments that were found in it.

    Attributes:
        heat: (rows, columns) float32 in [0, 1], P(category) of the surest garment over
            the whole photograph on square cells; 0 where no window sees.
        voters_in_image: (n, 4) the windows that voted for the surest garment, in
            pixels of the photograph, the one with most weight first. They may reach
            beyond its edge.
        weights: (n,) their weights, 1 for the first.
    """

    heat: NDArray[np.float32]
    voters_in_image: Boxes
    weights: NDArray[np.float64]


def explain_levels(
    levels: Sequence[Level],
    garments: Sequence[Garment],
    width: int,
    height: int,
    heads: FoldedHeads,
    rules: VotingRules | None = None,
) -> Evidence:
    """What the windows of a photograph's maps say of what ``locate`` found in them."""
    rules = rules or VotingRules()
    # Locating asks only the windows that have a vote; the heat is of all of them.
    every = judge_levels(levels, heads, replace(rules, threshold=0.0, weakest=0.0))
    windows = np.concatenate([windows_in_image(level) for level in levels])
    return gather_evidence(
        windows, every, heads.categories, garments, width, height, rules
    )


def gather_evidence(
    windows_in_image: Boxes,
    opinions: Opinions,
    categories: Sequence[str],
    garments: Sequence[Garment],
    width: int,
    height: int,
    rules: VotingRules | None = None,
) -> Evidence:
    """What the windows of all levels of a photograph say of its surest garment.

    Where nothing was found, what they say of the category that they are surest of.

    Args:
        windows_in_image: (N, 4) their crops in pixels of the photograph.
        opinions: Of every one of them, whether it has a vote or not.
        categories: Names of the columns of their probabilities.
        garments: What they found, the surest first.
        width: Of the photograph in pixels.
        height: Of the photograph in pixels.
        rules: By which they found it.
    """
    rules = rules or VotingRules()
    column = (
        list(categories).index(garments[0].category)
        if garments
        else int(opinions.probabilities.max(axis=0).argmax())
    )
    every = voters_on(opinions, column, 0.0)
    heat = heat_map(windows_in_image, every.surety, width, height)
    chosen = np.empty(0, dtype=np.int64)
    if garments:
        floor = rules.floors(opinions.probabilities)[column]
        sure = np.flatnonzero(every.surety >= floor)
        same = [one for one in garments if one.category == garments[0].category]
        chosen = sure[_mean_first(every.boxes[sure], same, width, height, rules)]
    weights = _weights(every.at(chosen), rules)
    order = np.argsort(-weights, kind="stable")
    return Evidence(heat, windows_in_image[chosen[order]], weights[order])


def heat_map(
    windows_in_image: Boxes, surety: NDArray[np.float64], width: int, height: int
) -> NDArray[np.float32]:
    """Mean P(category) of the windows that cover a point, those centred near it first.

    A window counts by a Gaussian of the distance of its centre, measured across and
    down in its own sides (``NEARNESS``), so that each level has the same say.

    Args:
        windows_in_image: (N, 4) in pixels of the photograph.
        surety: (N,) P(category) of each.
        width: Of the photograph in pixels.
        height: Of the photograph in pixels.

    Returns:
        (rows, columns) in [0, 1], with ``HEAT_CELLS`` along the longer side.
    """
    cells = HEAT_CELLS / max(width, height)
    columns, rows = (max(1, round(side * cells)) for side in (width, height))
    # A Gaussian of both distances is a product: so is the sum over windows.
    across = _nearness(windows_in_image[:, 0::2], width, columns)  # (N, columns)
    down = _nearness(windows_in_image[:, 1::2], height, rows)  # (N, rows)
    total = down.T @ across
    heard = down.T @ (surety[:, None] * across)
    heat = np.divide(heard, total, out=np.zeros_like(total), where=total > 0)
    return np.clip(heat, 0.0, 1.0).astype(np.float32)


def _nearness(ends: NDArray[np.float64], side: int, count: int) -> NDArray[np.float64]:
    """Weights (N, count) of windows from ends (N, 2) for points along a side."""
    points = (np.arange(count) + 0.5) * side / count
    centres, lengths = ends.mean(axis=1), ends[:, 1] - ends[:, 0]
    distance = np.abs(points - centres[:, None]) / lengths[:, None]
    weights = np.exp(-0.5 * (distance / NEARNESS) ** 2)
    return np.where(distance <= 0.5, weights, 0.0)


def _mean_first(
    boxes: Boxes,
    garments: Sequence[Garment],
    width: int,
    height: int,
    rules: VotingRules,
) -> NDArray[np.bool_]:
    """Which boxes (n, 4) mean the first of these garments more than any other."""
    said = clip_to_image(boxes, width, height)
    found = np.array([garment.box_in_image for garment in garments])
    share = iou(said[:, None], found[None])  # (n, garments)
    return np.asarray((share.argmax(axis=1) == 0) & (share[:, 0] >= rules.together))


def _weights(voters: Voters, rules: VotingRules) -> NDArray[np.float64]:
    """Shares (n,) in the vote, the mean over the four sides; the highest made 1."""
    if rules.combination != "votes" or not len(voters.surety):
        return np.ones(len(voters.surety))
    votes = voters.weights()
    shares = (votes / votes.sum(axis=0)).mean(axis=1)
    return np.asarray(shares / shares.max())
