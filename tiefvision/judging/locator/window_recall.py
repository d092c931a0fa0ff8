"""What single windows find, before they vote: recall at a number of windows."""

from collections.abc import Callable, Sequence

import numpy as np

from tiefvision.boxes import Boxes
from tiefvision.evaluation.detection import recall_at
from tiefvision.evaluation.localisation import Located
from tiefvision.locating.folded import FoldedHeads
from tiefvision.locating.locate import judge_levels
from tiefvision.locating.targets import OUTFIT
from tiefvision.locating.votes import VotingRules
from tiefvision.locating.windows import Level
from tiefvision.progress import Track

WINDOWS = (1, 10, 100, 1000)
"""Numbers of windows. A photograph has some 700."""

EVERYONE = VotingRules(threshold=0.0, weakest=0.0)
"""Every window has a say on every category."""

GARMENTS = "garments"


def window_recall(
    photos: Sequence[Located],
    levels_of: Callable[[str], Sequence[Level]],
    heads: FoldedHeads,
    track: Track,
) -> dict[str, dict[str, float]]:
    """Share of garments that one of the k windows surest of their category finds.

    Args:
        photos: And what is wanted in them.
        levels_of: Gives the maps of a photograph by its path.
        heads: Judge the windows.
        track: Shows progress.

    Returns:
        Of ``OUTFIT`` and of ``GARMENTS``, whichever are wanted, the recall (IoU of 0.5
        or more) by the number of windows, ``WINDOWS``.
    """
    ranked: dict[str, list[Boxes]] = {}
    wanted: dict[str, list[Boxes]] = {}
    columns = {name: number for number, name in enumerate(heads.categories)}
    for located in track(photos, "judging windows", len(photos)):
        opinions = judge_levels(levels_of(located.photo.path), heads, EVERYONE)
        for garment in located.wanted:
            column = columns[garment.category]
            surest = np.argsort(-opinions.probabilities[:, column], kind="stable")
            kind = OUTFIT if garment.category == OUTFIT else GARMENTS
            boxes = opinions.boxes_in_image[surest[: max(WINDOWS)], column]
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
