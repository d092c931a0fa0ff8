"""Locating: the heads run over the maps of all levels, and the windows vote."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tiefvision.locating.folded import Cells, FoldedHeads
from tiefvision.locating.foreground import keep_to_foreground
from tiefvision.locating.garment_layer import GarmentLayer
from tiefvision.locating.labels import LabelLayer
from tiefvision.locating.sides import SIDES
from tiefvision.locating.votes import VotingRules, WindowPredictions, combine
from tiefvision.locating.windows import (
    Level,
    window_units_to_boxes,
    windows_in_image,
)
from tiefvision.records import Box, Garment


def judge_levels(
    levels: Sequence[Level], heads: FoldedHeads, rules: VotingRules | None = None
) -> WindowPredictions:
    """Predictions of the windows that have a vote on any category.

    Args:
        levels: maps of the photograph, one per size.
        heads: classifier and regressors.
        rules: rules that decide which windows have a vote; the defaults if None.

    Returns:
        The predictions of these windows, level by level.
    """
    rules = rules or VotingRules()
    reduced = [heads.reduce(level.cells) for level in levels]
    judged = [_by_window(heads.probabilities(first)) for first, _ in reduced]
    floors = rules.floors(np.concatenate(judged))
    predictions = [
        _ask_voters(level, heads, for_sides, probabilities, floors)
        for level, (_, for_sides), probabilities in zip(
            levels, reduced, judged, strict=True
        )
    ]
    return WindowPredictions(
        np.concatenate([one.probabilities for one in predictions]),
        np.concatenate([one.boxes_in_image for one in predictions]),
        np.concatenate([one.spreads for one in predictions]),
        np.concatenate([one.centres_in_image for one in predictions]),
    )


def _ask_voters(
    level: Level,
    heads: FoldedHeads,
    for_sides: Cells,
    probabilities: NDArray[np.float64],
    floors: NDArray[np.float64],
) -> WindowPredictions:
    sure = np.flatnonzero((probabilities >= floors).any(axis=1))
    if not len(sure):
        nothing = np.empty((0, len(floors), len(SIDES)))
        return WindowPredictions(
            probabilities[sure], nothing, nothing, np.empty((0, 2))
        )
    # The regressors run over the smallest rectangle that contains all voters. Voters
    # lie close together: on street photographs the rectangle has a ninth to a quarter
    # more windows.
    row, column = np.divmod(sure, level.columns)
    top, left = int(row.min()), int(column.min())
    bottom, right = int(row.max()) + heads.window, int(column.max()) + heads.window
    units, spreads = heads.boxes(for_sides[:, top:bottom, left:right])
    inside = (row - top) * units.shape[-1] + column - left
    windows = windows_in_image(level)[sure]
    every = np.repeat(windows, len(floors), axis=0)  # a window's categories in a row
    boxes = window_units_to_boxes(_coordinates(units)[inside].reshape(-1, 4), every)
    sizes = np.tile(windows[:, 2:] - windows[:, :2], 2)
    return WindowPredictions(
        probabilities[sure],
        boxes.reshape(len(sure), len(floors), 4),
        _coordinates(spreads)[inside] * sizes[:, None],
        (windows[:, :2] + windows[:, 2:]) / 2,
    )


def _by_window(judged: NDArray[np.float32]) -> NDArray[np.float64]:
    """Put windows first: (n, rows, columns) -> (rows * columns, n) float64."""
    return np.ascontiguousarray(judged.reshape(len(judged), -1).T, dtype=np.float64)


def _coordinates(judged: NDArray[np.float32]) -> NDArray[np.float64]:
    """Put windows first and coordinates last, in float64.

    (4, categories, rows, columns) -> (rows * columns, categories, 4)
    """
    turned = judged.reshape(*judged.shape[:2], -1).transpose(2, 1, 0)
    return np.ascontiguousarray(turned, dtype=np.float64)


def locate(
    levels: Sequence[Level],
    width: int,
    height: int,
    heads: FoldedHeads,
    rules: VotingRules | None = None,
    foreground: Box | None = None,
    garment_layer: GarmentLayer | None = None,
    labels: LabelLayer | None = None,
) -> tuple[Garment, ...]:
    """Locate the garments of a photograph.

    Args:
        levels: maps of the photograph, one per size.
        width: width of the photograph in pixels.
        height: height of the photograph in pixels.
        heads: classifier and regressors.
        rules: rules by which windows are combined; the defaults if None.
        foreground: box of the foreground before a plain ground, in pixels of the
            photograph, within which all garments lie; None if unknown.
        garment_layer: which cells show a garment; None if the encoder does not know.
        labels: names of garments; None for a locator that knows none.

    Returns:
        All boxes in pixels of the photograph with raw scores in [0, 1], the highest
        score first; empty if there are none. Boxes of low score are included:
        ``findings.tell`` selects those that are reported.
    """
    predictions = judge_levels(levels, heads, rules)
    found = combine(predictions, heads.categories, width, height, rules)
    if foreground:
        found = keep_to_foreground(found, foreground)
    if garment_layer:
        found = garment_layer.keep(found, levels)
    return labels.name(found, levels) if labels else found
