"""The first layers of a trunk, band by band: the same map, out of the cache.

What the first layers write is far larger than the photograph: too large for the cache,
and for memory that a process keeps between photographs, so that most of their time
would go into fetching it. A band of rows is not. A layer pads each band with zeros as
it pads a photograph, which is wrong inside it: so a band is read with the rows around
it that its result depends on (its halo), and rows that saw the padding are dropped.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

BANDED_STRIDE = 8
"""Layers up to this many pixels between cells are run in bands; behind them maps are
small, while the halo, which is computed twice, grows with every layer."""

BAND_PIXELS = 128 * 1024
"""Pixels of a band, halo aside: at most 12 MB a layer in float32 (MobileNetV2)."""


@dataclass(frozen=True)
class Rows:
    """What a convolution or a pooling does to the rows of a map."""

    kernel: int
    stride: int
    padding: int
    dilation: int
    ceil: bool

    def count(self, rows: int) -> int:
        """Rows that come out if these go in, by PyTorch's rule."""
        reach = self.dilation * (self.kernel - 1) + 1
        free = rows + 2 * self.padding - reach
        out = (free + (self.stride - 1 if self.ceil else 0)) // self.stride + 1
        # A window that would start in the padding below is left out.
        late = self.ceil and (out - 1) * self.stride >= rows + self.padding
        return out - 1 if late else out


@dataclass(frozen=True)
class Band:
    """Rows [first, last) of the photograph, and which rows of its result to keep."""

    first: int
    last: int
    keep: slice


def split_trunk(trunk: nn.Sequential) -> tuple[nn.Sequential, nn.Sequential]:
    """The layers to run in bands, and the others."""
    stride = 1
    for number, child in enumerate(trunk):
        layers = rows_of(child)
        # A ReLU stays with the convolution before it, into which it is folded.
        if stride >= BANDED_STRIDE and layers:
            return trunk[:number], trunk[number:]
        stride *= math.prod(layer.stride for layer in layers)
    return trunk[:0], trunk


def rows_of(module: nn.Module) -> list[Rows]:
    """What each layer of a module does to rows, first to last.

    Branches count as if they followed each other: the halo is then too large, never
    too small.
    """
    layers = []
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.MaxPool2d):
            rows = Rows(
                _downwards(layer.kernel_size),
                _downwards(layer.stride),
                _downwards(layer.padding),
                _downwards(layer.dilation),
                isinstance(layer, nn.MaxPool2d) and layer.ceil_mode,
            )
            layers.append(rows)
    return layers


def _downwards(size: Any) -> int:
    """Of a setting for both axes, or one for each."""
    return int(size if isinstance(size, int) else size[0])


def bands_of(layers: Sequence[Rows], height: int, width: int) -> Iterator[Band]:
    """Cut a photograph of this size so that no band is larger than needed.

    Args:
        layers: What is done to the rows.
        height: Rows of the photograph.
        width: Columns of the photograph.
    """
    rows, stride = height, 1
    for layer in layers:
        rows, stride = layer.count(rows), stride * layer.stride
    count = max(1, round(height * width / BAND_PIXELS))
    step = max(1, -(-rows // count))  # rounded up
    for start in range(0, rows, step):
        end = min(start + step, rows)
        first, last = start, end - 1
        for layer in reversed(layers):
            first = first * layer.stride - layer.padding
            last = last * layer.stride - layer.padding
            last += layer.dilation * (layer.kernel - 1)
        # On the grid of the result, or its cells would lie elsewhere.
        first = max(0, first // stride * stride)
        last = height if end == rows else min(height, last + 1)
        yield Band(first, last, slice(start - first // stride, end - first // stride))


class InBands(nn.Module):
    """Runs the first layers band by band and the others on what they give.

    Args:
        first: What is run in bands.
        layers: What ``first`` does to the rows.
        others: What follows.
    """

    def __init__(
        self, first: nn.Module, layers: Sequence[Rows], others: nn.Module
    ) -> None:
        super().__init__()
        self.first, self.layers, self.others = first, tuple(layers), others

    def forward(self, pixels: Tensor) -> Tensor:
        """(B, 3, H, W) to (B, C, h, w)."""
        bands = list(bands_of(self.layers, *pixels.shape[2:]))
        if len(bands) == 1:
            maps = self.first(pixels)
        else:
            parts = [
                self.first(pixels[:, :, band.first : band.last])[:, :, band.keep]
                for band in bands
            ]
            maps = torch.cat(parts, dim=2)
        result: Tensor = self.others(maps)
        return result
