"""Altered views of a located garment: what DeepRank learns to see past.

Another part, scale, place, angle and perspective, a new ground where a mask tells it,
other light and a poor JPEG, as ``draw_view`` and ``disturb_colours`` make them.
"""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from tiefvision.distilling.colours import disturb_colours
from tiefvision.distilling.views import SourcePhoto, ViewRules, draw_detail, draw_view
from tiefvision.encoders.architectures import CROP_SIDE
from tiefvision.records import Box

RULES = replace(ViewRules(), side=CROP_SIDE, jitter=0.15, cut_out=0.5, perspective=0.1)
"""A box is as far off as the locator's are: its IoU is about 0.8. Corners move by a
tenth of the side at most, as before a camera that is held aslant."""


def alter_garment(
    source: SourcePhoto, box: Box, ground: SourcePhoto, generator: np.random.Generator
) -> NDArray[np.uint8]:
    """One altered view of a garment, (224, 224, 3) uint8 RGB.

    Args:
        source: The photograph.
        box: Of the garment, in pixels of it.
        ground: Another photograph, of which a part may become the ground.
        generator: Draws everything.
    """
    detail = generator.random() < RULES.zoomed
    region = draw_detail(box, RULES, generator) if detail else box
    view = draw_view(source, region, [ground], RULES, generator)
    seeds = torch.Generator().manual_seed(int(generator.integers(2**62)))
    photos = torch.from_numpy(view.copy()).permute(2, 0, 1).unsqueeze(0) / 255
    disturbed = disturb_colours(photos, seeds)[0].permute(1, 2, 0)
    return (disturbed * 255).round().to(torch.uint8).contiguous().numpy()
