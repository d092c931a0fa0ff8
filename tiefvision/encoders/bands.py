"""Running the first layers of a trunk on bands of rows, with the same feature map.

The first layers' feature maps of a whole photograph are far larger than the photograph.
They exceed the cache and the memory that a process keeps between photographs, so that
most of the layers' time would go into allocating and moving memory. Those of a band of
rows fit. A band is read together with its halo, the neighbouring rows that its result
depends on, because the layers pad each band with zeros as if it were a photograph; the
rows of the result that depend on this padding are dropped.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

BANDED_STRIDE = 8
"""Stride in pixels between cells up to which layers run in bands. After it feature maps
are small, while the halo, which is computed twice, grows with every layer."""

BAND_PIXELS = 128 * 1024
"""Pixels of a band without its halo: a layer writes at most 12 MB in float32
(MobileNetV2)."""


@dataclass(frozen=True)
class Rows:
    """The vertical geometry of a convolution or of a pooling, in rows of its input.

    Attributes:
        kernel: height of the kernel.
        stride: distance between two rows of the result.
        padding: rows of padding above, and below, the input.
        dilation: distance between the rows of the kernel.
        ceil: whether an incomplete window at the bottom counts (``ceil_mode``).
    """

    kernel: int
    stride: int
    padding: int
    dilation: int
    ceil: bool

    def count(self, rows: int) -> int:
        """Rows of the result for this many rows of input, as PyTorch counts them."""
        reach = self.dilation * (self.kernel - 1) + 1
        free = rows + 2 * self.padding - reach
        out = (free + (self.stride - 1 if self.ceil else 0)) // self.stride + 1
        # PyTorch leaves out a window that would start in the padding below.
        late = self.ceil and (out - 1) * self.stride >= rows + self.padding
        return out - 1 if late else out


@dataclass(frozen=True)
class Band:
    """A band of a photograph.

    Attributes:
        first: first row of the photograph to read, halo included.
        last: row after the last one to read, halo included.
        keep: rows of the band's result that are free of its padding.
    """

    first: int
    last: int
    keep: slice


def split_trunk(trunk: nn.Sequential) -> tuple[nn.Sequential, nn.Sequential]:
    """Split a trunk into the layers to run in bands and the remaining ones."""
    stride = 1
    for number, child in enumerate(trunk):
        layers = rows_of(child)
        # Never split before a ReLU: it is fused with the convolution before it.
        if stride >= BANDED_STRIDE and layers:
            return trunk[:number], trunk[number:]
        stride *= math.prod(layer.stride for layer in layers)
    return trunk[:0], trunk


def rows_of(module: nn.Module) -> list[Rows]:
    """The vertical geometry of each convolution and pooling of a module, in order.

    Parallel branches are counted as if one followed the other, which makes the halo too
    large, never too small.
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
    """The vertical part of a setting that is one number or (vertical, horizontal)."""
    return int(size if isinstance(size, int) else size[0])


def bands_of(layers: Sequence[Rows], height: int, width: int) -> Iterator[Band]:
    """Cut a photograph into bands of about ``BAND_PIXELS`` pixels each.

    Args:
        layers: geometry of the layers to run in bands, first to last.
        height: height of the photograph in pixels.
        width: width of the photograph in pixels.

    Yields:
        Bands from top to bottom, whose kept rows make up the whole feature map.
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
        # A multiple of the stride, or the cells of the band would lie between those of
        # the whole.
        first = max(0, first // stride * stride)
        last = height if end == rows else min(height, last + 1)
        yield Band(first, last, slice(start - first // stride, end - first // stride))


class InBands(nn.Module):
    """A trunk whose first layers run in bands and whose other layers run at once.

    Args:
        first: layers to run in bands.
        layers: geometry of ``first``, as ``rows_of`` returns it.
        others: layers to run on the joined result of ``first``.
    """

    def __init__(
        self, first: nn.Module, layers: Sequence[Rows], others: nn.Module
    ) -> None:
        super().__init__()
        self.first, self.layers, self.others = first, tuple(layers), others

    def forward(self, pixels: Tensor) -> Tensor:
        """Encode standardised pixels, (B, 3, H, W), to feature maps, (B, C, h, w)."""
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
