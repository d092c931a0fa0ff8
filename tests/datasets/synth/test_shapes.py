import numpy as np
import pytest

from tiefvision.datasets.synth.shapes import (
    along_spine,
    half_width_profile,
    mirrored,
    ribbon,
    smooth_curve,
)


def test_a_smooth_curve_passes_through_its_points():
    points = np.array([[0, 0], [1, 3], [4, 1], [5, 5]], dtype=float)
    assert smooth_curve(points, per_span=8)[::8].tolist() == points.tolist()


def test_a_smooth_curve_bends_between_its_points():
    curve = smooth_curve([[0, 0], [1, 1], [2, 0]], per_span=4)
    assert curve[2, 1] != pytest.approx(curve[2, 0])
    assert np.abs(np.diff(curve, axis=0)).max() < 0.5


def test_a_ribbon_is_as_wide_as_asked_on_both_sides():
    outline = ribbon([[0, 0], [0, 2], [0, 4]], [1, 1, 1])
    assert set(np.abs(outline[:, 0]).round(9)) == {1.0}
    assert outline[:, 1].min() == 0.0
    assert outline[:, 1].max() == 4.0


def test_a_profile_has_no_bump_that_no_knot_has():
    profile = half_width_profile([[0.7, 2.0], [0.5, 3.0], [0.8, 4.0]])
    assert profile[:, 0].min() == pytest.approx(0.5, abs=0.01)
    assert profile[:, 0].max() == pytest.approx(0.8)
    assert (np.diff(profile[:, 1]) > 0).all()


def test_mirroring_turns_left_and_right_only():
    assert mirrored([[1.0, 2.0]]).tolist() == [[-1.0, 2.0]]
    assert mirrored([[1.0, 2.0]], 1).tolist() == [[1.0, 2.0]]


def test_cloth_follows_a_bent_spine():
    x = np.array([[0.5, 3.0]], dtype=np.float32)
    y = np.array([[1.0, 4.5]], dtype=np.float32)
    u, v = along_spine(x, y, [[0, 0], [0, 4], [4, 4]])
    # The first lies beside the first segment, one down; the second is three along the
    # second segment, after the four of the first.
    assert u.ravel().tolist() == [0.5, -0.5]
    assert v.ravel().tolist() == [1.0, 7.0]


def test_cloth_goes_on_beyond_the_ends_of_its_spine():
    x, y = np.zeros((1, 2), np.float32), np.array([[-2.0, 9.0]], np.float32)
    _, v = along_spine(x, y, [[0, 0], [0, 4]])
    assert v.ravel().tolist() == [-2.0, 9.0]
