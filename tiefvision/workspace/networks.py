"""Weights of trained networks in artifacts: "weights/module", float32 by name."""

from typing import Any, TypeVar

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tiefvision.encoders.weights_files import restore_module
from tiefvision.store.artifact import Artifact
from tiefvision.workspace.named_weights import KEY

Module = TypeVar("Module", bound=nn.Module)


def network_tensors(
    module: nn.Module, key: str = KEY
) -> dict[str, dict[str, NDArray[Any]]]:
    """The tensors that an artifact stores for a network, by key; {} without weights."""
    state = module.state_dict().items()
    weights = {name: tensor.detach().cpu().numpy() for name, tensor in state}
    return {key: weights} if weights else {}


def read_weights(artifact: Artifact, key: str = KEY) -> dict[str, Tensor]:
    """The weights of the network in an artifact, by name; {} if it has none."""
    if not artifact.has(key):
        return {}
    arrays = artifact.tensors(key)
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def read_module(module: Module, artifact: Artifact, device: torch.device) -> Module:
    """Restore the weights of a network from an artifact.

    Args:
        module: network with any weights, filled in place.
        artifact: artifact of the stage that trained the network.
        device: device of the network.

    Raises:
        BadWeights: A tensor is missing or has another shape.
    """
    return restore_module(module, read_weights(artifact), device, artifact.path.name)
