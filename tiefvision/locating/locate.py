"""Locating: both heads run over the map of every level, and the windows vote."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tiefvision.locating.folded import FoldedHeads
from tiefvision.locating.heads import SIDES
from tiefvision.locating.votes import Opinions, VotingRules, combine
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
    """What the windows say that have a vote on any category, of all levels together.

    Args:
        levels: The maps of the photograph.
        heads: The networks.
        rules: Say which windows have a vote; the others are left out.
    """
    rules = rules or VotingRules()
    reduced = [heads.reduce(level.cells) for level in levels]
    judged = [_by_window(heads.probabilities(first)) for first, *_ in reduced]
    floors = rules.floors(np.concatenate(judged))
    opinions = [
        _ask_voters(level, heads, for_sides, probabilities, floors)
        for level, (_, *for_sides), probabilities in zip(
            levels, reduced, judged, strict=True
        )
    ]
    return Opinions(
        np.concatenate([one.probabilities for one in opinions]),
        np.concatenate([one.boxes_in_image for one in opinions]),
        np.concatenate([one.spreads for one in opinions]),
        np.concatenate([one.centres_in_image for one in opinions]),
    )


def _ask_voters(
    level: Level,
    heads: FoldedHeads,
    for_sides: Sequence[Tensor],
    probabilities: NDArray[np.float64],
    floors: NDArray[np.float64],
) -> Opinions:
    sure = np.flatnonzero((probabilities >= floors).any(axis=1))
    if not len(sure):
        nothing = np.empty((0, len(floors), len(SIDES)))
        return Opinions(probabilities[sure], nothing, nothing, np.empty((0, 2)))
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
    inside = (row - top) * units.shape[-1] + column - left
    windows = windows_in_image(level)[sure]
    every = np.repeat(windows, len(floors), axis=0)  # a window's categories in a row
    boxes = window_units_to_boxes(_coordinates(units)[inside].reshape(-1, 4), every)
    sizes = np.tile(windows[:, 2:] - windows[:, :2], 2)
    return Opinions(
        probabilities[sure],
        boxes.reshape(len(sure), len(floors), 4),
        _coordinates(spreads)[inside] * sizes[:, None],
        (windows[:, :2] + windows[:, 2:]) / 2,
    )


def _by_window(judged: Tensor) -> NDArray[np.float64]:
    """(n, rows, columns) -> (rows * columns, n)."""
    return np.ascontiguousarray(judged.flatten(1).T.double().cpu().numpy())


def _coordinates(judged: Tensor) -> NDArray[np.float64]:
    """(4, categories, rows, columns) -> (rows * columns, categories, 4)."""
    turned = judged.flatten(2).permute(2, 1, 0)
    return np.ascontiguousarray(turned.double().cpu().numpy())


def locate(
    levels: Sequence[Level],
    width: int,
    height: int,
    heads: FoldedHeads,
    rules: VotingRules | None = None,
) -> tuple[Garment, ...]:
    """Every box with its score, the surest first; an empty tuple is an answer.

    Boxes of low score are among them: ``findings`` says which are worth telling.

    Args:
        levels: Its maps.
        width: Of the photograph in pixels.
        height: Of the photograph in pixels.
        heads: The networks.
        rules: How windows become garments.
    """
    opinions = judge_levels(levels, heads, rules)
    return combine(opinions, heads.categories, width, height, rules)
