"""Contours lie around what is high, in pixels of the photograph."""

import re

import numpy as np

from tiefvision.web.contours import QUANTILES, contours_of


def points_of(path: str) -> np.ndarray:
    return np.array(
        [[float(x), float(y)] for x, y in re.findall(r"([\d.-]+),([\d.-]+)", path)]
    )


def test_a_peak_is_surrounded_where_it_is() -> None:
    grid = np.zeros((7, 7), np.float32)
    grid[1, 5] = 1.0  # the second row, the sixth column
    contours = contours_of(grid, (100.0, 200.0, 170.0, 340.0))
    assert len(contours) == len(QUANTILES)
    assert [one.level for one in contours] == sorted(one.level for one in contours)
    points = points_of(contours[-1].path)
    assert np.abs(points.mean(axis=0) - (155.0, 230.0)).max() < 5
    assert (points >= (100, 200)).all()
    assert (points <= (170, 340)).all()


def test_lines_at_the_edge_are_closed() -> None:
    grid = np.tile(np.linspace(0, 1, 7, dtype=np.float32), (7, 1))
    for contour in contours_of(grid, (0, 0, 70, 70)):
        assert contour.path.startswith("M")
        assert contour.path.endswith("Z")
        assert points_of(contour.path)[:, 0].max() > 69


def test_cells_that_are_alike_have_no_contours() -> None:
    assert contours_of(np.ones((7, 7), np.float32), (0, 0, 70, 70)) == ()
