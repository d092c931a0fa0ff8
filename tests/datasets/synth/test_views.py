import numpy as np
import pytest

from tiefvision.datasets.synth.views import View, to_body, to_image


def test_a_plain_view_scales_and_moves():
    view = View(np.array([[50.0, 0, 100], [0, 50.0, 20], [0, 0, 1]]))
    assert to_image(view, [[0, 0], [1, 2]]).tolist() == [[100, 20], [150, 120]]
    assert view.pixels_per_head == 50.0


def test_the_way_back_ends_where_the_way_there_began():
    rng = np.random.default_rng(0)
    homography = np.array([[50.0, 3, 200], [-2, 52.0, 20], [0.01, 0.012, 0.95]])
    waves, shifts = rng.normal(0, 1.5, (4, 2)), rng.normal(0, 0.03, (4, 2))
    view = View(homography, waves, shifts, rng.uniform(0, 6, 4))
    rows, columns = slice(40, 400), slice(100, 320)
    x, y = to_body(view, (rows, columns))
    back = to_image(view, np.column_stack([x.ravel(), y.ravel()]))
    grid_y, grid_x = np.mgrid[rows, columns] + 0.5
    error = np.hypot(back[:, 0] - grid_x.ravel(), back[:, 1] - grid_y.ravel())
    # Cloth may slide by a little under the outline: about a tenth of a head.
    assert error.mean() < 0.04 * view.pixels_per_head
    assert x.shape == y.shape == (360, 220)


def test_without_waves_the_way_back_is_exact():
    view = View(np.array([[50.0, 3, 200], [-2, 52.0, 20], [0.01, 0.012, 0.95]]))
    x, y = to_body(view, (slice(7, 8), slice(9, 10)))
    assert to_image(view, [[x[0, 0], y[0, 0]]])[0] == pytest.approx(
        [9.5, 7.5], abs=1e-3
    )
