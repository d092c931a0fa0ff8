"""Trained networks from the weights in artifacts and bundles."""

from collections.abc import Mapping
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from tiefvision.encoders.weights_files import fill_module
from tiefvision.locating.heads import BoxRegressors, CropClassifier, HeadSizes
from tiefvision.ranking.deeprank import DeepRank
from tiefvision.store.artifact import Artifact

Module = TypeVar("Module", bound=nn.Module)


def build_classifier(details: Mapping[str, Any]) -> CropClassifier:
    """An untrained crop classifier of the sizes that a header gives."""
    return CropClassifier(
        details["channels"],
        details["window"],
        tuple(details["categories"]),
        HeadSizes(**details["sizes"]),
    )


def build_regressors(details: Mapping[str, Any]) -> BoxRegressors:
    """Four untrained regressors of the sizes that a header gives."""
    return BoxRegressors(
        details["channels"],
        details["window"],
        len(details["categories"]),
        HeadSizes(**details["sizes"]),
    )


def build_deeprank(details: Mapping[str, Any]) -> DeepRank:
    """An untrained DeepRank network of the size that a header gives."""
    return DeepRank(details["channels"])


def restore_module(
    module: Module,
    state: Mapping[str, Tensor],
    device: torch.device,
    where: str,
    prefix: str = "",
) -> Module:
    """A module with trained weights, ready to run.

    Args:
        module: As one of the functions above built it; it is filled in place.
        state: The weights by name.
        device: Where it is to run.
        where: What to call their source in messages.
        prefix: Before the names in that source.

    Raises:
        BadWeights: A tensor is missing or has another shape.
    """
    fill_module(module, state, where, prefix)
    return module.eval().to(device)


def read_classifier(artifact: Artifact, device: torch.device) -> CropClassifier:
    """A trained crop classifier."""
    return _read(build_classifier(artifact.header.details), artifact, device)


def read_regressors(artifact: Artifact, device: torch.device) -> BoxRegressors:
    """Four trained regressors."""
    return _read(build_regressors(artifact.header.details), artifact, device)


def read_deeprank(artifact: Artifact, device: torch.device) -> DeepRank:
    """A trained DeepRank network."""
    return _read(build_deeprank(artifact.header.details), artifact, device)


def read_weights(artifact: Artifact) -> dict[str, Tensor]:
    """The weights of the network that a stage trained, by name."""
    arrays = artifact.tensors("weights/module")
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def _read(module: Module, artifact: Artifact, device: torch.device) -> Module:
    return restore_module(module, read_weights(artifact), device, artifact.path.name)
