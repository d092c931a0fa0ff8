import numpy as np
import pytest

from tiefvision.datasets.synth.bottoms import skirt_panels, trouser_panels
from tiefvision.datasets.synth.colours import Palette
from tiefvision.datasets.synth.cuts import Cut
from tiefvision.datasets.synth.materials import Material, plain
from tiefvision.datasets.synth.poses import Pose, joints

CLOTH = plain((0.3, 0.4, 0.5))


def test_trouser_legs_follow_the_legs():
    pose = Pose(legs=(0.0, 0.12), knees=(0.0, 0.0))
    cut = Cut("trousers", length=1.0, flare=0.0)
    left, right, _ = trouser_panels(cut, CLOTH, pose)
    for leg, ankle in zip((left, right), joints(pose).ankles, strict=True):
        hem = leg.outline[leg.outline[:, 1] > leg.outline[:, 1].max() - 0.1]
        assert hem[:, 0].mean() == pytest.approx(ankle[0], abs=0.15)


def test_trouser_legs_meet_at_the_front():
    left, right, _ = trouser_panels(Cut("trousers"), CLOTH, Pose())
    assert left.outline[-2:] == pytest.approx(right.outline[-2:])


def test_pleats_are_seams():
    smooth = skirt_panels(Cut("skirt", pleats=0), CLOTH, Pose())[0]
    pleated = skirt_panels(Cut("skirt", pleats=9), CLOTH, Pose())[0]
    assert len(pleated.seams) == len(smooth.seams) + 9
    assert np.array_equal(pleated.outline, smooth.outline)


def test_a_trimmed_waistband_is_in_the_accent_colour():
    cloth = Material("plain", Palette((1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0, 0, 0)))
    band = skirt_panels(Cut("skirt", trimmed=True), cloth, Pose())[-1]
    assert band.material.palette.base == (0.0, 0.0, 1.0)
