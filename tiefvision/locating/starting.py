"""Warm start: new heads, perhaps for other categories, from trained heads."""

from collections.abc import Sequence

import torch
from torch import nn

from tiefvision.locating.heads import (
    BoxRegressors,
    CropClassifier,
    WindowNetwork,
)
from tiefvision.locating.sides import SIDES


def start_classifier(
    known: CropClassifier, categories: Sequence[str]
) -> CropClassifier:
    """Build a classifier that starts from the weights of a trained one.

    Hidden layers and input statistics are copied, and the output weights of shared
    categories. Output weights of other categories are initialised randomly.

    Args:
        known: classifier that was trained on maps of the same encoder.
        categories: categories of the new classifier.
    """
    network = known.network
    classifier = CropClassifier(*_shape(network), tuple(categories), network.sizes)
    _copy_statistics(known, classifier)
    _copy_layers(network, classifier.network, known.categories, categories, 1)
    return classifier


def start_regressors(
    known: BoxRegressors, known_categories: Sequence[str], categories: Sequence[str]
) -> BoxRegressors:
    """Build regressors that start from the weights of trained ones.

    Weights are copied as in ``start_classifier``.

    Args:
        known: regressors that were trained on maps of the same encoder.
        known_categories: categories of the trained regressors, in their order.
        categories: categories of the new regressors.
    """
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
    """Input channels of a network, and the side of its window in cells."""
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
    """Copy the hidden layers, and the output weights of shared categories.

    Args:
        known: network to copy from.
        network: network to copy to, changed in place.
        known_categories: categories of ``known``.
        categories: categories of ``network``.
        outputs: outputs per category.
    """
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
