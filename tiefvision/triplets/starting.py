"""The weights from which the training of DeepRank starts."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tiefvision.ranking.garments import Embed, Garments, GarmentsOf, Weights
from tiefvision.ranking.needs import Need
from tiefvision.ranking.views import embed_views
from tiefvision.ranking.whitening import fit_whitening
from tiefvision.records import View
from tiefvision.triplets.garment_tensors import to_tensors
from tiefvision.triplets.networks import (
    ColourRank,
    RankNetwork,
    build_network,
    device_of,
)

CELLS_STRENGTH, COLOURS_STRENGTH = 0.5, 0.3
"""Strengths of the whitening from which both branches of ``ColourRank`` start; see
docs/experiments/0006."""

SHARE = 0.6
"""Share of the training in the weights of a trained ``ColourRank``; see ``blend``. With
shares of 0.5 to 0.75 altered views are found nearly as well as with all of it, and
products by another side as well as before (docs/experiments/0018)."""

NEEDED: tuple[Need, ...] = ("maps",)
"""What the regions of a map are made of."""

MOST_VIEWS = 4000
"""Most views from which that whitening is learnt: 66 MB of AlexNet's features and of
colours. Five views of 50,000 photographs would be 4 GB, and 16 views for each number of
an embedding are enough."""


def start_deeprank(
    details: Mapping[str, Any],
    views: Sequence[View],
    garments_of: GarmentsOf,
    device: torch.device,
    garment_cells: Weights | None = None,
) -> RankNetwork:
    """A DeepRank network with the weights from which training starts.

    Both branches of ``ColourRank`` start as a whitening, learnt from the views or from
    ``MOST_VIEWS`` of them, drawn with a fixed seed.

    Args:
        details: details of a header, as for ``build_network``.
        views: views of training photographs.
        garments_of: reader of the crops of views.
        device: device of the network.
        garment_cells: read-out "garment" of the encoder, weight (1, C) and bias (1,),
            from which the attention of ``ColourRank`` starts; without it all cells of
            the untrained network count alike.

    Raises:
        BadDataset: All views are equal.
    """
    network = build_network(details).to(device)
    if isinstance(network, ColourRank):
        if garment_cells:
            network.attend_to(garment_cells)
        views = _at_most(views, MOST_VIEWS)
        cells = embed_views(views, garments_of, _regions_of(network))
        colours = embed_views(views, garments_of, lambda it: it.colours)
        half = details["size"] // 2
        network.start_from(
            fit_whitening(cells, half, CELLS_STRENGTH),
            fit_whitening(colours, details["size"] - half, COLOURS_STRENGTH),
        )
    return network


@torch.no_grad()
def blend(network: RankNetwork, start: Mapping[str, Tensor], share: float) -> None:
    """Move trained weights towards those from which the training started, in place.

    Training on altered views teaches what such views have in common, and forgets some
    of what the start could tell apart elsewhere. Weights between both keep most of
    either. Source: Wortsman et al., "Robust fine-tuning of zero-shot models",
    arXiv:2109.01903, section 3.

    Args:
        network: trained network.
        start: copy of its state before training.
        share: share of the trained weights, in [0, 1]; the rest is that of the start.
    """
    for name, weights in network.state_dict().items():
        weights.copy_(torch.lerp(start[name], weights, share))


def _regions_of(network: ColourRank) -> Embed:
    @torch.inference_mode()
    def embed(garments: Garments) -> NDArray[np.float32]:
        tensors = to_tensors(garments, NEEDED, device_of(network))
        return network.regions(tensors.maps).cpu().numpy()

    return embed


def _at_most(views: Sequence[View], most: int) -> Sequence[View]:
    if len(views) <= most:
        return views
    # Drawn at random, since every n-th could be the same view of each photograph.
    chosen = np.random.default_rng(0).choice(len(views), most, replace=False)
    return [views[number] for number in sorted(chosen)]
