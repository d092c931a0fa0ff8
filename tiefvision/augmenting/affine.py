"""Random affine changes of a batch of pictures, as published recipes have them.

Flips, zoom, shear, rotation, shifts and random crops are all affine: for each picture
they are multiplied to one matrix, and the picture is sampled once. What lies outside is
filled with the nearest pixel of the border, which Keras calls "nearest".
"""

import math

import torch
from torch import Tensor
from torch.nn import functional

from tiefvision.augmenting.rules import AffineRules


def change_affinely(
    pictures: Tensor, rules: AffineRules, generator: torch.Generator
) -> Tensor:
    """Change every picture of a batch at random.

    Args:
        pictures: square pictures, at least one, (B, C, S, S) float32, on any device.
        rules: how far they may be changed.
        generator: random generator on the CPU, so that the changes do not depend on the
            device.

    Returns:
        New pictures of the same size, (B, C, S, S), sampled bilinearly.
    """
    matrices = draw_matrices(len(pictures), rules, generator).to(pictures)
    grid = functional.affine_grid(matrices, list(pictures.shape), align_corners=False)
    return functional.grid_sample(
        pictures, grid, padding_mode="border", align_corners=False
    )


def draw_matrices(count: int, rules: AffineRules, generator: torch.Generator) -> Tensor:
    """Draw where the pixels of changed pictures come from.

    As in Keras, a point is first zoomed, then sheared, then rotated about the centre.
    The number of random numbers is the same for all rules.

    Args:
        count: number of pictures, B.
        rules: how far they may be changed.
        generator: random generator on the CPU.

    Returns:
        Matrices from positions in the new picture to positions in the old one, with x
        to the right and y down, both in [-1, 1], (B, 2, 3) float32.
    """
    drawn = torch.rand(count, 10, generator=generator)
    spread = 2 * drawn - 1  # in [-1, 1)
    zooms = 1 + rules.zoom * spread[:, 0:2]
    angles = math.radians(rules.rotation) * spread[:, 2]
    shears = rules.shear * spread[:, 3]
    moves = 2 * rules.shift * spread[:, 4:6] + (1 - rules.crop) * spread[:, 6:8]
    turned = (drawn[:, 8:10] < 0.5) & torch.tensor([rules.mirror, rules.upside_down])
    scales = rules.crop * zooms * torch.where(turned, -1.0, 1.0)

    cosines, sines = angles.cos(), angles.sin()
    rotations = _matrices(cosines, -sines, sines, cosines)
    sheared = _matrices(
        shears.cos(), torch.zeros(count), -shears.sin(), torch.ones(count)
    )
    linear = rotations @ sheared @ torch.diag_embed(scales)
    return torch.cat([linear, moves[:, :, None]], dim=2)


def _matrices(a: Tensor, b: Tensor, c: Tensor, d: Tensor) -> Tensor:
    """The matrices [[a, b], [c, d]] of B numbers each, (B, 2, 2)."""
    return torch.stack([a, b, c, d], dim=1).view(-1, 2, 2)
