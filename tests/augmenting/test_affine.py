import math

import pytest
import torch

from tiefvision.augmenting.affine import change_affinely, draw_matrices
from tiefvision.augmenting.rules import AffineRules

KERAS = AffineRules(mirror=True, upside_down=True, zoom=0.2, shear=0.2, rotation=30.0)


def pictures(count=3, side=8):
    generator = torch.Generator().manual_seed(1)
    return torch.rand(count, 2, side, side, generator=generator)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def sampled(picture, matrix):
    """One channel sampled by a loop: bilinearly, with the border beyond the edges."""
    side = len(picture)

    def at(row, column):
        row, column = (min(max(n, 0), side - 1) for n in (row, column))
        return picture[row][column]

    result = []
    for v in range(side):
        for u in range(side):
            x, y = (2 * u + 1) / side - 1, (2 * v + 1) / side - 1
            (a, b, c), (d, e, f) = matrix
            column = ((a * x + b * y + c + 1) * side - 1) / 2
            row = ((d * x + e * y + f + 1) * side - 1) / 2
            row, column = (min(max(n, 0), side - 1) for n in (row, column))
            top, left = math.floor(row), math.floor(column)
            down, right = row - top, column - left
            upper = at(top, left) * (1 - right) + at(top, left + 1) * right
            lower = at(top + 1, left) * (1 - right) + at(top + 1, left + 1) * right
            result.append(upper * (1 - down) + lower * down)
    return result


@pytest.mark.parametrize("rules", [KERAS, AffineRules(shift=0.1, crop=0.875)])
def test_pictures_are_sampled_as_by_a_loop(rules):
    drawn = pictures()
    changed = change_affinely(drawn, rules, seeded())
    matrices = draw_matrices(3, rules, seeded()).tolist()
    for number, matrix in enumerate(matrices):
        for channel in range(2):
            expected = sampled(drawn[number, channel].tolist(), matrix)
            found = changed[number, channel].flatten().tolist()
            assert found == pytest.approx(expected, abs=1e-4)


def test_without_rules_nothing_changes():
    drawn = pictures()
    torch.testing.assert_close(change_affinely(drawn, AffineRules(), seeded()), drawn)


@pytest.mark.parametrize(
    ("rules", "axis"),
    [(AffineRules(mirror=True), 2), (AffineRules(upside_down=True), 1)],
)
def test_half_of_the_pictures_are_flipped(rules, axis):
    drawn = pictures(400)
    changed = change_affinely(drawn, rules, seeded())
    flipped = 0
    for before, after in zip(drawn, changed, strict=True):
        is_flipped = torch.allclose(after, before.flip(axis), atol=1e-5)
        assert is_flipped or torch.allclose(after, before, atol=1e-5)
        flipped += is_flipped
    assert 160 < flipped < 240


def test_every_change_keeps_to_its_range():
    zoomed = draw_matrices(500, AffineRules(zoom=0.2), seeded())
    assert zoomed[:, 0, 0].min() < 0.82 and zoomed[:, 0, 0].max() > 1.18
    assert ((zoomed[:, [0, 1], [0, 1]] - 1).abs() <= 0.2).all()
    assert not torch.equal(zoomed[:, 0, 0], zoomed[:, 1, 1])  # each side alone
    turned = draw_matrices(500, AffineRules(rotation=30.0), seeded())
    angles = torch.rad2deg(torch.atan2(turned[:, 1, 0], turned[:, 0, 0]))
    assert 29 < angles.abs().max() <= 30 and angles.min() < 0 < angles.max()
    sheared = draw_matrices(500, AffineRules(shear=0.2), seeded())
    assert 0.19 < sheared[:, 1, 0].abs().max() <= math.sin(0.2)
    assert (sheared[:, 1, 1] == 1).all()
    moved = draw_matrices(500, AffineRules(shift=0.1), seeded())
    assert 0.19 < moved[:, :, 2].abs().max() <= 0.2  # a side is 2 long


def test_a_crop_stays_inside():
    matrices = draw_matrices(500, AffineRules(crop=0.875), seeded())
    corners = torch.tensor([[-1.0, -1, 1], [1, 1, 1]]).T
    reached = matrices @ corners
    assert (reached.abs() <= 1 + 1e-6).all() and reached.abs().max() > 0.99
    assert torch.allclose(matrices[:, 0, 0], torch.tensor(0.875))


def test_what_lies_outside_is_like_the_border():
    ones = torch.ones(5, 1, 6, 6)
    changed = change_affinely(ones, AffineRules(rotation=30.0, shift=0.4), seeded())
    torch.testing.assert_close(changed, ones)


def test_the_generator_determines_the_changes():
    drawn = pictures()
    first, same, other = (change_affinely(drawn, KERAS, seeded(n)) for n in (1, 1, 2))
    assert torch.equal(first, same) and not torch.equal(first, other)
