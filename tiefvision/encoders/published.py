"""AlexNet, SqueezeNet 1.1 and MobileNetV2 of torchvision, with a stride of 16 px.

Published names are those of torchvision's files.
"""

from tiefvision.encoders.bottlenecks import RELU6, Bottleneck
from tiefvision.engines.layers import (
    Activation,
    Branches,
    Convolution,
    Layer,
    MaxPool,
)

RELU = Activation("relu")


def alexnet() -> tuple[Layer, ...]:
    """Krizhevsky, "One weird trick for parallelizing CNNs", arXiv:1404.5997."""

    def convolution(
        number: int, inputs: int, outputs: int, kernel: int, padding: int, stride: int
    ) -> Convolution:
        around = (padding, padding)
        name = f"features.{number}"
        return Convolution(
            inputs, outputs, kernel, stride, around, published=name, norm=""
        )

    return (
        convolution(0, 3, 64, 11, 2, 4),
        RELU,
        MaxPool(3, 2),
        convolution(3, 64, 192, 5, 2, 1),
        RELU,
        MaxPool(3, 2),
        convolution(6, 192, 384, 3, 1, 1),
        RELU,
        convolution(8, 384, 256, 3, 1, 1),
        RELU,
        convolution(10, 256, 256, 3, 1, 1),
        RELU,
        # Stride 1 instead of 2 in the last max pool doubles the grid, 11x11 cells for
        # 224 px instead of 6x6, without changing what a cell encodes (TiefVision's
        # slides).
        MaxPool(3, 1),
    )


def squeezenet1_1() -> tuple[Layer, ...]:
    """Iandola et al., SqueezeNet, arXiv:1602.07360, in its release 1.1."""
    layers: list[Layer] = [
        Convolution(3, 64, 3, 2, published="features.0"),
        RELU,
        MaxPool(3, 2, ceil=True),
    ]
    channels = 64
    # The numbers of torchvision's layers, and the channels of squeeze and expand.
    for number, squeeze, expand in (
        (3, 16, 64),
        (4, 16, 64),
        (6, 32, 128),
        (7, 32, 128),
        (9, 48, 192),
        (10, 48, 192),
        (11, 64, 256),
        (12, 64, 256),
    ):
        if number in (6, 9):
            layers.append(MaxPool(3, 2, ceil=True))
        layers += _fire(f"features.{number}", channels, squeeze, expand)
        channels = 2 * expand
    return tuple(layers)


def _fire(name: str, inputs: int, squeeze: int, expand: int) -> tuple[Layer, ...]:
    small = Convolution(squeeze, expand, 1, published=f"{name}.expand1x1")
    large = Convolution(
        squeeze, expand, 3, padding=(1, 1), published=f"{name}.expand3x3"
    )
    return (
        Convolution(inputs, squeeze, 1, published=f"{name}.squeeze"),
        RELU,
        Branches(((small, RELU), (large, RELU))),
    )


MOBILENET_V2 = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
"""Expansion, channels, blocks and stride of each group of blocks (Sandler et al.,
arXiv:1801.04381, table 2)."""

DILATED_FROM = 160
"""Channels of the group whose stride of 2 becomes 1."""


def mobilenet_v2() -> tuple[Layer, ...]:
    """Sandler et al., MobileNetV2, arXiv:1801.04381.

    The last stride of 2 becomes 1. The convolutions behind it are dilated, so that
    every second cell equals that of the published network.
    """
    layers: list[Layer] = [
        Convolution(3, 32, 3, 2, (1, 1), published="features.0.0", norm="features.0.1"),
        RELU6,
    ]
    channels, number, dilation = 32, 1, 1
    for expansion, outputs, blocks, stride in MOBILENET_V2:
        for block in range(blocks):
            step = stride if block == 0 else 1
            if outputs == DILATED_FROM and block == 0:
                step = 1
            layers += Bottleneck(
                channels,
                outputs,
                expansion,
                3,
                step,
                (dilation, dilation),
                dilation,
                _names(number, expansion),
            ).layers()
            if outputs == DILATED_FROM:
                dilation = 2
            channels, number = outputs, number + 1
    return tuple(layers)


def _names(number: int, expansion: int) -> tuple[tuple[str, str], ...]:
    """Published names of the convolutions of a block, each with its normalisation."""
    block = f"features.{number}.conv"
    places = range(2 if expansion > 1 else 1)
    last = len(places)
    return (
        *((f"{block}.{place}.0", f"{block}.{place}.1") for place in places),
        (f"{block}.{last}", f"{block}.{last + 1}"),
    )
