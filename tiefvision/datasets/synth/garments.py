"""Garments as panels: a cut in a material, worn in a pose."""

import numpy as np

from tiefvision.datasets.synth.bottoms import skirt_panels, trouser_panels
from tiefvision.datasets.synth.colours import darker
from tiefvision.datasets.synth.cuts import NECK_HALF_WIDTH_AND_DEPTH, Cut
from tiefvision.datasets.synth.materials import Material, plain
from tiefvision.datasets.synth.painting import Panel, Seam
from tiefvision.datasets.synth.poses import WAIST_Y, Pose, fitted, joints
from tiefvision.datasets.synth.sewing import (
    body_spine,
    hem_curve,
    patch,
    pleat_lines,
    seams_along,
)
from tiefvision.datasets.synth.shapes import (
    Points,
    ellipse,
    half_width_profile,
    mirrored,
    resampled,
    ribbon,
    smooth_curve,
)

NECK_POINT = np.array([0.26, 1.42])
SHOULDER_POINT = np.array([0.84, 1.60])
"""Ends (x, y) of the right shoulder seam at the neck and at the arm, in heads."""

UNDERARM_Y = 2.12
"""Height of the armhole's lower end, in heads below the crown."""

HIP_LINE_Y = 4.0
"""Height of the widest part of the body, in heads below the crown. A higher hem is as
wide as the body, a lower one as wide as its flare."""

SLEEVELESS = 0.05
"""Shortest sleeve that is drawn, in lengths of the arm."""


def body_panels(cut: Cut, material: Material, pose: Pose) -> tuple[Panel, ...]:
    """The panels of a garment without its sleeves, from back to front."""
    if cut.category == "trousers":
        return trouser_panels(cut, material, pose)
    if cut.category == "skirt":
        return skirt_panels(cut, material, pose)
    return _upper(cut, material, pose)


def sleeve_panels(cut: Cut, material: Material, pose: Pose) -> tuple[Panel, ...]:
    """The panels of the sleeves, to be painted over the arms; () without sleeves."""
    if cut.sleeves < SLEEVELESS or cut.category in ("skirt", "trousers"):
        return ()
    limbs = joints(pose)
    return tuple(
        _sleeve(cut, material, side, np.vstack(bones))
        for side, *bones in zip(
            (-1, 1), limbs.shoulders, limbs.elbows, limbs.wrists, strict=True
        )
    )


def back_of_neck(cut: Cut, material: Material, pose: Pose) -> tuple[Panel, ...]:
    """The panel inside the back, which shows in the neck of a garment nobody wears.

    () for skirts and trousers.
    """
    if cut.category in ("skirt", "trousers"):
        return ()
    half, _ = NECK_HALF_WIDTH_AND_DEPTH[cut.neckline]
    top = _shoulder_line(half)
    back = np.array([[-half, top], [0.0, top + 0.08], [half, top]])
    front = _neckline(cut)[::-1] + np.array([0.0, 0.04])
    outline = np.vstack([smooth_curve(back), front])
    lining = plain(darker(material.palette.base, 0.62))
    label = ellipse([0.0, top + 0.13], [0.06, 0.025])
    return (
        Panel(outline, lining, body_spine(pose), (Seam(label, 0.05, 1.6),), folds=0.3),
    )


def _sleeve(cut: Cut, material: Material, side: int, arm: Points) -> Panel:
    """One sleeve; ``arm`` is (3, 2) shoulder, elbow and wrist in the figure's frame."""
    start = arm[0] - np.array([side * 0.18, 0.07])
    stations = np.linspace(0.08, max(0.2, cut.sleeves * 0.97), 4)
    spine = np.vstack([start, resampled(arm, stations)])
    wide = 0.2 + 0.08 * cut.ease
    cuff = wide - 0.05 * cut.sleeves + 0.22 * cut.cuffs * (0.4 + cut.sleeves)
    outline = ribbon(spine, [0.11, *np.linspace(wide, cuff, 4)])
    back = spine[-2] - spine[-1]
    end = ribbon(spine[-2:], [cuff, cuff])[1:3]
    hem = end + 0.07 * back / np.linalg.norm(back)
    seams = Seam(hem), Seam(outline[len(outline) // 2 :], 0.02, 0.75)
    return Panel(outline, material, arm, seams, lift=0.35)


def _upper(cut: Cut, material: Material, pose: Pose) -> tuple[Panel, ...]:
    """The panels of a dress, top or coat: one piece from neck to hem, and trimmings."""
    edge = _side(cut)
    neck = _neckline(cut)
    hem = hem_curve(edge[-1], cut)
    outline = np.vstack([neck, edge, hem, mirrored(edge)[::-1]])
    edges = [neck + np.array([0.0, 0.05]), hem - np.array([0.0, 0.07])]
    seams = seams_along(edges, pose, 0.02, 0.7)
    seams += seams_along(_bodice_lines(cut, edge), pose, 0.02, 0.8)
    bodice = Panel(
        fitted(pose, outline), material, body_spine(pose), tuple(seams), folds=1.0
    )
    return (bodice, *_trimmings(cut, material, pose, edge))


def _side(cut: Cut) -> Points:
    """(N, 2) right edge from the end of the shoulder down to the hem."""
    sleeved = cut.sleeves >= SLEEVELESS
    tip = 0.84 if sleeved else 0.64 + 0.1 * cut.ease
    loose = 0.12 * cut.ease
    underarm = 0.68 + loose
    waist = 0.72 + loose - 0.2 * cut.waist
    hips = 0.78 + loose * 0.8 + 0.2 * cut.flare
    knots = [[underarm, UNDERARM_Y], [waist, WAIST_Y]]
    if cut.hem_y > HIP_LINE_Y:
        hem = 0.74 + loose + 0.42 * cut.flare * (cut.hem_y - 3.2)
        knots += [[hips, HIP_LINE_Y], [hem, cut.hem_y]]
    else:
        share = (cut.hem_y - WAIST_Y) / (HIP_LINE_Y - WAIST_Y)
        knots += [[waist + share * (hips - waist), cut.hem_y]]
    armhole = smooth_curve(
        [
            [tip, _shoulder_line(tip)],
            [min(tip, underarm) - (0.02 if sleeved else 0.07), 1.88],
            [underarm, UNDERARM_Y],
        ]
    )
    return np.vstack([armhole[:-1], half_width_profile(knots)])


def _neckline(cut: Cut) -> Points:
    """(25, 2) curve of the neckline from the left shoulder to the right one."""
    half, depth = NECK_HALF_WIDTH_AND_DEPTH[cut.neckline]
    t = np.linspace(-1.0, 1.0, 25)
    drop = {
        "round": np.sqrt(1 - t**2),
        "v": 1 - np.abs(t),
        "boat": 1 - t**2,
        "square": np.clip(8 * (1 - np.abs(t)), 0.0, 1.0),
        "collar": 1 - np.abs(t),
    }[cut.neckline]
    return np.column_stack([half * t, _shoulder_line(half) + depth * drop])


def _bodice_lines(cut: Cut, edge: Points) -> list[Points]:
    """Lines (N, 2) of waist seam, darts, pleats and front edge on an upright body."""
    lines = []
    half = float(np.interp(WAIST_Y, edge[:, 1], edge[:, 0]))
    if cut.category == "dress" and not cut.trimmed:
        lines.append(
            np.array([[-half, WAIST_Y], [0.0, WAIST_Y + 0.05], [half, WAIST_Y]])
        )
    if cut.category == "dress":
        lines += pleat_lines(cut, half, edge[-1])
    if cut.waist > 0.5 and cut.category != "coat":
        dart = np.array([[0.34, 2.25], [0.26, WAIST_Y]])
        lines += [dart, mirrored(dart)]
    if cut.buttons:
        end = cut.hem_y if cut.category != "dress" else WAIST_Y
        _, depth = NECK_HALF_WIDTH_AND_DEPTH[cut.neckline]
        start = _shoulder_line(0.3) + depth
        lines.append(np.array([[0.07, start], [0.07, end + 0.05]]))
    return lines


def _trimmings(
    cut: Cut, material: Material, pose: Pose, edge: Points
) -> tuple[Panel, ...]:
    """Panels of collar, belt, buttons and pockets."""
    accent = plain(material.palette.accent if cut.trimmed else material.palette.detail)
    panels: list[Panel] = []
    if cut.neckline == "collar":
        panels += _collar(cut, accent if cut.trimmed else material, pose)
    if cut.trimmed and cut.category in ("dress", "coat"):
        half = float(np.interp(WAIST_Y, edge[:, 1], edge[:, 0])) + 0.02
        belt = ribbon(
            [[-half, WAIST_Y], [0.0, WAIST_Y + 0.06], [half, WAIST_Y]], [0.1, 0.1, 0.1]
        )
        panels.append(patch(belt, accent, pose, stitched=False))
    if cut.buttons:
        panels += _buttons(cut, accent, pose)
    if cut.pockets and cut.hem_y > 4.0:
        for side in (-1, 1):
            pocket = mirrored(
                [[0.25, 3.5], [0.6, 3.5], [0.6, 3.62], [0.25, 3.62]], side
            )
            panels.append(patch(pocket, material, pose))
    return tuple(panels)


def _collar(cut: Cut, material: Material, pose: Pose) -> list[Panel]:
    """The two halves of a collar; those of a coat are longer, as lapels."""
    length = 1.15 if cut.category == "coat" else 0.55
    half, depth = NECK_HALF_WIDTH_AND_DEPTH["collar"]
    top = _shoulder_line(half)
    leaves = []
    for side in (-1, 1):
        leaf = [
            [half - 0.04, top - 0.1],
            [half + 0.1, top + 0.02],
            [half + 0.16, top + 0.55 * length],
            [0.04, top + max(depth, length)],
            [0.0, top + depth],
        ]
        outline = mirrored(leaf, side)
        leaves.append(patch(outline, material, pose))
    return leaves


def _buttons(cut: Cut, material: Material, pose: Pose) -> list[Panel]:
    """A row of buttons down the front."""
    start = 2.75 if cut.category == "coat" else 2.1
    end = WAIST_Y if cut.category == "dress" else min(cut.hem_y - 0.3, 4.3)
    heights = np.arange(start, end, 0.36)
    size = 0.06 if cut.category == "coat" else 0.04
    return [
        patch(ellipse([0.0, y], [size, size], 12), material, pose, stitched=False)
        for y in heights
    ]


def _shoulder_line(half_width: float) -> float:
    """Height of the shoulder seam this far from the middle, both in heads."""
    rise = (SHOULDER_POINT - NECK_POINT) / (SHOULDER_POINT[0] - NECK_POINT[0])
    return float(NECK_POINT[1] + (half_width - NECK_POINT[0]) * rise[1])
