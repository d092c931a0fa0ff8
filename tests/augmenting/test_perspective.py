import numpy as np
import pytest

from tiefvision.augmenting.perspective import SQUARE, draw_corners, solve_perspective


def move(matrix, point):
    """A point mapped by a homography, by its definition."""
    u, v, w = (
        sum(row[k] * value for k, value in enumerate((*point, 1.0))) for row in matrix
    )
    return u / w, v / w


def test_the_corners_go_where_they_were_sent():
    generator = np.random.default_rng(0)
    for _ in range(20):
        corners = SQUARE + generator.uniform(-0.2, 0.2, (4, 2))
        matrix = solve_perspective(corners)
        assert matrix[2, 2] == 1.0
        for point, corner in zip(SQUARE, corners, strict=True):
            assert move(matrix, point) == pytest.approx(tuple(corner))


def test_a_trapezium_worked_by_hand():
    # The upper side is half as long: the diagonals, and so the middle, meet at 1 / 3.
    corners = np.array([(0.25, 0.0), (0.75, 0.0), (1.0, 1.0), (0.0, 1.0)])
    assert move(solve_perspective(corners), (0.5, 0.5)) == pytest.approx((0.5, 1 / 3))


def test_nothing_moves_where_the_corners_stay():
    np.testing.assert_allclose(solve_perspective(SQUARE), np.eye(3), atol=1e-12)


def test_corners_move_inwards_and_each_on_its_own():
    generator = np.random.default_rng(0)
    drawn = np.array([draw_corners(0.1, generator) for _ in range(500)])
    moved = (drawn - SQUARE) * (1 - 2 * SQUARE)
    assert moved.min() >= 0.0
    assert 0.098 < moved.max() <= 0.1
    between = np.corrcoef(moved.reshape(500, 8).T) - np.eye(8)
    assert np.abs(between).max() < 4.5 / 500**0.5


def test_three_corners_in_a_line_are_refused():
    corners = np.array([(0.0, 0.0), (0.5, 0.0), (1.0, 0.0), (0.0, 0.0)])
    with pytest.raises(np.linalg.LinAlgError):
        solve_perspective(corners)
