"""Trained networks from the weights in artifacts and bundles."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from tiefvision.encoders.weights_files import fill_module
from tiefvision.locating.heads import BoxRegressors, CropClassifier, HeadSizes
from tiefvision.ranking.deeprank import (
    ColourRank,
    DeeperRank,
    DeepRank,
    RankNetwork,
)
from tiefvision.ranking.garments import GarmentsOf
from tiefvision.ranking.views import embed_views
from tiefvision.ranking.whitening import fit_whitening
from tiefvision.records import View
from tiefvision.store.artifact import Artifact

Module = TypeVar("Module", bound=nn.Module)

CELLS_STRENGTH, COLOURS_STRENGTH = 0.5, 0.3
"""Of the whitening that ``ColourRank`` starts from: see docs/experiments/0006."""

MOST_VIEWS = 4000
"""Views that it is learnt from at most: 66 MB of AlexNet's features and of colours.
Five views of 50,000 photographs would be 4 GB; 16 views for each number will do."""


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


CELLS, DEEP, COLOUR = "cells", "deep", "colour"
NETWORKS = (CELLS, DEEP, COLOUR)
"""Of DeepRank: one layer over the cells, two, or a branch of colours beside them."""


def build_deeprank(details: Mapping[str, Any]) -> RankNetwork:
    """An untrained DeepRank network of the kind and size that a header gives."""
    # Files of earlier releases hold the one kind that there was.
    network, channels = details.get("network", CELLS), details["channels"]
    if network == COLOUR:
        return ColourRank(channels, details["colours"], details["size"])
    return DeeperRank(channels) if network == DEEP else DeepRank(channels)


def start_deeprank(
    details: Mapping[str, Any],
    views: Sequence[View],
    garments_of: GarmentsOf,
    device: torch.device,
) -> RankNetwork:
    """A DeepRank network before training, where it is trained.

    Args:
        details: As for ``build_deeprank``.
        views: Of training photographs. ``ColourRank`` is whitened by them, or by
            ``MOST_VIEWS`` drawn among them, always the same ones.
        garments_of: Reads them.
        device: Where it runs.

    Raises:
        BadDataset: Not two of the views differ.
    """
    network = build_deeprank(details).to(device)
    if isinstance(network, ColourRank):
        views = _at_most(views, MOST_VIEWS)
        cells = embed_views(views, garments_of, lambda it: network.regions(it.maps))
        colours = embed_views(views, garments_of, lambda it: it.colours)
        half = details["size"] // 2
        network.start_from(
            fit_whitening(cells, half, CELLS_STRENGTH),
            fit_whitening(colours, details["size"] - half, COLOURS_STRENGTH),
        )
    return network


def _at_most(views: Sequence[View], most: int) -> Sequence[View]:
    if len(views) <= most:
        return views
    # Drawn: every n-th could fall on the same view of each photograph, every time.
    chosen = np.random.default_rng(0).choice(len(views), most, replace=False)
    return [views[number] for number in sorted(chosen)]


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


def read_deeprank(artifact: Artifact, device: torch.device) -> RankNetwork:
    """A trained DeepRank network."""
    return _read(build_deeprank(artifact.header.details), artifact, device)


def read_weights(artifact: Artifact) -> dict[str, Tensor]:
    """The weights of the network that a stage trained, by name."""
    arrays = artifact.tensors("weights/module")
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def _read(module: Module, artifact: Artifact, device: torch.device) -> Module:
    return restore_module(module, read_weights(artifact), device, artifact.path.name)
