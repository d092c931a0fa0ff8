"""Locating: both heads run over the map of every level, and the windows vote."""

from collections.abc import Sequence

import numpy as np
import torch

from tiefvision.locating.heads import BoxRegressors, CropClassifier
from tiefvision.locating.votes import Opinions, VotingRules, combine
from tiefvision.locating.windows import (
    Level,
    window_units_to_boxes,
    windows_in_image,
)
from tiefvision.records import Garment


@torch.inference_mode()
def judge_levels(
    levels: Sequence[Level], classifier: CropClassifier, regressors: BoxRegressors
) -> Opinions:
    """What every window of a photograph says, all levels together."""
    probabilities, boxes, spreads = [], [], []
    device = classifier.mean.device
    for level in levels:
        cells = level.cells.to(device, torch.float32).unsqueeze(0)
        windows = windows_in_image(level)
        scores = classifier(cells)[0, 1:].flatten(1).T  # (K, r, c) -> (r*c, K)
        coordinates, spread = (part[0].flatten(1).T for part in regressors(cells))
        probabilities.append(scores.double().cpu().numpy())
        boxes.append(window_units_to_boxes(coordinates.double().cpu().numpy(), windows))
        sides = np.tile(windows[:, 2:] - windows[:, :2], 2)
        spreads.append(spread.double().cpu().numpy() * sides)
    return Opinions(*(np.concatenate(part) for part in (probabilities, boxes, spreads)))


def locate(
    levels: Sequence[Level],
    width: int,
    height: int,
    classifier: CropClassifier,
    regressors: BoxRegressors,
    rules: VotingRules | None = None,
) -> tuple[Garment, ...]:
    """The garments of a photograph, the surest first; an empty tuple is an answer.

    Args:
        levels: Its maps.
        width: Of the photograph in pixels.
        height: Of the photograph in pixels.
        classifier: Gives P(category) for every window.
        regressors: Give the box as every window sees it.
        rules: How windows become garments.
    """
    opinions = judge_levels(levels, classifier, regressors)
    return combine(opinions, classifier.categories, width, height, rules)
