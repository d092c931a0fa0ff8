import numpy as np
import pytest

from tiefvision.locating.garment_layer import LEAST_GARMENT, GarmentLayer
from tiefvision.locating.windows import Level
from tiefvision.records import Garment

LEFT, RIGHT = (0.0, 0.0, 80.0, 160.0), (80.0, 0.0, 160.0, 160.0)


def levels(sizes=(10, 20)):
    """Maps whose left half shows cloth (channel 0), the right half none (channel 1)."""
    made = []
    for cells in sizes:
        map_ = np.zeros((2, cells, cells), dtype=np.float32)
        map_[0, :, : cells // 2] = map_[1, :, cells // 2 :] = 3.0
        scale = cells * 16 / 160
        made.append(Level(map_, scale, scale, 16, 4, (0, 0)))
    return made


LAYER = GarmentLayer(np.array([4.0, -4.0], dtype=np.float32), 0.5)


def test_the_share_is_the_mean_over_the_cells_of_a_box_and_over_levels():
    cloth, other = 1 / (1 + np.exp(-4.5)), 1 / (1 + np.exp(3.5))
    assert LAYER.share(LEFT, levels()) == pytest.approx(cloth)
    assert LAYER.share(RIGHT, levels()) == pytest.approx(other)
    both = LAYER.share((0, 0, 160, 160), levels())
    assert both == pytest.approx((cloth + other) / 2)
    assert other < LEAST_GARMENT < both


def test_boxes_that_show_no_garment_are_left_out():
    cat = Garment("outfit", RIGHT, 0.99)
    coat = Garment("outer", LEFT, 0.5)
    assert LAYER.keep((cat, coat), levels()) == (coat,)


def test_a_layer_is_made_of_a_read_out_or_there_is_none():
    made = GarmentLayer.of({"weight": np.array([[4.0, -4.0]]), "bias": np.array([0.5])})
    assert made.share(LEFT, levels()) == pytest.approx(LAYER.share(LEFT, levels()))
    assert GarmentLayer.of({}) is None and GarmentLayer.of(None) is None
