"""Building DeepRank's networks from a header, and their weights before training."""

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
"""Most views from which that whitening is learnt: 66 MB of AlexNet's features and of
colours. Five views of 50,000 photographs would be 4 GB, and 16 views for each number of
an embedding are enough."""

CELLS, DEEP, COLOUR = "cells", "deep", "colour"
NETWORKS = (CELLS, DEEP, COLOUR)
"""Networks of DeepRank: one layer over the cells, two layers, or a branch of cells and
one of colours."""


def build_deeprank(details: Mapping[str, Any]) -> RankNetwork:
    """An untrained DeepRank network, built from the details of a header.

    Args:
        details: "network" (one of ``NETWORKS``) and "channels"; for ``COLOUR`` also
            "colours" and "size", the lengths of a histogram and of an embedding.
    """
    # Earlier releases had only one network and did not write its name.
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
    """A DeepRank network with the weights from which training starts.

    Both branches of ``ColourRank`` start as a whitening, learnt from the views or from
    ``MOST_VIEWS`` of them, drawn with a fixed seed.

    Args:
        details: details of a header, as for ``build_deeprank``.
        views: views of training photographs.
        garments_of: reader of the crops of views.
        device: device of the network.

    Raises:
        BadDataset: All views are equal.
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
    # Drawn at random, since every n-th could be the same view of each photograph.
    chosen = np.random.default_rng(0).choice(len(views), most, replace=False)
    return [views[number] for number in sorted(chosen)]
