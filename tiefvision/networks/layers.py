"""The layers of the literature's networks as data, with their shapes and their sizes.

A layer says what it makes; what it reads follows from the layer before it, so a network
reads like the table of its paper. ``engines/layers.py`` describes encoders for every
engine; the layers here are trained, so they have normalisation, dropout and beginnings.
Nothing here imports torch: ``building.py`` makes modules of them.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tiefvision.engines.layers import cells_along

Shape = tuple[int, ...]
"""Channels, height and width of a map, or the length of a vector."""

SAME: Literal["same"] = "same"
"""Padding of TensorFlow: ceil(size / stride) cells; an odd cell goes behind the map."""

Padding = int | Literal["same"]
"""Cells on each side of a map, or ``SAME``."""

GLOROT: Literal["glorot"] = "glorot"
"""Uniform weights after Glorot & Bengio (2010), biases of 0: the default of Keras."""

HE: Literal["he"] = "he"
"""Normal weights of variance 2 / inputs (arXiv:1502.01852, eq. 10), biases of 0."""


@dataclass(frozen=True)
class Gaussian:
    """The beginning that Caffe's files give: normal weights and a constant bias.

    Attributes:
        spread: standard deviation of the weights.
        bias: value of every bias.
    """

    spread: float
    bias: float = 0.0


Beginning = Literal["glorot", "he"] | Gaussian
"""How the weights of a layer are drawn before training."""


@dataclass(frozen=True)
class Conv:
    """A convolution.

    Attributes:
        outputs: channels of its result; 0 keeps those of its input, with a group for
            each (depthwise).
        kernel: side of the kernel in cells.
        stride: cells from one position of the kernel to the next.
        padding: zeros around the map.
        groups: groups of channels that do not mix.
        bias: whether it has a bias.
        beginning: how its weights are drawn.
        published: name of the layer in torchvision's file; "" if there is none.
    """

    outputs: int
    kernel: int
    stride: int = 1
    padding: Padding = 0
    groups: int = 1
    bias: bool = True
    beginning: Beginning = GLOROT
    published: str = ""


@dataclass(frozen=True)
class Dense:
    """A fully connected layer over a vector.

    Attributes:
        outputs: length of its result.
        beginning: how its weights are drawn.
        published: name of the layer in torchvision's file; "" if there is none.
    """

    outputs: int
    beginning: Beginning = GLOROT
    published: str = ""


@dataclass(frozen=True)
class BatchNorm:
    """Batch normalisation: gain, shift, moving mean and moving variance of a channel.

    Attributes:
        eps: constant beside the variance; 1e-3 in Keras.
        published: name of the layer in torchvision's file; "" if there is none.
    """

    eps: float = 1e-3
    published: str = ""


@dataclass(frozen=True)
class Relu:
    """max(x, 0), which ``most`` limits if it is above 0."""

    most: float = 0.0


@dataclass(frozen=True)
class Squash:
    """tanh, or the logistic function."""

    kind: Literal["tanh", "sigmoid"]


@dataclass(frozen=True)
class Dropout:
    """Each number is 0 with probability ``rate`` while the network is trained."""

    rate: float


@dataclass(frozen=True)
class MaxPool:
    """The maximum over squares of cells.

    Attributes:
        kernel: side of a square.
        stride: cells from one square to the next.
        padding: cells around the map, which are never the maximum.
        ceil: whether an incomplete square at the right or the bottom counts, as in
            Caffe; a square that begins in the padding behind the map does not.
    """

    kernel: int
    stride: int
    padding: Padding = 0
    ceil: bool = False


@dataclass(frozen=True)
class Subsample:
    """Every ``step``-th pixel, from the first."""

    step: int


@dataclass(frozen=True)
class Zeros:
    """``width`` zeros on each side of a map; a maximum may be one of them."""

    width: int


@dataclass(frozen=True)
class LocalNorm:
    """Local response normalisation: x / (k + alpha / size * sum of x^2)^beta.

    The sum goes over ``size`` channels around one (Krizhevsky et al. 2012, section
    3.3, who write alpha for what is alpha / size here).
    """

    size: int
    alpha: float
    beta: float
    k: float


@dataclass(frozen=True)
class Flatten:
    """A map as one vector, channel by channel."""


@dataclass(frozen=True)
class Mean:
    """The mean of each channel (global average pooling)."""


@dataclass(frozen=True)
class Unit:
    """Unit length: of a vector, or of each cell of a map over its channels."""


@dataclass(frozen=True)
class Shrink:
    """x / sqrt(1 + |x|^2), the length of which stays below 1.

    It is how VisNet's Caffe files write a normalisation: an LRN over 8191 channels with
    alpha = 8191, beta = 0.5 and k = 1.
    """


@dataclass(frozen=True)
class Residual:
    """Layers whose result is added to what they read."""

    body: "tuple[Layer, ...]"


Layer = (
    Conv
    | Dense
    | BatchNorm
    | Relu
    | Squash
    | Dropout
    | MaxPool
    | Subsample
    | Zeros
    | LocalNorm
    | Flatten
    | Mean
    | Unit
    | Shrink
    | Residual
)


def scaled(layer: Layer, width: float) -> Layer:
    """The layer with ``width`` times its channels, at least one.

    Channels of maps stay even, since AlexNet's convolutions have two groups.
    """
    match layer:
        case Conv(outputs) if outputs:
            return replace(layer, outputs=2 * max(1, round(outputs * width / 2)))
        case Dense(outputs):
            return replace(layer, outputs=max(1, round(outputs * width)))
        case Residual(body):
            return Residual(tuple(scaled(one, width) for one in body))
    return layer


def padding_of(layer: Conv | MaxPool, size: int) -> tuple[int, int]:
    """Cells before and behind a map of ``size`` cells."""
    if layer.padding != SAME:
        return layer.padding, layer.padding
    cells = math.ceil(size / layer.stride)
    total = max((cells - 1) * layer.stride + layer.kernel - size, 0)
    return total // 2, total - total // 2


def output_of(layer: Layer, shape: Shape) -> Shape:
    """The shape that a layer makes of a shape."""
    match layer:
        case Conv():
            outputs = layer.outputs or shape[0]
            return outputs, *(_cells(layer, size) for size in shape[1:])
        case MaxPool():
            return shape[0], *(_cells(layer, size) for size in shape[1:])
        case Dense(outputs):
            return (outputs,)
        case Subsample(step):
            return shape[0], *(math.ceil(size / step) for size in shape[1:])
        case Zeros(width):
            return shape[0], *(size + 2 * width for size in shape[1:])
        case Flatten():
            return (math.prod(shape),)
        case Mean():
            return (shape[0],)
    return shape


def _cells(layer: Conv | MaxPool, size: int) -> int:
    padding = padding_of(layer, size)
    if isinstance(layer, Conv) or not layer.ceil:
        return cells_along(size, layer.kernel, layer.stride, padding)
    cells = cells_along(size + layer.stride - 1, layer.kernel, layer.stride, padding)
    starts_behind = (cells - 1) * layer.stride >= size + padding[0]
    return cells - starts_behind


def arrays_of_layer(layer: Layer, shape: Shape) -> dict[str, Shape]:
    """The shapes of a layer's arrays by name, for what it reads."""
    match layer:
        case Conv(outputs, kernel):
            groups = layer.groups if outputs else shape[0]
            outputs = outputs or shape[0]
            weight = {"weight": (outputs, shape[0] // groups, kernel, kernel)}
            return weight | ({"bias": (outputs,)} if layer.bias else {})
        case Dense(outputs):
            return {"weight": (outputs, shape[0]), "bias": (outputs,)}
        case BatchNorm():
            names = ("weight", "bias", *MOVING)
            return dict.fromkeys(names, (shape[0],))
    return {}


MOVING = ("running_mean", "running_var")
"""Arrays of a normalisation that no gradient changes; Keras counts them as parameters
that are not trainable."""


def multiply_adds_of(layer: Layer, shape: Shape) -> int:
    """Multiplications, each with an addition, of a layer without its bias.

    Padding counts as if it were multiplied. Normalisations, activations and pooling do
    not count, as in the counts of MobileNet (arXiv:1704.04861, section 3.2).
    """
    if not isinstance(layer, Conv | Dense):
        return 0
    weight = arrays_of_layer(layer, shape)["weight"]
    return math.prod(weight) * math.prod(output_of(layer, shape)[1:])


@dataclass(frozen=True)
class Step:
    """A layer at its place in a network.

    Attributes:
        name: name of the layer, such as "deep.block1.0".
        layer: the layer, with as many channels as it has there.
        reads: shape that it reads.
    """

    name: str
    layer: Layer
    reads: Shape

    @property
    def arrays(self) -> Mapping[str, Shape]:
        """Shapes of its arrays by their names in the network."""
        arrays = arrays_of_layer(self.layer, self.reads)
        return {f"{self.name}.{part}": shape for part, shape in arrays.items()}


def walk(
    layers: Sequence[Layer], shape: Shape, prefix: str, visit: Callable[[Step], None]
) -> Shape:
    """Visit every layer in the order of computing, those of residuals among them.

    Args:
        layers: layers, one after the other.
        shape: shape that the first one reads.
        prefix: start of their names, such as "head.".
        visit: function that is called for every layer.

    Returns:
        The shape that the last one makes.
    """
    for number, layer in enumerate(layers):
        name = f"{prefix}{number}"
        visit(Step(name, layer, shape))
        if isinstance(layer, Residual):
            walk(layer.body, shape, f"{name}.", visit)
        shape = output_of(layer, shape)
    return shape
