"""DeepRank's networks: built from a header, and as they start before training."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

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

CELLS_STRENGTH, COLOURS_STRENGTH = 0.5, 0.3
"""Strengths of the whitening from which both branches of ``ColourRank`` start; see
docs/experiments/0006."""

MOST_VIEWS = 4000
"""Views from which that whitening is learnt at most: 66 MB of AlexNet's features and of
colours. Five views of 50,000 photographs would be 4 GB; 16 views for each number of an
embedding are enough."""

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
