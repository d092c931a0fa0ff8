"""Altered views of a located garment: what DeepRank learns to see past.

Another part, scale, place and angle, perspective if it is wanted, a new ground where a
mask tells it, other light and a poor JPEG, as ``draw_view`` and ``disturb_colours``
make them.
"""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from tiefvision.augmenting.colours import disturb_colours
from tiefvision.augmenting.views import SourcePhoto, ViewRules, draw_detail, draw_view
from tiefvision.encoders.architectures import CROP_SIDE
from tiefvision.records import Box

ALTERED = replace(ViewRules(), side=CROP_SIDE, jitter=0.15, cut_out=0.5)
"""A box is as far off as the locator's are: its IoU is about 0.8.
Perspective is off: DeepRank was no better for it (docs/experiments/0006)."""


def alter_garment(
    source: SourcePhoto,
    box: Box,
    ground: SourcePhoto,
    generator: np.random.Generator,
    rules: ViewRules = ALTERED,
) -> NDArray[np.uint8]:
    """One altered view of a garment, (224, 224, 3) uint8 RGB.

    Args:
        source: The photograph.
        box: Of the garment, in pixels of it.
        ground: Another photograph, of which a part may become the ground.
        generator: Draws everything.
        rules: How far it differs; the side is 224.
    """
    detail = generator.random() < rules.zoomed
    region = draw_detail(box, rules, generator) if detail else box
    view = draw_view(source, region, [ground], rules, generator)
    seeds = torch.Generator().manual_seed(int(generator.integers(2**62)))
    photos = torch.from_numpy(view.copy()).permute(2, 0, 1).unsqueeze(0) / 255
    disturbed = disturb_colours(photos, seeds)[0].permute(1, 2, 0)
    return (disturbed * 255).round().to(torch.uint8).contiguous().numpy()
