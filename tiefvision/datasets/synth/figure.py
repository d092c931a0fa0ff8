"""The person who wears the garments: skin, hair and shoes, as panels."""

from dataclasses import dataclass, replace

import numpy as np

from tiefvision.datasets.synth.colours import Rgb, darker, oklch_to_rgb
from tiefvision.datasets.synth.garments import body_panels, sleeve_panels
from tiefvision.datasets.synth.materials import plain
from tiefvision.datasets.synth.outfits import NEUTRALS, Worn
from tiefvision.datasets.synth.painting import Panel, Role, Seam
from tiefvision.datasets.synth.poses import HAND, Pose, fitted, joints
from tiefvision.datasets.synth.sewing import closed
from tiefvision.datasets.synth.shapes import (
    Points,
    ellipse,
    mirrored,
    ribbon,
    smooth_curve,
)

SKIN = tuple(
    oklch_to_rgb(lch)
    for lch in (
        (0.86, 0.05, 60),
        (0.80, 0.06, 58),
        (0.72, 0.07, 58),
        (0.60, 0.07, 56),
        (0.48, 0.06, 52),
        (0.38, 0.04, 50),
    )
)
HAIR = tuple(
    oklch_to_rgb(lch)
    for lch in (
        (0.22, 0.01, 60),
        (0.32, 0.04, 55),
        (0.44, 0.07, 55),
        (0.76, 0.09, 85),
        (0.50, 0.11, 45),
        (0.70, 0.01, 90),
    )
)
SINK = np.array([0.0, 0.13])
"""Shift in heads of a head that is drawn from y = 0 to 1, down into the shoulders."""


@dataclass(frozen=True)
class Looks:
    """The looks of a person.

    Attributes:
        skin: Colour of the skin.
        hair: Colour of the hair.
        hair_length: Length of the hair, 0 for cropped, 1 for down to the chest.
        bun: Whether the hair is tied up.
        shoes: Colour of the shoes.
        boots: Whether the shoes reach up the shin.
    """

    skin: Rgb
    hair: Rgb
    hair_length: float
    bun: bool
    shoes: Rgb
    boots: bool


def draw_looks(rng: np.random.Generator) -> Looks:
    """A random person."""
    return Looks(
        skin=SKIN[int(rng.integers(len(SKIN)))],
        hair=HAIR[int(rng.integers(len(HAIR)))],
        hair_length=float(rng.choice([0.0, 0.35, 0.7, 1.0])),
        bun=bool(rng.random() < 0.25),
        shoes=NEUTRALS[int(rng.integers(len(NEUTRALS)))],
        boots=bool(rng.random() < 0.3),
    )


def dressed(pose: Pose, looks: Looks, worn: tuple[Worn, ...]) -> tuple[Panel, ...]:
    """All panels of a dressed figure, from back to front.

    Args:
        pose: The pose.
        looks: The person.
        worn: Garments, from the skin outwards.
    """
    return (
        *_hair_behind(looks),
        *_legs(pose, looks),
        *_torso(pose, looks),
        *(panel for one in worn for panel in _tagged(one, _body(one, pose))),
        *_arms(pose, looks),
        *(panel for one in worn for panel in _tagged(one, _sleeves(one, pose))),
        *_hands(pose, looks),
        *_head(looks),
    )


def _body(one: Worn, pose: Pose) -> tuple[Panel, ...]:
    return body_panels(one.cut, one.material, pose)


def _sleeves(one: Worn, pose: Pose) -> tuple[Panel, ...]:
    return sleeve_panels(one.cut, one.material, pose)


def _tagged(one: Worn, panels: tuple[Panel, ...]) -> tuple[Panel, ...]:
    """The panels with the role of the garment for sale, or of the figure."""
    role: Role = "garment" if one.for_sale else "figure"
    return tuple(replace(panel, role=role) for panel in panels)


def _flesh(outline: Points, colour: Rgb, *seams: Seam, lift: float = 0.15) -> Panel:
    """A panel of skin, hair or leather: one colour, without folds."""
    spine = np.array([[0.0, 0.0], [0.0, 8.0]])
    return Panel(outline, plain(colour), spine, seams, folds=0.0, lift=lift)


def _legs(pose: Pose, looks: Looks) -> tuple[Panel, ...]:
    limbs = joints(pose)
    panels = []
    for side, hip, knee, ankle in zip(
        (-1, 1), limbs.hips, limbs.knees, limbs.ankles, strict=True
    ):
        calf = knee + 0.38 * (ankle - knee)
        leg = ribbon(np.vstack([hip, knee, calf, ankle]), [0.36, 0.2, 0.2, 0.1])
        foot = np.array(
            [[-0.13, -0.12], [0.13, -0.12], [0.2, 0.2], [0.16, 0.34], [-0.14, 0.34]]
        )
        shoe = smooth_curve(closed(ankle + mirrored(foot, side)), 4)
        panels += [_flesh(leg, looks.skin), _flesh(shoe, looks.shoes)]
        if looks.boots:
            top = knee + 0.45 * (ankle - knee)
            shaft = ribbon(np.vstack([top, ankle + np.array([0.0, 0.1])]), [0.24, 0.17])
            panels.append(_flesh(shaft, looks.shoes))
    return tuple(panels)


def _torso(pose: Pose, looks: Looks) -> tuple[Panel, ...]:
    right = np.array(
        [[0.2, 1.0], [0.23, 1.4], [0.76, 1.58], [0.66, 2.2], [0.52, 3.0], [0.7, 4.2]]
    )
    outline = fitted(pose, np.vstack([right, mirrored(right)[::-1]]))
    bones = np.array([[0.1, 1.52], [0.45, 1.5]])
    seams = Seam(bones, 0.02, 0.85), Seam(mirrored(bones), 0.02, 0.85)
    return (_flesh(outline, looks.skin, *seams),)


def _arms(pose: Pose, looks: Looks) -> tuple[Panel, ...]:
    limbs = joints(pose)
    return tuple(
        _flesh(
            ribbon(np.vstack([shoulder, elbow, wrist]), [0.17, 0.14, 0.1]),
            looks.skin,
            lift=0.3,
        )
        for shoulder, elbow, wrist in zip(
            limbs.shoulders, limbs.elbows, limbs.wrists, strict=True
        )
    )


def _hands(pose: Pose, looks: Looks) -> tuple[Panel, ...]:
    limbs = joints(pose)
    panels = []
    for elbow, wrist in zip(limbs.elbows, limbs.wrists, strict=True):
        along = (wrist - elbow) / np.linalg.norm(wrist - elbow)
        stations = wrist + np.outer([-0.1, 0.2 * HAND, 0.6 * HAND, HAND], along)
        panels.append(_flesh(ribbon(stations, [0.1, 0.13, 0.13, 0.05]), looks.skin))
    return tuple(panels)


def _hair_behind(looks: Looks) -> tuple[Panel, ...]:
    if looks.hair_length == 0.0 or looks.bun:
        return ()
    end = 0.7 + 1.5 * looks.hair_length
    right = np.array(
        [[0.0, -0.05], [0.38, 0.15], [0.46, 0.6], [0.5, end], [0.2, end + 0.1]]
    )
    outline = np.vstack([smooth_curve(right), mirrored(smooth_curve(right))[::-1]])
    return (_set_on_neck(_flesh(outline, darker(looks.hair, 0.8))),)


def _head(looks: Looks) -> tuple[Panel, ...]:
    """Face and hair; the features are only hinted at, as in a fashion drawing."""
    jaw = np.array([[0.0, 0.04], [0.31, 0.2], [0.34, 0.5], [0.24, 0.84], [0.0, 1.02]])
    face = np.vstack([smooth_curve(jaw), mirrored(smooth_curve(jaw))[::-1]])
    features = [
        Seam(np.array([[-0.07, 0.83], [0.0, 0.85], [0.07, 0.83]]), 0.035, 0.62),
        Seam(np.array([[0.01, 0.6], [0.03, 0.71], [-0.02, 0.72]]), 0.02, 0.8),
    ]
    for side in (-1, 1):
        eye = mirrored([[0.11, 0.54], [0.17, 0.54]], side)
        brow = mirrored([[0.07, 0.44], [0.14, 0.42], [0.22, 0.44]], side)
        features += [Seam(eye, 0.06, 0.25), Seam(brow, 0.025, 0.6)]
    cap = np.array(
        [
            [0.0, -0.08],
            [0.3, 0.02],
            [0.41, 0.3],
            [0.39, 0.62 if looks.hair_length else 0.45],
            [0.31, 0.42],
            [0.2, 0.26],
            [0.0, 0.22],
        ]
    )
    hair = np.vstack([smooth_curve(cap), mirrored(smooth_curve(cap))[::-1]])
    bun = (_flesh(ellipse([0.0, -0.14], [0.2, 0.18]), looks.hair),) if looks.bun else ()
    parts = *bun, _flesh(face, looks.skin, *features), _flesh(hair, looks.hair)
    return tuple(_set_on_neck(part) for part in parts)


def _set_on_neck(part: Panel) -> Panel:
    """A part of the head moved down by ``SINK``; the neck would be too long without."""
    seams = tuple(replace(seam, path=seam.path + SINK) for seam in part.seams)
    return replace(part, outline=part.outline + SINK, seams=seams)
