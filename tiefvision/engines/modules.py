"""Networks as torch modules, for training and for GPUs; their weights as arrays."""

from collections.abc import Sequence
from typing import Any, TypeVar

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from tiefvision.engines.folding import Arrays, find_array
from tiefvision.engines.layers import (
    Activation,
    Branches,
    Convolution,
    Layer,
    MaxPool,
    Residual,
)

Module = TypeVar("Module", bound=nn.Module)


def build_modules(layers: Sequence[Layer]) -> nn.Sequential:
    """Build a network with untrained weights.

    Its state dictionary has the names that ``layers.convolutions`` gives.
    """
    return nn.Sequential(*map(_module, layers))


def trained_modules(
    layers: Sequence[Layer], weights: Arrays, where: str
) -> nn.Sequential:
    """Build a network with trained weights.

    Args:
        layers: layers of the network.
        weights: weights and biases by name; others are ignored.
        where: name of their source, for messages.

    Raises:
        BadWeights: An array is missing or has another shape.
    """
    network = build_modules(layers)
    fill_module(network, weights, where)
    return network


class UnevenConvolution(nn.Conv2d):
    """A convolution with other padding before a map than behind it."""

    def __init__(self, layer: Convolution) -> None:
        super().__init__(
            layer.inputs,
            layer.outputs,
            layer.kernel,
            layer.stride,
            dilation=layer.dilation,
            groups=layer.groups,
        )
        self.around = (*layer.padding, *layer.padding)

    def forward(self, input: Tensor) -> Tensor:
        """Convolve (B, inputs, h, w)."""
        padded = functional.pad(input, self.around)
        convolved: Tensor = nn.Conv2d.forward(self, padded)
        return convolved


class Added(nn.Sequential):
    """Layers whose result is added to what they read."""

    def forward(self, input: Tensor) -> Tensor:
        """Map (B, C, h, w) to the same shape."""
        result: Tensor = nn.Sequential.forward(self, input)  # type: ignore[no-untyped-call]
        return input + result


class Joined(nn.ModuleList):
    """Branches that read the same map; their channels are concatenated."""

    def forward(self, maps: Tensor) -> Tensor:
        """Map (B, C, h, w) to (B, D, h', w')."""
        return torch.cat([branch(maps) for branch in self], dim=1)


def _module(layer: Layer) -> nn.Module:
    match layer:
        case Convolution():
            return _convolution(layer)
        case Activation(kind):
            return nn.ReLU6() if kind == "relu6" else nn.ReLU()
        case MaxPool(kernel, stride, ceil):
            return nn.MaxPool2d(kernel, stride, ceil_mode=ceil)
        case Residual(body):
            return Added(*map(_module, body))
        case Branches(bodies):
            return Joined(build_modules(body) for body in bodies)


def _convolution(layer: Convolution) -> nn.Conv2d:
    before, behind = layer.padding
    if before != behind:
        return UnevenConvolution(layer)
    return nn.Conv2d(
        layer.inputs,
        layer.outputs,
        layer.kernel,
        layer.stride,
        before,
        layer.dilation,
        layer.groups,
    )


def arrays_of(module: nn.Module) -> dict[str, NDArray[Any]]:
    """The weights of a module by name, on the CPU."""
    return {
        name: tensor.detach().cpu().numpy()
        for name, tensor in module.state_dict().items()
    }


def fill_module(module: nn.Module, state: Arrays, where: str, prefix: str = "") -> None:
    """Load weights into a module, in place; they are converted to its precision.

    Args:
        module: module with any weights.
        state: weights by name; arrays that the module lacks are ignored.
        where: name of their source, for messages.
        prefix: prefix of the names in that source, for messages.

    Raises:
        BadWeights: An array is missing or has another shape.
    """
    found = {}
    for name, tensor in module.state_dict().items():
        # Some exporters drop this counter, which only training reads.
        optional = name.endswith("num_batches_tracked")
        if optional and name not in state:
            found[name] = tensor
            continue
        value = find_array(state, name, tuple(tensor.shape), where, prefix)
        # A copy, since an array may be a read-only view of a file.
        found[name] = torch.tensor(value).to(tensor.dtype)
    module.load_state_dict(found)


def restore_module(
    module: Module,
    state: Arrays,
    device: torch.device,
    where: str,
    prefix: str = "",
) -> Module:
    """Load weights into a module, in evaluation mode and on a device.

    Args:
        module: module with any weights, filled in place.
        state: weights by name; arrays that the module lacks are ignored.
        device: device of the module.
        where: name of their source, for messages.
        prefix: prefix of the names in that source, for messages.

    Raises:
        BadWeights: An array is missing or has another shape.
    """
    fill_module(module, state, where, prefix)
    return module.eval().to(device)
