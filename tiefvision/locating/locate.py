"""Locating: both heads run over the map of every level, and the windows vote."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from tiefvision.locating.folded import FoldedHeads
from tiefvision.locating.heads import SIDES
from tiefvision.locating.votes import Opinions, VotingRules, combine, sure_windows
from tiefvision.locating.windows import (
    Level,
    window_units_to_boxes,
    windows_in_image,
)
from tiefvision.records import Garment


@torch.inference_mode()
def judge_levels(
    levels: Sequence[Level], heads: FoldedHeads, rules: VotingRules | None = None
) -> Opinions:
    """What the windows that have a vote say, of all levels of a photograph together.

    Args:
        levels: The maps of the photograph.
        heads: The networks.
        rules: Say which windows have a vote; the others are left out.
    """
    rules = rules or VotingRules()
    opinions = [_judge_level(level, heads, rules) for level in levels]
    return Opinions(
        np.concatenate([one.probabilities for one in opinions]),
        np.concatenate([one.boxes_in_image for one in opinions]),
        np.concatenate([one.spreads for one in opinions]),
    )


def _judge_level(level: Level, heads: FoldedHeads, rules: VotingRules) -> Opinions:
    for_category, *for_sides = heads.reduce(level.cells)
    probabilities = _by_window(heads.probabilities(for_category))
    sure = sure_windows(probabilities, rules)
    if not len(sure):
        nothing = np.empty((0, len(SIDES)))
        return Opinions(probabilities[sure], nothing, nothing)
    # The regressors run over the smallest rectangle of windows that holds the sure
    # ones. These lie close together: on street photographs it holds a ninth to a
    # quarter more, and a window gathered by itself costs 1.4 (float32) to 2 times
    # (bfloat16) one of a rectangle.
    row, column = np.divmod(sure, level.columns)
    top, left = int(row.min()), int(column.min())
    cells = np.s_[
        :,
        :,
        top : int(row.max()) + heads.window,
        left : int(column.max()) + heads.window,
    ]
    units, spreads = heads.boxes(tuple(reduced[cells] for reduced in for_sides))
    inside = (row - top) * units.shape[2] + column - left
    windows = windows_in_image(level)[sure]
    return Opinions(
        probabilities[sure],
        window_units_to_boxes(_by_window(units)[inside], windows),
        _by_window(spreads)[inside] * np.tile(windows[:, 2:] - windows[:, :2], 2),
    )


def _by_window(judged: torch.Tensor) -> NDArray[np.float64]:
    """(n, rows, columns) -> (rows * columns, n)."""
    return np.ascontiguousarray(judged.flatten(1).T.double().cpu().numpy())


def locate(
    levels: Sequence[Level],
    width: int,
    height: int,
    heads: FoldedHeads,
    rules: VotingRules | None = None,
) -> tuple[Garment, ...]:
    """The garments of a photograph, the surest first; an empty tuple is an answer.

    Args:
        levels: Its maps.
        width: Of the photograph in pixels.
        height: Of the photograph in pixels.
        heads: The networks.
        rules: How windows become garments.
    """
    opinions = judge_levels(levels, heads, rules)
    return combine(opinions, heads.categories, width, height, rules)
