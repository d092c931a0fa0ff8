"""The layers of a convolutional network as data, which every engine reads.

A network is a sequence of layers. Its convolutions have a bias and no normalisation:
batch normalisation is affine once a network is trained, and is folded into the
convolution before it when weights are loaded (``folding.py``).

The name of a convolution is its position: "3" is the fourth layer, "5.2" the third
layer of the block that is the sixth. Its weights are "5.2.weight" and "5.2.bias", as
``torch.nn.Sequential`` would name them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

Padding = tuple[int, int]
"""Zeros before and after a map, on both axes: left and right, above and below."""


@dataclass(frozen=True)
class Convolution:
    """A convolution with a square kernel and a bias.

    Attributes:
        inputs: channels of the map that it reads.
        outputs: channels of its result.
        kernel: side of the kernel in cells.
        stride: cells from one position of the kernel to the next, on both axes.
        padding: zeros before and after the map, on both axes.
        dilation: cells from one number of the kernel to the next, on both axes.
        groups: number of groups of channels that do not mix.
        published: name of the layer in published files of weights; "" if there are
            none.
        norm: name of the batch normalisation behind it in these files; "" if none.
    """

    inputs: int
    outputs: int
    kernel: int
    stride: int = 1
    padding: Padding = (0, 0)
    dilation: int = 1
    groups: int = 1
    published: str = ""
    norm: str = ""

    @property
    def weight_shape(self) -> tuple[int, int, int, int]:
        """Shape of the weights: (outputs, inputs of a group, kernel, kernel)."""
        return self.outputs, self.inputs // self.groups, self.kernel, self.kernel


@dataclass(frozen=True)
class Activation:
    """An activation of every number.

    Attributes:
        kind: "relu", max(x, 0), or "relu6", which is also limited to 6.
    """

    kind: Literal["relu", "relu6"] = "relu"


@dataclass(frozen=True)
class MaxPool:
    """The maximum over squares of cells.

    Attributes:
        kernel: side of a square in cells.
        stride: cells from one square to the next, on both axes.
        ceil: whether an incomplete square at the right or the bottom counts.
    """

    kernel: int
    stride: int
    ceil: bool = False


@dataclass(frozen=True)
class Residual:
    """Layers whose result is added to what they read.

    Attributes:
        body: layers that keep channels and size of a map.
    """

    body: "tuple[Layer, ...]"


@dataclass(frozen=True)
class Branches:
    """Sequences of layers that read the same map; their channels are concatenated.

    Attributes:
        bodies: layers of each branch.
    """

    bodies: "tuple[tuple[Layer, ...], ...]"


Layer = Convolution | Activation | MaxPool | Residual | Branches

Value = TypeVar("Value")


class Operations(Protocol[Value]):
    """What the layers do to a value: a tensor, a node of a graph, or only a shape."""

    def convolve(self, name: str, layer: Convolution, value: Value) -> Value:
        """Convolve a map; the name is that of the layer."""

    def activate(self, layer: Activation, value: Value) -> Value:
        """Activate every number of a map."""

    def pool(self, layer: MaxPool, value: Value) -> Value:
        """Take maxima of a map."""

    def add(self, first: Value, second: Value) -> Value:
        """Add two maps of one shape."""

    def join(self, values: Sequence[Value]) -> Value:
        """Concatenate the channels of maps of one size."""


def run_layers(
    layers: Sequence[Layer],
    value: Value,
    operations: Operations[Value],
    prefix: str = "",
) -> Value:
    """Send a value through layers, one after the other.

    Args:
        layers: layers of the network.
        value: what the first layer reads.
        operations: implementation of the layers.
        prefix: start of the names of these layers, such as "5.".
    """
    for number, layer in enumerate(layers):
        name = f"{prefix}{number}"
        match layer:
            case Convolution():
                value = operations.convolve(name, layer, value)
            case Activation():
                value = operations.activate(layer, value)
            case MaxPool():
                value = operations.pool(layer, value)
            case Residual(body):
                result = run_layers(body, value, operations, f"{name}.")
                value = operations.add(value, result)
            case Branches(bodies):
                value = operations.join(
                    [
                        run_layers(body, value, operations, f"{name}.{branch}.")
                        for branch, body in enumerate(bodies)
                    ]
                )
    return value


def convolutions(
    layers: Sequence[Layer], prefix: str = ""
) -> Iterator[tuple[str, Convolution]]:
    """The convolutions of a network with their names, in the order of the layers."""
    for number, layer in enumerate(layers):
        name = f"{prefix}{number}"
        match layer:
            case Convolution():
                yield name, layer
            case Residual(body):
                yield from convolutions(body, f"{name}.")
            case Branches(bodies):
                for branch, body in enumerate(bodies):
                    yield from convolutions(body, f"{name}.{branch}.")


def count_parameters(layers: Sequence[Layer]) -> int:
    """Number of weights and biases of all convolutions."""
    total = 0
    for _, layer in convolutions(layers):
        outputs, inputs, height, width = layer.weight_shape
        total += outputs * (inputs * height * width + 1)
    return total


def cells_along(
    size: int, kernel: int, stride: int, padding: Padding = (0, 0), dilation: int = 1
) -> int:
    """Cells of a result along an axis on which the map has ``size`` cells."""
    reach = dilation * (kernel - 1) + 1
    return (size + sum(padding) - reach) // stride + 1


Shape = tuple[int, int, int]
"""Channels, height and width of a map."""


class _Shapes:
    """Operations on shapes alone, which count what the convolutions multiply."""

    def __init__(self) -> None:
        self.multiplications = 0

    def convolve(self, name: str, layer: Convolution, value: Shape) -> Shape:
        _, *size = value
        height, width = (
            cells_along(side, layer.kernel, layer.stride, layer.padding, layer.dilation)
            for side in size
        )
        outputs, inputs, *kernel = layer.weight_shape
        cells = height * width
        self.multiplications += outputs * inputs * kernel[0] * kernel[1] * cells
        return outputs, height, width

    def activate(self, layer: Activation, value: Shape) -> Shape:
        return value

    def pool(self, layer: MaxPool, value: Shape) -> Shape:
        channels, *size = value
        height, width = (_squares_along(side, layer) for side in size)
        return channels, height, width

    def add(self, first: Shape, second: Shape) -> Shape:
        return first

    def join(self, values: Sequence[Shape]) -> Shape:
        return sum(channels for channels, *_ in values), *values[0][1:]


def _squares_along(size: int, layer: MaxPool) -> int:
    extra = layer.stride - 1 if layer.ceil else 0
    return cells_along(size + extra, layer.kernel, layer.stride)


def output_shape(layers: Sequence[Layer], shape: Shape) -> Shape:
    """Channels, height and width of the result for a map of ``shape``."""
    return run_layers(layers, shape, _Shapes())


def count_operations(layers: Sequence[Layer], shape: Shape) -> int:
    """Multiplications and additions of the convolutions for a map of ``shape``.

    Padding counts as if it were multiplied; pooling and activations do not count. Rates
    are therefore comparable with those of a matrix product.
    """
    counted = _Shapes()
    run_layers(layers, shape, counted)
    return 2 * counted.multiplications
