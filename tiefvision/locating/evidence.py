"""Evidence: the predictions of windows behind a result, prepared for drawing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tiefvision.boxes import Boxes, clip_to_image, iou
from tiefvision.locating.folded import FoldedHeads
from tiefvision.locating.locate import judge_levels
from tiefvision.locating.votes import Voters, VotingRules, WindowPredictions, voters_on
from tiefvision.locating.windows import Level, windows_in_image
from tiefvision.records import Garment

HEAT_CELLS = 48
"""Cells along the longer side of a heat map. At 512 px the centres of windows are 1.5
cells apart, so finer cells would only show interpolation."""

NEARNESS = 0.1
"""Standard deviation, in window sides, of the Gaussian weight of a window at a point,
by the distance of the point from the window's centre. An unweighted mean over all
windows that cover a point would blur the whole photograph. A tenth of a side is 1.4
times the distance between neighbouring windows, so that several windows of every level
contribute to a point."""


@dataclass(frozen=True)
class Evidence:
    """The predictions behind the garment of the highest score.

    Attributes:
        heat: heat map of P(category) for the category of that garment, over the whole
            photograph in square cells, (rows, columns) float32 in [0, 1]; 0 where no
            window covers a cell.
        voters_in_image: windows that voted for that garment, in pixels of the
            photograph, the highest weight first, (n, 4). They may extend beyond its
            edges.
        weights: weights of these windows in the vote, relative to the first, (n,) in
            [0, 1].
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
    """Collect the evidence for the garments that were found in the maps.

    Args:
        levels: maps of the photograph, one per size.
        garments: garments that were found in them, the highest score first.
        width: width of the photograph in pixels.
        height: height of the photograph in pixels.
        heads: classifier and regressors that found them.
        rules: voting rules by which they were found; the defaults if None.
    """
    rules = rules or VotingRules()
    # Locating evaluates only windows that have a vote; the heat map needs all of them.
    every = judge_levels(levels, heads, replace(rules, threshold=0.0, weakest=0.0))
    windows = np.concatenate([windows_in_image(level) for level in levels])
    return gather_evidence(
        windows, every, heads.categories, garments, width, height, rules
    )


def gather_evidence(
    windows_in_image: Boxes,
    predictions: WindowPredictions,
    categories: Sequence[str],
    garments: Sequence[Garment],
    width: int,
    height: int,
    rules: VotingRules | None = None,
) -> Evidence:
    """Collect the evidence from the predictions of the windows of all levels.

    If no garment was found, the heat map shows the category of the highest probability
    and there are no voters.

    Args:
        windows_in_image: crops of all windows in pixels of the photograph, (N, 4).
        predictions: predictions of all N windows, with or without a vote.
        categories: names of the columns of ``predictions.probabilities``.
        garments: garments that were found, the highest score first.
        width: width of the photograph in pixels.
        height: height of the photograph in pixels.
        rules: voting rules by which they were found; the defaults if None.
    """
    rules = rules or VotingRules()
    column = (
        list(categories).index(garments[0].category)
        if garments
        else int(predictions.probabilities.max(axis=0).argmax())
    )
    every = voters_on(predictions, column, 0.0)
    heat = heat_map(windows_in_image, every.probabilities, width, height)
    chosen = np.empty(0, dtype=np.int64)
    if garments:
        floor = rules.floors(predictions.probabilities)[column]
        sure = np.flatnonzero(every.probabilities >= floor)
        same = [one for one in garments if one.category == garments[0].category]
        chosen = sure[_mean_first(every.boxes[sure], same, width, height, rules)]
    weights = _weights(every.at(chosen), rules)
    order = np.argsort(-weights, kind="stable")
    return Evidence(heat, windows_in_image[chosen[order]], weights[order])


def heat_map(
    windows_in_image: Boxes, probabilities: NDArray[np.float64], width: int, height: int
) -> NDArray[np.float32]:
    """Weighted mean of P(category) over the windows that cover each point.

    The weight of a window falls with the distance of its centre from the point, as a
    Gaussian (``NEARNESS``). The distance is measured in sides of the window, so that
    windows of all levels have equal influence.

    Args:
        windows_in_image: windows in pixels of the photograph, (N, 4).
        probabilities: P(category) of each window, (N,).
        width: width of the photograph in pixels.
        height: height of the photograph in pixels.

    Returns:
        The heat map, (rows, columns) float32 in [0, 1], with ``HEAT_CELLS`` cells along
        the longer side; 0 where no window covers a cell.
    """
    cells = HEAT_CELLS / max(width, height)
    columns, rows = (max(1, round(side * cells)) for side in (width, height))
    # A two-dimensional Gaussian is a product of two, so that the sum over windows is a
    # matrix product.
    across = _nearness(windows_in_image[:, 0::2], width, columns)  # (N, columns)
    down = _nearness(windows_in_image[:, 1::2], height, rows)  # (N, rows)
    total = down.T @ across
    heard = down.T @ (probabilities[:, None] * across)
    heat = np.divide(heard, total, out=np.zeros_like(total), where=total > 0)
    return np.clip(heat, 0.0, 1.0).astype(np.float32)


def _nearness(ends: NDArray[np.float64], side: int, count: int) -> NDArray[np.float64]:
    """Weights of windows at points along one side of the photograph.

    Args:
        ends: start and end of each window along that side in pixels, (N, 2).
        side: length of the side in pixels.
        count: number of points, at the centres of equal cells.

    Returns:
        Weights in [0, 1], (N, count); 0 for points outside a window.
    """
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
    """Which boxes overlap the first garment enough, and more than any other garment.

    Args:
        boxes: boxes in pixels of the photograph, (n, 4).
        garments: garments of one category.
        width: width of the photograph in pixels.
        height: height of the photograph in pixels.
        rules: rules whose ``together`` is the least IoU.

    Returns:
        A mask over the boxes, (n,).
    """
    clipped = clip_to_image(boxes, width, height)
    found = np.array([garment.box_in_image for garment in garments])
    overlap = iou(clipped[:, None], found[None])  # (n, garments)
    return np.asarray((overlap.argmax(axis=1) == 0) & (overlap[:, 0] >= rules.together))


def _weights(voters: Voters, rules: VotingRules) -> NDArray[np.float64]:
    """Shares of windows in the vote, the mean over the four sides, (n,); the highest 1.

    Rules that average without weights give every window 1.
    """
    if rules.combination != "votes" or not len(voters.probabilities):
        return np.ones(len(voters.probabilities))
    votes = voters.weights()
    shares = (votes / votes.sum(axis=0)).mean(axis=1)
    return np.asarray(shares / shares.max())
