"""Things in front of a garment: bags, straps, posts and leaves at the lens."""

from collections.abc import Callable

import numpy as np

from tiefvision.datasets.synth.colours import Rgb, oklch_to_rgb
from tiefvision.datasets.synth.materials import plain
from tiefvision.datasets.synth.painting import Panel, Seam
from tiefvision.datasets.synth.poses import Pose, fitted, joints
from tiefvision.datasets.synth.shapes import Points, ellipse, ribbon, smooth_curve

OCCLUDED_SHARE = 0.6
"""Share of the street photographs with something in front of the garment."""


def draw_occluders(pose: Pose, rng: np.random.Generator) -> tuple[Panel, ...]:
    """Random panels of at most one thing in front of the figure; () for none."""
    if rng.random() > OCCLUDED_SHARE:
        return ()
    makers: tuple[Callable[..., tuple[Panel, ...]], ...] = (
        _hand_bag,
        _shoulder_bag,
        _scarf_tails,
        _post,
        _leaves,
    )
    chance = [0.3, 0.27, 0.13, 0.15, 0.15]
    return makers[int(rng.choice(len(makers), p=chance))](pose, rng)


def _hand_bag(pose: Pose, rng: np.random.Generator) -> tuple[Panel, ...]:
    """A tote that hangs from a hand, partly in front of the body."""
    hand = joints(pose).wrists[int(rng.integers(2))] + [0.0, 0.35]
    x, y = hand - [0.35 * np.sign(hand[0]), 0.0]
    wide, high = rng.uniform(0.45, 0.75), rng.uniform(0.8, 1.3)
    colour = _leather(rng)
    handle = [[x - wide * 0.5, y + 0.5], [x, y - 0.05], [x + wide * 0.5, y + 0.5]]
    strap = ribbon(handle, [0.04, 0.04, 0.04])
    top, bottom = y + 0.45, y + 0.45 + high
    bag = np.array([[-1, top], [1, top], [0.9, bottom], [-0.9, bottom]])
    bag = bag * [wide, 1.0] + [x, 0.0]
    flap = np.array([[x - wide, top + 0.12], [x + wide, top + 0.12]])
    return _thing(strap, colour), _thing(bag, colour, Seam(flap))


def _shoulder_bag(pose: Pose, rng: np.random.Generator) -> tuple[Panel, ...]:
    """A strap across the chest and a bag on the other hip."""
    side = float(rng.choice([-1, 1]))
    colour = _leather(rng)
    path = np.array([[-0.55 * side, 1.5], [0.1 * side, 2.6], [0.75 * side, 3.75]])
    strap = ribbon(fitted(pose, path), [0.05, 0.05, 0.05])
    wide, high = rng.uniform(0.35, 0.5), rng.uniform(0.25, 0.4)
    centre = fitted(pose, np.array([[0.8 * side, 4.0]]))[0]
    corners = ellipse([0.0, 0.0], [1.0, 1.0], 24)
    squared = np.sign(corners) * np.abs(corners) ** 0.5
    bag = centre + squared * [wide, high]
    flap = centre + np.array([[-wide, 0.0], [0.0, 0.1], [wide, 0.0]])
    return _thing(strap, colour), _thing(bag, colour, Seam(flap))


def _scarf_tails(pose: Pose, rng: np.random.Generator) -> tuple[Panel, ...]:
    """A shawl round the neck, with its ends in front."""
    colour = _leather(rng)
    end = float(rng.uniform(2.3, 3.2))
    tails = []
    for side in (-1, 1):
        path = [[0.2 * side, 1.3], [0.26 * side, 1.9], [0.22 * side, end]]
        tails.append(_thing(ribbon(path, [0.13, 0.14, 0.17]), colour))
    loop = ribbon([[-0.36, 1.2], [0.0, 1.45], [0.36, 1.2]], [0.13, 0.18, 0.13])
    return (*tails, _thing(loop, colour))


def _post(pose: Pose, rng: np.random.Generator) -> tuple[Panel, ...]:
    """A lamp post between the camera and the figure."""
    x = float(rng.choice([-1, 1])) * float(rng.uniform(0.35, 1.0))
    wide = float(rng.uniform(0.07, 0.16))
    outline = ribbon([[x, -6.0], [x, 1.0], [x, 4.0], [x, 12.0]], [wide] * 4)
    return (_thing(outline, oklch_to_rgb((float(rng.uniform(0.3, 0.6)), 0.02, 220))),)


def _leaves(pose: Pose, rng: np.random.Generator) -> tuple[Panel, ...]:
    """A branch that reaches into the picture from the side."""
    side = float(rng.choice([-1, 1]))
    y = float(rng.uniform(1.8, 6.0))
    green = oklch_to_rgb((float(rng.uniform(0.4, 0.55)), 0.1, 135))
    twig = np.array([[side * 2.5, y - 0.8], [side * 1.2, y - 0.2], [side * 0.3, y]])
    panels = [_thing(ribbon(twig, [0.06, 0.04, 0.02]), (0.3, 0.24, 0.18))]
    for share in np.linspace(0.15, 1.0, 9):
        stem = twig[0] + share * (twig[-1] - twig[0]) + rng.normal(0, 0.12, 2)
        panels.append(_thing(_leaf(stem, float(rng.uniform(0, np.pi))), green))
    return tuple(panels)


def _leaf(stem: Points, angle: float) -> Points:
    """(N, 2) outline of a leaf that grows from a point in a direction (radians)."""
    tip = stem + 0.5 * np.array([np.cos(angle), np.sin(angle)])
    return ribbon(
        smooth_curve([stem, (stem + tip) / 2, tip], 2), [0.02, 0.12, 0.15, 0.1, 0.01]
    )


def _leather(rng: np.random.Generator) -> Rgb:
    """A random colour of leather: black, brown or grey, sometimes bright."""
    chroma = float(rng.choice([0.01, 0.04, 0.05, 0.13]))
    lch = float(rng.uniform(0.25, 0.7)), chroma, float(rng.uniform(20, 100))
    return oklch_to_rgb(lch)


def _thing(outline: Points, colour: Rgb, *seams: Seam) -> Panel:
    """A panel of one colour in front of the figure."""
    spine = np.array([[0.0, 0.0], [0.0, 8.0]])
    return Panel(outline, plain(colour), spine, seams, "occluder", folds=0.3)
