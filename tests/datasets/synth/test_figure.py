import numpy as np
import pytest

from tiefvision.datasets.synth.cuts import CATEGORIES, Cut
from tiefvision.datasets.synth.figure import draw_looks, dressed
from tiefvision.datasets.synth.materials import plain
from tiefvision.datasets.synth.outfits import Worn, outfit
from tiefvision.datasets.synth.poses import Pose

RED = plain((0.9, 0.1, 0.1))


@pytest.mark.parametrize("category", CATEGORIES)
def test_only_the_garment_for_sale_is_marked(category):
    rng = np.random.default_rng(0)
    worn = outfit(Worn(Cut(category), RED, for_sale=True), rng)
    panels = dressed(Pose(), draw_looks(rng), worn)
    sold = [panel for panel in panels if panel.role == "garment"]
    assert sold
    assert all(panel.material == RED for panel in sold)
    assert all(panel.material != RED for panel in panels if panel.role == "figure")


@pytest.mark.parametrize("category", CATEGORIES)
def test_nobody_is_half_dressed(category):
    rng = np.random.default_rng(0)
    for _ in range(10):
        worn = outfit(Worn(Cut(category), RED, for_sale=True), rng)
        categories = {one.cut.category for one in worn}
        covered = "dress" in categories or (
            categories & {"top", "coat"} and categories & {"skirt", "trousers"}
        )
        assert covered
        assert sum(one.for_sale for one in worn) == 1


def test_a_figure_stands_about_eight_heads_tall():
    looks = draw_looks(np.random.default_rng(0))
    corners = np.vstack([panel.outline for panel in dressed(Pose(), looks, ())])
    assert np.ptp(corners[:, 1]) == pytest.approx(8.0, abs=0.5)
