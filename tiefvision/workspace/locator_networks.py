"""The networks of the locator, read from the artifacts of stages 3 and 4."""

import torch

from tiefvision.locating.building import build_classifier, build_regressors
from tiefvision.locating.heads import BoxRegressors, CropClassifier
from tiefvision.store.artifact import Artifact
from tiefvision.workspace.networks import read_module


def read_classifier(artifact: Artifact, device: torch.device) -> CropClassifier:
    """The crop classifier that stage 3 trained."""
    return read_module(build_classifier(artifact.header.details), artifact, device)


def read_regressors(artifact: Artifact, device: torch.device) -> BoxRegressors:
    """The four box regressors that stage 4 trained."""
    return read_module(build_regressors(artifact.header.details), artifact, device)
