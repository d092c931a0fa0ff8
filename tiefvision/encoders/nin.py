"""TiefVision's encoder: Network in Network, as trained on ImageNet with Caffe.

Lin, Chen & Yan, arXiv:1312.4400; the layers are those of the model "NIN-ImageNet" of
Caffe's model zoo up to the ReLU behind "cccp6", 1,980,608 parameters. TiefVision's
slides call it AlexNet; the network that its code loads is this one.
"""

from tiefvision.engines.layers import Activation, Convolution, Layer, MaxPool

RELU = Activation("relu")

OLD_POOL = MaxPool(3, 2, ceil=True)
"""The last max pool as published: 6x6 cells for 224 px, 69x69 for 2240 px."""

FINE_POOL = MaxPool(3, 1)
"""The same at stride 1, which TiefVision's code adds: 11x11 and 137x137 cells."""


def nin(last: MaxPool = FINE_POOL) -> tuple[Layer, ...]:
    """Layers of the trunk.

    Caffe rounds sides up where it pools. The first convolution reads RGB; a file of
    Caffe's weights, which are for BGR, needs its input channels turned.

    Args:
        last: last max pool.
    """
    return (
        *_group(("conv1", "cccp1", "cccp2"), 3, 96, 11, 4, 0),
        MaxPool(3, 2, ceil=True),
        *_group(("conv2", "cccp3", "cccp4"), 96, 256, 5, 1, 2),
        MaxPool(3, 2, ceil=True),
        *_group(("conv3", "cccp5", "cccp6"), 256, 384, 3, 1, 1),
        last,
    )


def _group(
    names: tuple[str, str, str],
    inputs: int,
    outputs: int,
    kernel: int,
    stride: int,
    padding: int,
) -> tuple[Layer, ...]:
    """A convolution, then two of 1x1 over its cells: a little network in each cell."""
    around = (padding, padding)
    first = Convolution(inputs, outputs, kernel, stride, around, published=names[0])
    mixed = (Convolution(outputs, outputs, 1, published=name) for name in names[1:])
    return first, RELU, *(layer for one in mixed for layer in (one, RELU))
