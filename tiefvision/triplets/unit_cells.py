"""A 1x1 convolution fused with the normalisation of cells, with its own backward pass.

As separate layers, both move a batch of feature maps through memory some twenty times,
which takes two thirds of a training step. Here a few maps at a time pass through all
operations while they are in the CPU's cache, forward and backward.
"""

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from tiefvision.ranking.similarity import LEAST

BLOCK = 8
"""Feature maps processed at a time on a CPU: 1 MB for 256 channels by 11x11 cells, the
size of a core's second-level cache."""


def unit_cells(maps: Tensor) -> Tensor:
    """Normalise every cell and flatten the maps, as separate layers.

    Args:
        maps: feature maps, (B, C, h, w).

    Returns:
        Embeddings of unit length unless a cell is zero, (B, C * h * w).
    """
    cells = maps.shape[2] * maps.shape[3]
    return functional.normalize(maps, dim=1, eps=LEAST).flatten(1) / math.sqrt(cells)


def mix_cells(weight: Tensor, bias: Tensor, maps: Tensor) -> Tensor:
    """Apply a 1x1 convolution, normalise every cell and flatten the map.

    Equal to ``unit_cells(conv2d(maps, weight, bias))``.

    Args:
        weight: weight of the convolution, (D, C, 1, 1).
        bias: bias of the convolution, (D,).
        maps: feature maps, (B, C, h, w).

    Returns:
        Embeddings of unit length, (B, D * h * w).
    """
    mixed: Tensor = _MixCells.apply(weight.flatten(1), bias, maps.flatten(2))
    return mixed.flatten(1)


class _MixCells(torch.autograd.Function):
    """The fused operation on maps of n cells, and its gradient.

    Forward, for each cell x: y = W x + b and e = y / (|y| sqrt(n)). Backward, from
    g = dL/de: dL/dy = (g - n e (e . g)) / (|y| sqrt(n)).
    """

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
            mixed.div_(length)  # exactly 1 or -1 for a cell of one channel
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
    """Slices of ``BLOCK`` maps on a CPU; one slice of all maps on other devices."""
    size = BLOCK if maps.device.type == "cpu" else max(1, len(maps))
    return [slice(start, start + size) for start in range(0, len(maps), size)]
