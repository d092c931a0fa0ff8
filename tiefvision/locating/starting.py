"""Heads for other categories that start from what trained heads know."""

from collections.abc import Sequence

import torch
from torch import nn

from tiefvision.locating.heads import (
    SIDES,
    BoxRegressors,
    CropClassifier,
    WindowNetwork,
)


def start_classifier(
    known: CropClassifier, categories: Sequence[str]
) -> CropClassifier:
    """A classifier with everything that ``known`` has learnt.

    Args:
        known: Trained over maps of the same encoder.
        categories: To be found; of those that it does not know only the last layer is
            new.
    """
    network = known.network
    classifier = CropClassifier(*_shape(network), tuple(categories), network.sizes)
    _copy_statistics(known, classifier)
    _copy_layers(network, classifier.network, known.categories, categories, 1)
    return classifier


def start_regressors(
    known: BoxRegressors, known_categories: Sequence[str], categories: Sequence[str]
) -> BoxRegressors:
    """The same of regressors, whose outputs are those of ``known_categories``."""
    first = known.network(SIDES[0])
    regressors = BoxRegressors(*_shape(first), len(categories), first.sizes)
    _copy_statistics(known, regressors)
    for side in SIDES:
        _copy_layers(
            known.network(side),
            regressors.network(side),
            known_categories,
            categories,
            2,
        )
    return regressors


def _shape(network: WindowNetwork) -> tuple[int, int]:
    """Channels and window that a network was built for."""
    return network.reduce.in_channels, network.judge.kernel_size[0]


def _copy_statistics(
    known: CropClassifier | BoxRegressors, head: CropClassifier | BoxRegressors
) -> None:
    head.mean.copy_(known.mean)
    head.spread.copy_(known.spread)


@torch.no_grad()
def _copy_layers(
    known: WindowNetwork,
    network: WindowNetwork,
    known_categories: Sequence[str],
    categories: Sequence[str],
    outputs: int,
) -> None:
    """All but the last layer, and of that the rows of shared categories."""
    for name in ("reduce", "judge"):
        layer: nn.Module = getattr(network, name)
        layer.load_state_dict(getattr(known, name).state_dict())
    for row, category in enumerate(categories):
        if category in known_categories:
            old = known_categories.index(category) * outputs
            new = row * outputs
            here, there = (slice(start, start + outputs) for start in (new, old))
            network.output.weight[here] = known.output.weight[there]
            assert network.output.bias is not None and known.output.bias is not None
            network.output.bias[here] = known.output.bias[there]
