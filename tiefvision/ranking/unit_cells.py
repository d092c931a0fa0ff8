"""A 1x1 convolution and unit cells in one pass, for training at the machine's rate.

Layer by layer, a batch of maps goes through memory some twenty times, and two thirds
of a training step are spent on that. Here a few maps at a time go through all steps
while they lie in the cache, and what the way back needs is written out by hand.
"""

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

BLOCK = 8
"""Maps at a time: 1 MB of 256 channels by 11x11 cells, the second cache of a core."""

LEAST = 1e-12
"""Shortest cell that is brought to unit length, as ``normalise_cells`` has it."""


def mix_cells(weight: Tensor, bias: Tensor, maps: Tensor) -> Tensor:
    """Mix the channels of every cell, and bring each to unit length.

    The same as ``flatten_cells(normalise_cells(conv2d(maps, weight, bias)))``.

    Args:
        weight: (D, C, 1, 1).
        bias: (D,).
        maps: (B, C, h, w).

    Returns:
        (B, D * h * w) of unit length.
    """
    mixed: Tensor = _MixCells.apply(weight.flatten(1), bias, maps.flatten(2))
    return mixed.flatten(1)


class _MixCells(torch.autograd.Function):
    """With y = Wx + b of n cells, e = y / (|y| sqrt(n)); a step back from g = dL/de
    is dL/dy = (g - n e (e . g)) / (|y| sqrt(n))."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, bias: Tensor, maps: Tensor) -> Tensor:
        views, _, cells = maps.shape
        unit = maps.new_empty(views, len(weight), cells)
        lengths = maps.new_empty(views, 1, cells)
        for part in _blocks(maps):
            mixed, length = unit[part], lengths[part]
            weights = weight.expand(len(mixed), *weight.shape)
            torch.baddbmm(bias[:, None], weights, maps[part], out=mixed)
            norms = mixed.square().sum(1, keepdim=True).sqrt_().clamp_min_(LEAST)
            torch.mul(norms, math.sqrt(cells), out=length)
            mixed.div_(length)  # a cell of one channel comes out as exactly 1 or -1
        ctx.save_for_backward(weight, maps, unit, lengths)
        return unit

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        weight, maps, unit, lengths = ctx.saved_tensors
        to_weight, to_bias = torch.zeros_like(weight), weight.new_zeros(len(weight))
        to_maps = torch.empty_like(maps) if ctx.needs_input_grad[2] else None
        for part in _blocks(maps):
            along = (unit[part] * slope[part]).sum(1, keepdim=True)
            along *= -maps.shape[2]
            step = torch.addcmul(slope[part], unit[part], along).div_(lengths[part])
            to_weight.addbmm_(step, maps[part].transpose(1, 2))
            to_bias += step.sum((0, 2))
            if to_maps is not None:
                to_maps[part] = weight.T @ step
        return to_weight, to_bias, to_maps


def _blocks(maps: Tensor) -> list[slice]:
    """Few maps at a time where they are computed in a cache; elsewhere all at once."""
    size = BLOCK if maps.device.type == "cpu" else max(1, len(maps))
    return [slice(start, start + size) for start in range(0, len(maps), size)]
