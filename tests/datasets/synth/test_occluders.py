import numpy as np

from tiefvision.datasets.synth.occluders import OCCLUDED_SHARE, draw_occluders
from tiefvision.datasets.synth.poses import Pose


def test_about_as_many_are_occluded_as_stated():
    rng = np.random.default_rng(0)
    drawn = [draw_occluders(Pose(), rng) for _ in range(300)]
    assert abs(np.mean([bool(props) for props in drawn]) - OCCLUDED_SHARE) < 0.1
    assert len({len(props) for props in drawn}) >= 4, "there are several kinds"


def test_everything_in_front_is_marked():
    rng = np.random.default_rng(1)
    for _ in range(50):
        for panel in draw_occluders(Pose(), rng):
            assert panel.role == "occluder"
            assert np.isfinite(panel.outline).all()
