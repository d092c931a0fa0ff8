"""Weights of trained networks in artifacts: "weights/module", float32 by name."""

from typing import TYPE_CHECKING, Any, TypeVar

from numpy.typing import NDArray

from tiefvision.engines.folding import Arrays
from tiefvision.store.artifact import Artifact

if TYPE_CHECKING:  # reading weights must not import torch, which takes seconds
    import torch
    from torch import nn

Module = TypeVar("Module", bound="nn.Module")

KEY = "weights/module"

LABELS = "weights/labels"
"""Key of the label layer in the artifact of stage 5."""


def weight_tensors(
    weights: Arrays, key: str = KEY
) -> dict[str, dict[str, NDArray[Any]]]:
    """What an artifact stores for weights by name, by key; {} without weights."""
    return {key: dict(weights)} if weights else {}


def network_tensors(
    module: "nn.Module", key: str = KEY
) -> dict[str, dict[str, NDArray[Any]]]:
    """What an artifact stores for a network, by key; {} without weights."""
    from tiefvision.engines.modules import arrays_of

    return weight_tensors(arrays_of(module), key)


def read_weights(artifact: Artifact, key: str = KEY) -> dict[str, NDArray[Any]]:
    """The weights of the network in an artifact, by name; {} if it has none."""
    return dict(artifact.tensors(key)) if artifact.has(key) else {}


def read_module(module: Module, artifact: Artifact, device: "torch.device") -> Module:
    """Restore the weights of a network from an artifact.

    Args:
        module: network with any weights, filled in place.
        artifact: artifact of the stage that trained the network.
        device: device of the network.

    Raises:
        BadWeights: An array is missing or has another shape.
    """
    from tiefvision.engines.modules import restore_module

    return restore_module(module, read_weights(artifact), device, artifact.path.name)
