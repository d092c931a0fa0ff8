from dataclasses import replace

import numpy as np
import pytest

from tiefvision.datasets.synth.cuts import CATEGORIES, Cut, draw_cut
from tiefvision.datasets.synth.garments import (
    back_of_neck,
    body_panels,
    sleeve_panels,
)
from tiefvision.datasets.synth.materials import plain
from tiefvision.datasets.synth.poses import Pose, draw_pose

CLOTH = plain((0.3, 0.4, 0.5))


def extent(panels) -> np.ndarray:
    """Left, top, right and bottom of the panels, in heads."""
    corners = np.vstack([panel.outline for panel in panels])
    return np.concatenate([corners.min(axis=0), corners.max(axis=0)])


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_garment_ends_at_its_hem(category):
    rng = np.random.default_rng(0)
    for _ in range(5):
        cut = draw_cut(rng, category)
        bottom = extent(body_panels(cut, CLOTH, Pose()))[3]
        assert bottom == pytest.approx(cut.hem_y, abs=0.35)


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_garment_can_be_worn_in_any_pose(category):
    rng = np.random.default_rng(1)
    for _ in range(10):
        cut, pose = draw_cut(rng, category), draw_pose(rng)
        panels = body_panels(cut, CLOTH, pose) + sleeve_panels(cut, CLOTH, pose)
        left, top, right, bottom = extent(panels)
        assert -5 < left < 0 < right < 5
        assert 1 < top < bottom < 8.2


def test_longer_sleeves_reach_further_down():
    ends = [
        extent(sleeve_panels(Cut("top", sleeves=share), CLOTH, Pose()))[3]
        for share in (0.3, 0.6, 1.0)
    ]
    assert ends == sorted(ends)
    assert ends[0] + 1.0 < ends[2]


@pytest.mark.parametrize("category", ["skirt", "trousers"])
def test_only_what_hangs_from_the_shoulders_has_sleeves_and_a_neck(category):
    assert sleeve_panels(Cut(category, sleeves=1.0), CLOTH, Pose()) == ()
    assert back_of_neck(Cut(category), CLOTH, Pose()) == ()


def test_a_sleeveless_top_has_no_sleeves():
    assert sleeve_panels(Cut("top", sleeves=0.0), CLOTH, Pose()) == ()


@pytest.mark.parametrize("category", ["dress", "skirt", "trousers"])
def test_flare_widens_the_hem(category):
    narrow, wide = (
        extent(body_panels(Cut(category, flare=flare), CLOTH, Pose()))
        for flare in (0.0, 1.0)
    )
    assert wide[2] - wide[0] > narrow[2] - narrow[0] + 0.2


def test_a_v_neck_is_deeper_than_a_boat_neck():
    def depth(neckline):
        bodice = body_panels(Cut("top", neckline=neckline), CLOTH, Pose())[0]
        middle = np.abs(bodice.outline[:, 0]) < 0.05
        return bodice.outline[middle, 1].min()

    assert depth("v") > depth("round") > depth("boat")


def test_details_are_panels_of_their_own():
    bare = Cut("dress", neckline="round")
    plain_count = len(body_panels(bare, CLOTH, Pose()))
    for detail in (
        {"neckline": "collar"},
        {"buttons": True},
        {"pockets": True},
        {"trimmed": True},
    ):
        assert len(body_panels(replace(bare, **detail), CLOTH, Pose())) > plain_count
