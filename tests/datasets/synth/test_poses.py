import numpy as np
import pytest

from tiefvision.datasets.synth.poses import (
    FOREARM,
    HIP_Y,
    SHIN,
    SHOULDER_Y,
    THIGH,
    UPPER_ARM,
    Pose,
    draw_pose,
    fitted,
    joints,
)


def test_limbs_keep_their_lengths_in_every_pose():
    rng = np.random.default_rng(0)
    for _ in range(10):
        bones = joints(draw_pose(rng))
        for start, end, length in (
            (bones.shoulders, bones.elbows, UPPER_ARM),
            (bones.elbows, bones.wrists, FOREARM),
            (bones.hips, bones.knees, THIGH),
            (bones.knees, bones.ankles, SHIN),
        ):
            assert np.linalg.norm(end - start, axis=1) == pytest.approx([length] * 2)


def test_a_standing_figure_is_symmetrical():
    bones = joints(Pose())
    for left, right in (bones.wrists, bones.ankles):
        assert left * [-1, 1] == pytest.approx(right)


def test_raised_arms_move_outwards():
    low, high = joints(Pose(arms=(0.1, 0.1))), joints(Pose(arms=(0.9, 0.9)))
    assert high.elbows[1, 0] > low.elbows[1, 0]
    assert high.elbows[1, 1] < low.elbows[1, 1]


def test_cloth_is_fitted_to_the_build_and_follows_the_hips():
    pose = Pose(sway=0.2, build=1.1)
    points = np.array([[1.0, SHOULDER_Y], [1.0, HIP_Y]])
    assert fitted(pose, points) == pytest.approx(
        np.array([[1.1, SHOULDER_Y], [1.3, HIP_Y]])
    )
