"""Recall of single windows, before the vote: how many windows find a garment."""

from collections.abc import Callable, Sequence

import numpy as np

from tiefvision.boxes import Boxes
from tiefvision.evaluation.detection import recall_at
from tiefvision.evaluation.localisation import Located
from tiefvision.groups import OUTFIT
from tiefvision.locating.folded import FoldedHeads
from tiefvision.locating.locate import judge_levels
from tiefvision.locating.votes import VotingRules
from tiefvision.locating.windows import Level
from tiefvision.progress import Track

WINDOWS = (1, 10, 100, 1000)
"""Numbers k of windows at which recall is measured. A photograph has about 700."""

ALL_WINDOWS = VotingRules(threshold=0.0, weakest=0.0)
"""Rules by which every window has a vote on every category."""

GARMENTS = "garments"
"""Name of the recall over all garments but outfits."""


def window_recall(
    photos: Sequence[Located],
    levels_of: Callable[[str], Sequence[Level]],
    heads: FoldedHeads,
    track: Track,
) -> dict[str, dict[str, float]]:
    """Recall at k windows: share of garments that one of the k best windows finds.

    The k best windows are those of the highest P(category) for the garment's category.
    A window finds a garment if its predicted box has an IoU of at least 0.5 with it.

    Args:
        photos: photographs with their annotated garments.
        levels_of: reads the maps of a photograph by its path.
        heads: classifier and regressors.
        track: shows progress.

    Returns:
        Recall in [0, 1] by k in ``WINDOWS`` (as text), for ``OUTFIT`` and ``GARMENTS``
        if there are any.
    """
    ranked: dict[str, list[Boxes]] = {}
    wanted: dict[str, list[Boxes]] = {}
    columns = {name: number for number, name in enumerate(heads.categories)}
    for located in track(photos, "judging windows", len(photos)):
        predictions = judge_levels(levels_of(located.photo.path), heads, ALL_WINDOWS)
        for garment in located.wanted:
            column = columns[garment.category]
            surest = np.argsort(-predictions.probabilities[:, column], kind="stable")
            kind = OUTFIT if garment.category == OUTFIT else GARMENTS
            boxes = predictions.boxes_in_image[surest[: max(WINDOWS)], column]
            ranked.setdefault(kind, []).append(boxes)
            wanted.setdefault(kind, []).append(np.array([garment.box_in_image]))
    return {
        kind: {
            str(count): float(recall)
            for count, recall in zip(
                WINDOWS, recall_at(ranked[kind], wanted[kind], WINDOWS), strict=True
            )
        }
        for kind in sorted(ranked, reverse=True)
    }
