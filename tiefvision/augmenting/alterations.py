"""Altered views of a located garment, on which DeepRank learns what to ignore.

``draw_view`` changes part, scale, place and angle (and perspective, where the rules say
so), puts a new background behind a masked figure and compresses as a poor JPEG;
``disturb_colours`` changes the light.
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
"""Rules of the views: boxes are jittered to an IoU of about 0.8, that of the locator's
boxes. Perspective is off: it did not improve DeepRank (docs/experiments/0006)."""


def alter_garment(
    source: SourcePhoto,
    box: Box,
    ground: SourcePhoto,
    generator: np.random.Generator,
    rules: ViewRules = ALTERED,
) -> NDArray[np.uint8]:
    """One altered view of a garment, (224, 224, 3) uint8 RGB.

    Args:
        source: The photograph that shows the garment.
        box: Box of the garment, in pixels of ``source.image``.
        ground: Another photograph, a part of which may become the background.
        generator: Source of all random numbers.
        rules: Ranges and shares of the random changes; ``side`` must be 224.
    """
    detail = generator.random() < rules.zoomed
    region = draw_detail(box, rules, generator) if detail else box
    view = draw_view(source, region, [ground], rules, generator)
    seeds = torch.Generator().manual_seed(int(generator.integers(2**62)))
    photos = torch.from_numpy(view.copy()).permute(2, 0, 1).unsqueeze(0) / 255
    disturbed = disturb_colours(photos, seeds)[0].permute(1, 2, 0)
    return (disturbed * 255).round().to(torch.uint8).contiguous().numpy()
