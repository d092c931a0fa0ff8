import numpy as np
import pytest

from tiefvision.boxes import area, intersection, iou
from tiefvision.locating.windows import (
    BACKGROUND,
    UNSURE,
    Level,
    assign_categories,
    assign_windows,
    boxes_to_window_units,
    cells_of_windows,
    window_units_to_boxes,
    windows_in_image,
)
from tiefvision.records import Garment


def level_of(rows, columns, window=3, scale=(1.0, 1.0), border=(0, 0)):
    cells = np.zeros((2, rows + window - 1, columns + window - 1), np.float32)
    return Level(cells, *scale, stride=16, window=window, border=border)


def garment(*box_in_image):
    return Garment("dress", box_in_image)


def test_windows_by_hand():
    boxes = windows_in_image(level_of(rows=2, columns=3))
    assert boxes.tolist() == [
        [0, 0, 224, 224],
        [16, 0, 240, 224],
        [32, 0, 256, 224],
        [0, 16, 224, 240],
        [16, 16, 240, 240],
        [32, 16, 256, 240],
    ]


def test_windows_of_a_smaller_copy_with_a_border_by_hand():
    level = level_of(rows=2, columns=2, scale=(0.5, 0.25), border=(48, 20))
    # The last: corner at cell (1, 1), (16 - 48, 16 - 20) in the bordered copy.
    assert windows_in_image(level).tolist() == [
        [-96, -80, 352, 816],
        [-64, -80, 384, 816],
        [-96, -16, 352, 880],
        [-64, -16, 384, 880],
    ]


def test_units_by_hand():
    windows = np.array([[100.0, 200.0, 300.0, 600.0]])  # 200 x 400 around (200, 400)
    boxes = np.array([[100.0, 400.0, 400.0, 500.0]])
    units = boxes_to_window_units(boxes, windows)
    assert units.tolist() == [[-0.5, 0.0, 1.0, 0.25]]
    assert boxes_to_window_units(windows, windows).tolist() == [[-0.5, -0.5, 0.5, 0.5]]


def test_units_and_pixels_are_inverse():
    generator = np.random.default_rng(0)
    windows = windows_in_image(level_of(4, 5, scale=(0.7, 0.3), border=(48, 50)))
    boxes = generator.uniform(-50, 900, (20, 4))
    units = boxes_to_window_units(boxes, windows)
    np.testing.assert_allclose(window_units_to_boxes(units, windows), boxes)
    again = boxes_to_window_units(window_units_to_boxes(units, windows), windows)
    np.testing.assert_allclose(again, units)
    nothing = np.empty((0, 4))
    assert window_units_to_boxes(nothing, nothing).shape == (0, 4)


@pytest.mark.parametrize(
    ("box_in_image", "expected"),
    [
        ((0, 0, 100, 100), 0),  # the same
        ((0, 0, 50, 100), 0),  # it lies in the window
        ((40, 40, 60, 60), 0),  # however small
        ((-50, -50, 300, 300), 0),  # the window lies in it
        ((50, 0, 150, 100), 0),  # half of both
        ((51, 0, 151, 100), UNSURE),  # 49 %
        ((80, 0, 180, 100), UNSURE),  # 20 %
        ((81, 0, 181, 100), BACKGROUND),  # 19 %
        ((500, 500, 600, 600), BACKGROUND),
        ((90, 0, 110, 100), 0),  # half of the garment, a tenth of the window
        ((30, 30, 30, 30), BACKGROUND),  # nothing at all
    ],
)
def test_the_garment_that_a_window_holds(box_in_image, expected):
    window = np.array([[0.0, 0.0, 100.0, 100.0]])
    assert assign_windows(window, [garment(*box_in_image)]).tolist() == [expected]


def test_windows_without_garments_are_background():
    windows = windows_in_image(level_of(2, 3))
    held = assign_windows(windows, [])
    assert held.tolist() == [BACKGROUND] * 6
    assert np.issubdtype(held.dtype, np.integer)


def test_a_window_takes_the_garment_with_the_highest_iou():
    window = np.array([[0.0, 0.0, 100.0, 100.0]])
    small, fitting = garment(40, 40, 60, 60), garment(5, 0, 100, 100)
    assert assign_windows(window, [small, fitting]).tolist() == [1]
    assert assign_windows(window, [fitting, small]).tolist() == [0]
    # The first of equal ones.
    twin = garment(0, 5, 100, 100)
    assert assign_windows(window, [fitting, twin]).tolist() == [0]
    # IoU 42 / 100, but the window shares only 42 % of the smaller: not held.
    close = garment(58, 0, 158, 100)
    assert assign_windows(window, [close, small]).tolist() == [1]


def assign_one(window, garments):
    held, best, most = None, -1.0, 0.0
    for number, item in enumerate(garments):
        box = item.box_in_image
        smaller = min(float(area(window)), float(area(box)))
        share = float(intersection(window, box)) / smaller if smaller else 0.0
        most = max(most, share)
        overlap = float(iou(window, box))
        if share >= 0.5 and overlap > best:
            held, best = number, overlap
    if held is not None:
        return held
    return BACKGROUND if most < 0.2 else UNSURE


def test_assignment_against_a_loop():
    generator = np.random.default_rng(3)
    windows = windows_in_image(level_of(6, 7, scale=(0.4, 0.4), border=(48, 48)))
    corners = generator.uniform(0, 500, (4, 2))
    sides = generator.uniform(20, 400, (4, 2))
    garments = [garment(*c, *(c + s)) for c, s in zip(corners, sides, strict=True)]
    expected = [assign_one(window, garments) for window in windows]
    assert assign_windows(windows, garments).tolist() == expected
    assert {0, 1, 2, 3} & set(expected)
    corner = garment(300, 300, 900, 900)  # no window shares half of it
    held = assign_windows(windows, [corner]).tolist()
    assert held == [assign_one(window, [corner]) for window in windows]
    assert {BACKGROUND, UNSURE} <= set(held)


def test_the_garment_that_a_window_holds_for_each_category():
    window = np.array([[0.0, 0.0, 100.0, 100.0], [500.0, 500.0, 600.0, 600.0]])
    garments = [
        Garment("coat", (500, 500, 580, 600)),
        Garment("dress", (80, 0, 180, 100)),  # a fifth of both
        Garment("coat", (5, 0, 100, 100)),
        Garment("outfit", (0, 0, 600, 600)),
    ]
    held = assign_categories(window, garments, ["outfit", "hat", "dress", "coat"])
    assert held.tolist() == [
        [3, BACKGROUND, UNSURE, 2],
        [3, BACKGROUND, BACKGROUND, 0],
    ]
    assert np.issubdtype(held.dtype, np.integer)


def test_categories_do_not_take_windows_from_each_other():
    """A column does not depend on garments of the other categories."""
    generator = np.random.default_rng(5)
    windows = windows_in_image(level_of(6, 7, scale=(0.4, 0.4), border=(48, 48)))
    names = ("coat", "dress", "hat")
    garments = []
    for number in range(8):
        corner, sides = generator.uniform(0, 500, 2), generator.uniform(20, 400, 2)
        garments.append(Garment(names[number % 3], (*corner, *(corner + sides))))
    held = assign_categories(windows, garments, names)
    assert held.shape == (len(windows), 3)
    for column, name in enumerate(names):
        places = [k for k, one in enumerate(garments) if one.category == name]
        alone = assign_windows(windows, [garments[place] for place in places])
        for window, place in enumerate(alone):
            expected = places[place] if place >= 0 else place
            assert held[window, column] == expected
        assert {BACKGROUND, UNSURE, *places} >= set(held[:, column])
    # A window can hold several, and be ambiguous for one while it holds another.
    assert ((held >= 0).sum(axis=1) > 1).any()
    assert ((held >= 0).any(axis=1) & (held == UNSURE).any(axis=1)).any()


def test_a_photograph_without_garments_is_background_of_every_category():
    windows = windows_in_image(level_of(2, 3))
    held = assign_categories(windows, [], ["coat", "hat"])
    assert held.tolist() == [[BACKGROUND] * 2] * 6


def test_the_cells_of_windows_by_hand():
    level = level_of(rows=3, columns=4, window=2)
    height, width = level.cells.shape[1:]
    chosen = np.array([0, 5, 11, 3])
    positions = cells_of_windows(level, chosen)
    grid = np.arange(height * width).reshape(height, width)
    for number, window in zip(positions, chosen, strict=True):
        row, column = divmod(int(window), level.columns)
        expected = grid[row : row + 2, column : column + 2].ravel()
        assert number.tolist() == expected.tolist()
    assert positions.max() == height * width - 1
    nothing = cells_of_windows(level, np.empty(0, dtype=np.int64))
    assert nothing.shape == (0, 4)


def test_a_level_of_one_window():
    level = level_of(rows=1, columns=1)
    assert (level.rows, level.columns) == (1, 1)
    assert windows_in_image(level).tolist() == [[0, 0, 224, 224]]
