"""Parts that all garments share: hems, pleats, seams and patches.

The bare numbers here, in `garments` and in `bottoms` are a tailor's measures in heads.
"""

import numpy as np

from tiefvision.datasets.synth.cuts import Cut
from tiefvision.datasets.synth.materials import Material
from tiefvision.datasets.synth.painting import Panel, Seam
from tiefvision.datasets.synth.poses import WAIST_Y, Pose, fitted
from tiefvision.datasets.synth.shapes import Points

RIPPLED_BELOW_Y = 4.5
"""Hems below this height, in heads below the crown, are wavy: the cloth hangs free."""


def body_spine(pose: Pose) -> Points:
    """(4, 2) spine down the middle of the body, the axis of the cloth's pattern."""
    return fitted(pose, np.array([[0.0, 1.4], [0.0, 2.8], [0.0, 4.05], [0.0, 7.5]]))


def hem_curve(corner: Points, cut: Cut) -> Points:
    """(33, 2) lower edge from its right corner to its left one; flared hems sag."""
    t = np.linspace(1.0, -1.0, 33)
    sag = (0.05 + 0.12 * cut.flare) * (1 - t**2)
    waves = 0.05 * cut.flare * np.cos(t * np.pi * 5)
    y = corner[1] + sag + (waves if cut.hem_y > RIPPLED_BELOW_Y else 0.0)
    return np.column_stack([corner[0] * t, y])


def pleat_lines(cut: Cut, half_waist: float, corner: Points) -> list[Points]:
    """Lines (2, 2) of pressed folds that fan out from the waist to the hem."""
    shares = np.linspace(-0.8, 0.8, cut.pleats) if cut.pleats else np.zeros(0)
    return [
        np.array([[share * half_waist, WAIST_Y + 0.1], [share * corner[0], corner[1]]])
        for share in shares
    ]


def seams_along(
    lines: list[Points], pose: Pose, width: float, tone: float
) -> list[Seam]:
    """Seams along lines (N, 2) on an upright body, fitted to the pose."""
    return [Seam(fitted(pose, line), width, tone) for line in lines]


def patch(
    outline: Points, material: Material, pose: Pose, *, stitched: bool = True
) -> Panel:
    """A small flat piece sewn on; ``outline`` (N, 2) is on an upright body."""
    edge = fitted(pose, outline)
    seams = (Seam(closed(edge), 0.02),) if stitched else ()
    return Panel(edge, material, body_spine(pose), seams, folds=0.2, lift=0.2)


def closed(outline: Points) -> Points:
    """The outline (N, 2) with its first corner repeated at the end, (N + 1, 2)."""
    return np.vstack([outline, outline[:1]])
