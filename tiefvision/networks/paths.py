"""The shallow paths beside a trunk: a few large filters over an image of fewer pixels.

They keep colours and textures, which the trunk forgets (Wang et al., arXiv:1404.4661,
section 4). All have 96 filters of 8x8 and end in a vector.
"""

from tiefvision.networks.layers import (
    SAME,
    Conv,
    Flatten,
    Gaussian,
    Layer,
    MaxPool,
    Unit,
    Zeros,
)
from tiefvision.networks.trunks import CAFFE_NORM, RELU

FLAT, UNIT = Flatten(), Unit()

STRIDED_PATHS = (
    (Conv(96, 8, 16, SAME), MaxPool(3, 4, SAME), FLAT, UNIT),
    (Conv(96, 8, 32, SAME), MaxPool(7, 2, SAME), FLAT, UNIT),
)
"""Shallow paths of ``visnet`` and ``vgg16_big``: the strides of the convolutions take
the place of down-sampling. 4x4x96 each."""

RANKNET_PATHS = (
    (MaxPool(4, 4), Zeros(4), Conv(96, 8, 4), Zeros(2), MaxPool(7, 4), FLAT),
    (MaxPool(8, 8), Zeros(4), Conv(96, 8, 4), Zeros(1), MaxPool(3, 2), FLAT),
)
"""Shallow paths of ``ranknet``: no activation, 4x4x96 each."""


def valid_paths(*norm: Layer) -> tuple[tuple[Layer, ...], ...]:
    """Shallow paths of ``visnet_lrn2d`` and ``alexnet``: 5x5x96 and 4x4x96."""
    conv = (Conv(96, 8, 4), RELU, *norm)
    return (
        (MaxPool(4, 4), *conv, Zeros(3), MaxPool(7, 4, SAME), FLAT, UNIT),
        (MaxPool(8, 8), *conv, Zeros(1), MaxPool(3, 2, SAME), FLAT, UNIT),
    )


def caffe_paths() -> tuple[tuple[Layer, ...], ...]:
    """Shallow paths of the Caffe files: Caffe rounds up, so 5x5x96 each."""
    conv = (Conv(96, 8, 4, 4, beginning=Gaussian(0.01)), RELU, CAFFE_NORM)
    return (
        (MaxPool(4, 4, ceil=True), *conv, MaxPool(7, 4, 3, ceil=True), FLAT),
        (MaxPool(8, 8, ceil=True), *conv, MaxPool(3, 2, 1, ceil=True), FLAT),
    )
