import numpy as np

from tiefvision.datasets.importers.masks import mask_box


def blank():
    return np.zeros((100, 80), dtype=bool)


def test_the_box_is_exclusive_at_its_end():
    mask = blank()
    mask[10:30, 20:25] = True
    assert mask_box(mask) == (20.0, 10.0, 25.0, 30.0)


def test_specks_do_not_move_the_box_and_parts_do():
    mask = blank()
    mask[10:50, 20:60] = True  # 1600 pixels
    mask[95:99, 75:79] = True  # 1 % of them
    assert mask_box(mask) == (20.0, 10.0, 60.0, 50.0)
    assert mask_box(mask, speck_share=0.0) == (20.0, 10.0, 79.0, 99.0)
    mask[60:70, 20:30] = True  # 6 %
    assert mask_box(mask) == (20.0, 10.0, 60.0, 70.0)


def test_parts_that_touch_at_a_corner_are_one():
    mask = blank()
    mask[10:50, 20:60] = True
    mask[50:54, 60:64] = True
    assert mask_box(mask) == (20.0, 10.0, 64.0, 54.0)


def test_a_mask_of_specks_alone_keeps_the_largest():
    mask = blank()
    mask[::2, ::2] = True
    mask[40, 41] = True
    x0, y0, x1, y1 = mask_box(mask)
    assert (x0, y0, x1, y1) == (40.0, 40.0, 43.0, 41.0)
