"""Weights of convolutions from published files, with batch normalisation folded in."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiefvision.engines.layers import Convolution, Layer, convolutions
from tiefvision.errors import BadWeights

Arrays = Mapping[str, NDArray[Any]]
"""Weights by name."""


def take_weights(
    layers: Sequence[Layer], arrays: Arrays, where: str
) -> dict[str, NDArray[np.float32]]:
    """Weights that have this project's names, checked.

    Args:
        layers: layers of the network.
        arrays: weights by name; those that the network lacks are ignored.
        where: name of their source, for messages.

    Returns:
        Weights and biases by name, float32 and contiguous.

    Raises:
        BadWeights: An array is missing or has another shape.
    """
    taken = {}
    for name, layer in convolutions(layers):
        wanted = {"weight": layer.weight_shape, "bias": (layer.outputs,)}
        for part, shape in wanted.items():
            taken[f"{name}.{part}"] = take_array(arrays, f"{name}.{part}", shape, where)
    return taken


def fold_published(
    layers: Sequence[Layer], arrays: Arrays, where: str, eps: float
) -> dict[str, NDArray[np.float32]]:
    """Weights of a published file under this project's names.

    A normalisation g (W x + b - m) / s + c becomes (g W / s) x + (b - m) g / s + c:
    mean m, standard deviation s, weight g and bias c.

    Args:
        layers: layers of the network, with published names.
        arrays: published weights by name; others are ignored.
        where: name of their source, for messages.
        eps: constant that was added to the variance in training.

    Returns:
        Weights and biases by name, float32 and contiguous.

    Raises:
        BadWeights: An array is missing or has another shape.
    """
    folded = {}
    for name, layer in convolutions(layers):
        weight = take_array(
            arrays, f"{layer.published}.weight", layer.weight_shape, where
        )
        bias = _published_bias(layer, arrays, where)
        if layer.norm:
            scale, mean, shift = _normalisation(layer, arrays, where, eps)
            weight = weight * scale[:, None, None, None]
            bias = (bias - mean) * scale + shift
        folded[f"{name}.weight"] = np.ascontiguousarray(weight, dtype=np.float32)
        folded[f"{name}.bias"] = bias.astype(np.float32)
    return folded


def _published_bias(
    layer: Convolution, arrays: Arrays, where: str
) -> NDArray[np.float32]:
    name = f"{layer.published}.bias"
    if layer.norm and name not in arrays:
        return np.zeros(layer.outputs, dtype=np.float32)
    return take_array(arrays, name, (layer.outputs,), where)


def _normalisation(
    layer: Convolution, arrays: Arrays, where: str, eps: float
) -> tuple[NDArray[np.float32], ...]:
    """Factor, mean and shift of the batch normalisation behind a convolution."""
    gain, shift, mean, variance = (
        take_array(arrays, f"{layer.norm}.{part}", (layer.outputs,), where)
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    return gain / np.sqrt(variance + np.float32(eps)), mean, shift


def take_array(
    arrays: Arrays, name: str, shape: tuple[int, ...], where: str, prefix: str = ""
) -> NDArray[np.float32]:
    """An array of weights as ``find_array`` finds it, float32 and contiguous."""
    array = find_array(arrays, name, shape, where, prefix)
    # A number without an axis would gain one.
    return np.ascontiguousarray(array, dtype=np.float32).reshape(shape)


def find_array(
    arrays: Arrays, name: str, shape: tuple[int, ...], where: str, prefix: str = ""
) -> NDArray[Any]:
    """An array of weights, checked.

    Args:
        arrays: weights by name.
        name: name of the array.
        shape: expected shape.
        where: name of their source, for messages.
        prefix: prefix of the names in that source, for messages.

    Raises:
        BadWeights: The array is missing or has another shape.
    """
    if name not in arrays:
        raise BadWeights(
            f"{where} lacks {prefix}{name}: it holds another architecture."
        )
    array = arrays[name]
    if array.shape != shape:
        raise BadWeights(
            f"{where}: {prefix}{name} is {tuple(array.shape)}, expected {shape}: it "
            "holds another architecture."
        )
    return array
