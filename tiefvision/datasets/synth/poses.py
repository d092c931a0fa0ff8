"""Poses of the figure: joint positions in heads from angles."""

from dataclasses import dataclass

import numpy as np

from tiefvision.datasets.synth.shapes import Points

SHOULDER_Y, WAIST_Y, HIP_Y, CROTCH_Y = 1.55, 3.0, 4.05, 4.3
"""Heights below the crown, in heads, of a figure eight heads tall (drawing manuals)."""

UPPER_ARM, FOREARM, HAND = 1.45, 1.2, 0.42
THIGH, SHIN = 1.85, 1.75
"""Lengths of limbs in heads."""


@dataclass(frozen=True)
class Pose:
    """A pose; pairs are (left, right) in the picture, angles in radians.

    Attributes:
        arms: Angles of the upper arms, 0 hanging down, pi / 2 sideways.
        elbows: Angles of the forearms to the upper arms, negative towards the body.
        legs: Angles of the thighs, 0 straight down, positive apart.
        knees: Angles of the shins to the thighs, positive inwards.
        sway: Shift of the hips to the right, in heads.
        build: Factor on the widths of the body, 1 for the average.
    """

    arms: tuple[float, float] = (0.28, 0.28)
    elbows: tuple[float, float] = (-0.05, -0.05)
    legs: tuple[float, float] = (0.06, 0.06)
    knees: tuple[float, float] = (0.02, 0.02)
    sway: float = 0.0
    build: float = 1.0


@dataclass(frozen=True)
class Joints:
    """Joints in heads, each (2, 2): (x, y) of the left one, then of the right one."""

    shoulders: Points
    elbows: Points
    wrists: Points
    hips: Points
    knees: Points
    ankles: Points


def draw_pose(rng: np.random.Generator) -> Pose:
    """A random pose of a person in the street: standing, posing or walking."""
    arms, elbows = [], []
    for _ in range(2):
        # Hanging, hand on the hip, or forearm raised.
        kind = rng.choice(3, p=[0.62, 0.23, 0.15])
        arms.append(float(rng.uniform(*((0.08, 0.4), (0.5, 0.75), (0.1, 0.45))[kind])))
        bends = (-0.4, 0.15), (-1.9, -1.5), (-2.2, -1.7)
        elbows.append(float(rng.uniform(*bends[kind])))
    legs = rng.uniform(0.0, 0.2, 2)
    knees = rng.uniform(0.0, 0.16, 2)
    return Pose(
        arms=(arms[0], arms[1]),
        elbows=(elbows[0], elbows[1]),
        legs=(float(legs[0]), float(legs[1])),
        knees=(float(knees[0]), float(knees[1])),
        sway=float(rng.uniform(-0.18, 0.18)),
        build=float(rng.uniform(0.92, 1.12)),
    )


def joints(pose: Pose) -> Joints:
    """The joints of a pose, in the figure's frame."""
    sides = np.array([[-1.0, 1.0], [1.0, 1.0]])
    shoulders = sides * [0.74 * pose.build, 1.68]
    elbows = shoulders + UPPER_ARM * sides * _directions(pose.arms)
    lower = [a + b for a, b in zip(pose.arms, pose.elbows, strict=True)]
    wrists = elbows + FOREARM * sides * _directions((lower[0], lower[1]))
    hips = sides * [0.36 * pose.build, HIP_Y] + [pose.sway, 0.0]
    knees = hips + THIGH * sides * _directions(pose.legs)
    shins = [a - b for a, b in zip(pose.legs, pose.knees, strict=True)]
    ankles = knees + SHIN * sides * _directions((shins[0], shins[1]))
    return Joints(shoulders, elbows, wrists, hips, knees, ankles)


def fitted(pose: Pose, points: Points) -> Points:
    """Points (N, 2) of an upright, average body, moved by a pose's build and sway."""
    share = np.clip((points[:, 1] - SHOULDER_Y) / (HIP_Y - SHOULDER_Y), 0.0, 1.0)
    x = points[:, 0] * pose.build + pose.sway * share
    return np.column_stack([x, points[:, 1]])


def _directions(angles: tuple[float, float]) -> Points:
    """(2, 2) unit vectors of limbs at these angles from straight down, towards +x."""
    return np.column_stack([np.sin(angles), np.cos(angles)])
