"""The convolutional trunks of ImageNet networks, as their publications print them.

A trunk is a sequence of named blocks, since skip connections leave it between them.
Names of torchvision's files stand beside the layers that have such weights.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tiefvision.encoders.published import MOBILENET_V2
from tiefvision.networks.layers import (
    HE,
    SAME,
    BatchNorm,
    Beginning,
    Conv,
    Gaussian,
    Layer,
    LocalNorm,
    MaxPool,
    Padding,
    Relu,
    Residual,
)

RELU, RELU6 = Relu(), Relu(most=6.0)

Blocks = Mapping[str, tuple[Layer, ...]]


@dataclass(frozen=True)
class Trunk:
    """The convolutional part of an ImageNet network.

    Attributes:
        name: name of the network; torchvision's where torchvision has its weights.
        blocks: layers by name of the block, in the order of computing.
        published: whether torchvision has its weights.
    """

    name: str
    blocks: Blocks
    published: bool = False


def _vgg(convolutions: tuple[int, ...]) -> Iterator[tuple[str, tuple[Layer, ...]]]:
    number = 0
    for block, (count, outputs) in enumerate(
        zip(convolutions, (64, 128, 256, 512, 512), strict=True), start=1
    ):
        layers: list[Layer] = []
        for _ in range(count):
            name = f"features.{number}"
            layers += [
                Conv(outputs, 3, padding=1, beginning=HE, published=name),
                RELU,
            ]
            number += 2
        layers.append(MaxPool(2, 2))
        number += 1
        yield f"block{block}", tuple(layers)


VGG16 = Trunk("vgg16", dict(_vgg((2, 2, 3, 3, 3))), published=True)
"""Simonyan & Zisserman, arXiv:1409.1556, table 1, column D: 14,714,688 parameters."""

VGG19 = Trunk("vgg19", dict(_vgg((2, 2, 4, 4, 4))), published=True)
"""The same, column E: 20,024,384 parameters."""

KRIZHEVSKY_NORM = LocalNorm(5, 5 * 1e-4, 0.75, 2.0)
"""Krizhevsky et al. (2012), section 3.3: the sum of squares is not divided by 5."""

CAFFE_NORM = LocalNorm(5, 1e-4, 0.75, 1.0)
"""LRN of Caffe with its default k = 1; alpha is divided by 5."""


def _alexnet(norm: LocalNorm, ceil: bool, pool_first: bool) -> Blocks:
    """AlexNet: grouped convolutions, an LRN behind the first two."""
    pool = MaxPool(3, 2, ceil=ceil)
    ends = (pool, norm) if pool_first else (norm, pool)
    return {
        "conv1": (Conv(96, 11, 4, beginning=Gaussian(0.01)), RELU, *ends),
        "conv2": (_grouped(256, 5, 2), RELU, *ends),
        "conv3": (Conv(384, 3, padding=1, beginning=Gaussian(0.01)), RELU),
        "conv4": (_grouped(384, 3, 1), RELU),
        "conv5": (_grouped(256, 3, 1), RELU, pool),
    }


def _grouped(outputs: int, kernel: int, padding: int) -> Conv:
    return Conv(
        outputs, kernel, padding=padding, groups=2, beginning=Gaussian(0.01, 0.1)
    )


ALEXNET = Trunk("alexnet_2012", _alexnet(KRIZHEVSKY_NORM, ceil=True, pool_first=False))
"""Krizhevsky et al. (NIPS 2012): 2,334,080 parameters. torchvision's AlexNet is another
network ("one weird trick"), so its weights do not fit. Sides are rounded up, which
gives 6 x 6 cells of 225 px, too."""

ALEXNET_CAFFE = Trunk(
    "alexnet_caffe", _alexnet(CAFFE_NORM, ceil=True, pool_first=False)
)
"""The same with Caffe's normalisation."""

ALEXNET_KERAS = Trunk(
    "alexnet_keras", _alexnet(KRIZHEVSKY_NORM, ceil=False, pool_first=True)
)
"""The same of heuritech's convnets-keras, which pools before it normalises."""

MOBILENET_SKIPS = {1: 32, 2: 64, 4: 128, 6: 256, 12: 512}
"""Blocks of MobileNet behind whose depthwise part MILDNet's code takes a skip, with the
channels there: conv_dw_1_relu, conv_dw_2_relu and so on."""


def _mobilenet() -> Blocks:
    """The blocks, cut behind the layers of ``MOBILENET_SKIPS``."""
    blocks: dict[str, tuple[Layer, ...]] = {}
    layers: list[Layer] = list(_normed(32, 3, 2, SAME))
    strides = {2: 2, 4: 2, 6: 2, 12: 2}
    outputs = (64, 128, 128, 256, 256, *(512,) * 6, 1024, 1024)
    for number, channels in enumerate(outputs, start=1):
        layers += _normed(0, 3, strides.get(number, 1), SAME)
        if number in MOBILENET_SKIPS:
            blocks[f"dw{number}"] = tuple(layers)
            layers = []
        layers += _normed(channels, 1)
    return blocks | {"pw13": tuple(layers)}


def _normed(
    outputs: int, kernel: int, stride: int = 1, padding: Padding = 0
) -> tuple[Layer, ...]:
    conv = Conv(outputs, kernel, stride, padding, bias=False, beginning=HE)
    return conv, BatchNorm(), RELU6


MOBILENET = Trunk("mobilenet", _mobilenet())
"""Howard et al., arXiv:1704.04861, table 1, in Keras: 3,228,864 parameters with the
moving means and variances. torchvision has no weights of it."""

MOBILENET_V2_SKIPS = {
    "stage1": 16,
    "stage2": 24,
    "stage3": 32,
    "stage5": 96,
    "stage7": 320,
}
"""Groups of MobileNetV2 behind which a skip leaves, one for each size of a map, with
their channels."""

TORCH_EPS = 1e-5


def _mobilenet_v2() -> Blocks:
    """The groups of table 2, the last convolution being ``last``."""
    blocks: dict[str, tuple[Layer, ...]] = {}
    layers = list(_published(32, 3, 2, "features.0.0", "features.0.1"))
    channels, number = 32, 1
    for stage, (expansion, outputs, count, stride) in enumerate(MOBILENET_V2, start=1):
        for place in range(count):
            step = stride if place == 0 else 1
            body = _bottleneck(number, channels, outputs, expansion, step)
            keeps = step == 1 and channels == outputs
            layers += [Residual(body)] if keeps else body
            channels, number = outputs, number + 1
        blocks[f"stage{stage}"] = tuple(layers)
        layers = []
    last = f"features.{number}"
    return blocks | {"last": _published(1280, 1, 1, f"{last}.0", f"{last}.1")}


def _bottleneck(
    number: int, inputs: int, outputs: int, expansion: int, stride: int
) -> tuple[Layer, ...]:
    name = f"features.{number}.conv"
    layers: tuple[Layer, ...] = ()
    if expansion > 1:
        layers = _published(inputs * expansion, 1, 1, f"{name}.0.0", f"{name}.0.1")
    place = 1 if expansion > 1 else 0
    depthwise = _published(0, 3, stride, f"{name}.{place}.0", f"{name}.{place}.1")
    project = _published(
        outputs, 1, 1, f"{name}.{place + 1}", f"{name}.{place + 2}", activated=False
    )
    return *layers, *depthwise, *project


def _published(
    outputs: int,
    kernel: int,
    stride: int,
    conv: str,
    norm: str,
    activated: bool = True,
    beginning: Beginning = HE,
) -> tuple[Layer, ...]:
    layer = Conv(
        outputs, kernel, stride, kernel // 2, 1, False, beginning, published=conv
    )
    return layer, BatchNorm(TORCH_EPS, norm), *((RELU6,) if activated else ())


MOBILENET_V2_TRUNK = Trunk("mobilenet_v2", _mobilenet_v2(), published=True)
"""Sandler et al., arXiv:1801.04381, table 2, with its last convolution of 1280."""
