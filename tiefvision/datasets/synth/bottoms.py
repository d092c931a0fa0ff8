"""Panels of skirts and trousers, which begin at the waist."""

import numpy as np

from tiefvision.datasets.synth.cuts import Cut
from tiefvision.datasets.synth.materials import Material, plain
from tiefvision.datasets.synth.painting import Panel, Seam
from tiefvision.datasets.synth.poses import (
    CROTCH_Y,
    HIP_Y,
    SHIN,
    THIGH,
    WAIST_Y,
    Pose,
    fitted,
    joints,
)
from tiefvision.datasets.synth.sewing import (
    body_spine,
    closed,
    hem_curve,
    patch,
    pleat_lines,
    seams_along,
)
from tiefvision.datasets.synth.shapes import (
    Points,
    half_width_profile,
    mirrored,
    resampled,
    ribbon,
    smooth_curve,
)


def skirt_panels(cut: Cut, material: Material, pose: Pose) -> tuple[Panel, ...]:
    """The panels of a skirt: the skirt itself and a waistband."""
    loose = 0.1 * cut.ease
    half_waist = 0.56 + loose / 2
    knots = [
        [half_waist, WAIST_Y - 0.05],
        [0.78 + loose + 0.25 * cut.flare, 4.0],
        [0.72 + loose + 0.5 * cut.flare * (cut.hem_y - 3.4), cut.hem_y],
    ]
    edge = half_width_profile(knots)
    hem = hem_curve(edge[-1], cut)
    outline = fitted(pose, np.vstack([edge, hem, mirrored(edge)[::-1]]))
    lines = [hem - np.array([0.0, 0.08]), *pleat_lines(cut, half_waist, edge[-1])]
    if cut.buttons:
        lines.append(np.array([[0.07, WAIST_Y], [0.07, cut.hem_y + 0.08]]))
    seams = tuple(seams_along(lines, pose, 0.022, 0.7))
    skirt = Panel(outline, material, body_spine(pose), seams, folds=1.2)
    return (skirt, _waistband(cut, material, pose, half_waist))


def trouser_panels(cut: Cut, material: Material, pose: Pose) -> tuple[Panel, ...]:
    """The panels of trousers: two legs that meet at the front seam, and a waistband."""
    limbs = joints(pose)
    legs = [
        _trouser_leg(cut, material, pose, side, np.vstack(bones))
        for side, *bones in zip(
            (-1, 1), limbs.hips, limbs.knees, limbs.ankles, strict=True
        )
    ]
    return (*legs, _waistband(cut, material, pose, _half_waist(cut)))


def _half_waist(cut: Cut) -> float:
    """Half the width of the waist in heads."""
    return 0.56 + 0.06 * cut.ease


def _trouser_leg(
    cut: Cut, material: Material, pose: Pose, side: int, leg: Points
) -> Panel:
    """One leg with its half of the seat.

    Args:
        cut: The cut of the trousers.
        material: The cloth.
        pose: The pose of the wearer.
        side: -1 for the left leg, 1 for the right one.
        leg: (3, 2) hip, knee and ankle in the figure's frame.
    """
    loose = 0.12 * cut.ease
    reach = (cut.hem_y - HIP_Y) / (THIGH + SHIN)
    stations = resampled(leg, np.linspace(0.18, reach, 5))
    narrow = 0.17 + loose + 0.3 * cut.flare
    tube = ribbon(stations, np.linspace(0.34 + loose, narrow, 5))
    right, left = tube[: len(tube) // 2], tube[len(tube) // 2 :][::-1]
    outer, inner = (right, left) if side > 0 else (left, right)
    waist_and_hip = fitted(
        pose,
        mirrored([[_half_waist(cut), WAIST_Y], [0.71 + loose, 3.7]], side),
    )
    flank = smooth_curve(np.vstack([waist_and_hip, outer[:1]]))[:-1]
    front = fitted(pose, np.array([[0.0, CROTCH_Y + 0.1], [0.0, WAIST_Y]]))
    outline = np.vstack([flank, outer, inner[::-1], front])
    pocket = fitted(pose, mirrored([[0.3, 3.12], [0.62, 3.5]], side))
    creases = (Seam(stations[1:], 0.02, 0.75),) if cut.pleats else ()
    seams = (Seam(pocket), Seam(closed(outline), 0.018, 0.75), *creases)
    return Panel(outline, material, leg, seams, folds=0.9)


def _waistband(cut: Cut, material: Material, pose: Pose, half: float) -> Panel:
    right = np.array([[half, WAIST_Y - 0.1], [half + 0.02, WAIST_Y + 0.1]])
    outline = np.vstack([right, mirrored(right)[::-1]])
    band = plain(material.palette.accent) if cut.trimmed else material
    return patch(outline, band, pose)
