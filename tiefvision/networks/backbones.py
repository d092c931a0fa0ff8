"""The weights from which a trunk starts: ImageNet's, a file's, or random ones."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from tiefvision.encoders.preprocessing import IMAGENET
from tiefvision.encoders.published_files import published_state
from tiefvision.encoders.weights_files import read_weights_file
from tiefvision.engines.folding import Arrays, take_array
from tiefvision.errors import BadUsage, BadWeights
from tiefvision.networks.building import ImageNetwork
from tiefvision.networks.layers import Conv, Dense, Step, arrays_of_layer
from tiefvision.networks.published import Published, plan_of

IMAGENET_WEIGHTS, RANDOM = "imagenet", "random"

FIX = "Use --backbone random, or --backbone FILE.safetensors."


def start_backbone(network: ImageNetwork, source: str) -> str:
    """Load the weights from which the trunk of a network starts, in place.

    Files with torchvision's names are meant for RGB less ImageNet's mean, divided by
    its standard deviation. Networks that read other pixels, as published, get the first
    convolution that makes the same of these. VisNet's VGG16 takes its two fully
    connected layers as well, if the file has them.

    Args:
        network: built network.
        source: "imagenet" (torchvision's weights, downloaded by torchvision unless they
            are there), "random" (those of ``build_network``), or the path of a
            safetensors file with torchvision's names or with those of this network
            ("deep.block1.0.weight").

    Returns:
        Name of the weights, for headers and messages.

    Raises:
        BadUsage: Nobody publishes such weights, or the network is not as wide.
        BadWeights: The weights cannot be loaded or have another architecture.
    """
    if source == RANDOM:
        return RANDOM
    arrays, label = _arrays(network, source)
    steps = plan_of(network.published, network.width).steps
    loaded = dict(_own(steps, arrays, label))
    if not loaded:
        loaded = dict(_torchvision(network.published, steps, arrays, label))
    tensors = {name: torch.from_numpy(array) for name, array in loaded.items()}
    network.load_state_dict(tensors, strict=False)
    return label


def _arrays(network: ImageNetwork, source: str) -> tuple[Arrays, str]:
    """Arrays by name, and the name of the weights."""
    if source != IMAGENET_WEIGHTS:
        file = read_weights_file(Path(source))
        return file.arrays, file.name
    trunk, name = network.published.trunk, network.published.name
    if not trunk.published:
        raise BadUsage(
            f"torchvision has no ImageNet weights of the trunk of {name}.", FIX
        )
    if network.width != 1:
        raise BadUsage(
            f"ImageNet's weights do not fit {name} of width {network.width:g}.",
            f"{FIX[:-1]}, or --width 1.",
        )
    try:
        return published_state(trunk.name)
    except BadWeights as error:
        raise BadWeights(error.message, FIX) from error


def _own(
    steps: tuple[Step, ...], arrays: Arrays, where: str
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """The trunk's arrays, if the file has the names of this network."""
    wanted = {
        name: shape
        for step in steps
        if step.name.startswith("deep.")
        for name, shape in step.arrays.items()
    }
    if next(iter(wanted)) in arrays:
        for name, shape in wanted.items():
            yield name, take_array(arrays, name, shape, where)


def _torchvision(
    published: Published, steps: tuple[Step, ...], arrays: Arrays, where: str
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """The arrays that the file has under torchvision's names."""
    if not published.trunk.published:
        raise BadWeights(
            f"{where} lacks {next(iter(steps[0].arrays))}: it holds another "
            "architecture."
        )
    first = True
    for step in steps:
        theirs = getattr(step.layer, "published", "")
        shapes = arrays_of_layer(step.layer, step.reads)
        if isinstance(step.layer, Dense) and f"{theirs}.weight" not in arrays:
            continue  # the file of a trunk alone
        if not theirs:
            continue
        taken: Arrays = {
            part: take_array(arrays, f"{theirs}.{part}", shape, where)
            for part, shape in shapes.items()
        }
        if first and isinstance(step.layer, Conv):
            taken = _for_pixels(published, taken)
        first = False
        for part, array in taken.items():
            yield f"{step.name}.{part}", array


def _for_pixels(published: Published, first: Arrays) -> Arrays:
    """A first convolution over normalised RGB, as one over what the network reads.

    W ((x - m) / s) + b is (W / s) x + b - sum of W m / s. At the border of an image its
    padding stands for black then, and not for the mean colour.

    Args:
        published: network.
        first: weight (D, 3, k, k) and bias (D,).
    """
    if published.reads == "imagenet":
        return first
    mean = np.asarray(IMAGENET.mean, dtype=np.float32) / 255
    spread = np.asarray(IMAGENET.spread, dtype=np.float32) / 255
    weight = first["weight"] / spread[:, None, None]
    bias = first["bias"] - (weight * mean[:, None, None]).sum((1, 2, 3))
    if published.reads == "caffe":
        weight = np.ascontiguousarray(weight[:, ::-1]) / np.float32(255)
    return {"weight": weight, "bias": bias}
