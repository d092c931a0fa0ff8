"""Trained networks, and the encoder, from the weights in artifacts."""

from typing import TypeVar

import torch
from torch import nn

from tiefvision.encoders.dense import DenseEncoder, restore_encoder
from tiefvision.locating.heads import BoxRegressors, CropClassifier, HeadSizes
from tiefvision.ranking.deeprank import DeepRank
from tiefvision.store.artifact import Artifact

Module = TypeVar("Module", bound=nn.Module)


def read_encoder(features: Artifact, device: torch.device) -> DenseEncoder:
    """The encoder that made the maps of an artifact, from the weights beside them."""
    arrays = features.tensors("weights/encoder")
    state = {name: torch.from_numpy(array) for name, array in arrays.items()}
    assert features.header.encoder is not None
    return restore_encoder(features.header.encoder, state).to(device)


def read_classifier(artifact: Artifact, device: torch.device) -> CropClassifier:
    """A trained crop classifier."""
    details = artifact.header.details
    classifier = CropClassifier(
        details["channels"],
        details["window"],
        tuple(details["categories"]),
        HeadSizes(**details["sizes"]),
    )
    return _restored(classifier, artifact, device)


def read_regressors(artifact: Artifact, device: torch.device) -> BoxRegressors:
    """Four trained regressors."""
    details = artifact.header.details
    regressors = BoxRegressors(
        details["channels"], details["window"], HeadSizes(**details["sizes"])
    )
    return _restored(regressors, artifact, device)


def read_deeprank(artifact: Artifact, device: torch.device) -> DeepRank:
    """A trained DeepRank network."""
    return _restored(DeepRank(artifact.header.details["channels"]), artifact, device)


def _restored(module: Module, artifact: Artifact, device: torch.device) -> Module:
    arrays = artifact.tensors("weights/module")
    module.load_state_dict(
        {name: torch.from_numpy(array) for name, array in arrays.items()}
    )
    return module.eval().to(device)
