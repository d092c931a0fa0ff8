from dataclasses import asdict

import pytest

from tiefvision.errors import BadUsage
from tiefvision.networks.table import NETWORKS, OURS
from tiefvision.training.optimisers import MOMENTS
from tiefvision.triplets.losses import require_loss
from tiefvision.triplets.recipes import (
    AUGMENTATIONS,
    PUBLISHED,
    RECIPES,
    SCHEDULES,
    SMALL,
    recipe_of,
)
from tiefvision.triplets.sources import SAMPLINGS

MILDNET = ("nesterov", 1e-3, "constant", 0.9, 0.0, 1.0, "affine", 1.0)
"""Optimiser, rate, schedule, momentum, decay, bias rate, augmentation, margin."""

CONFIGS = {
    "mildnet": ("contrastive", "mean", 16, 30),
    "skip_1": ("hinge", "hinge_of_mean", 32, 20),
    "skip_2": ("hinge", "hinge_of_mean", 32, 20),
    "skip_3": ("hinge", "hinge_of_mean", 32, 20),
    "skip_4": ("hinge", "hinge_of_mean", 16, 20),
    "without_skip": ("hinge", "hinge_of_mean", 16, 8),
    "without_skip_big": ("hinge", "hinge_of_mean", 16, 12),
    "1024_512": ("hinge", "hinge_of_mean", 16, 20),
    "512_512": ("hinge", "hinge_of_mean", 16, 20),
    "all_trainable": ("hinge", "hinge_of_mean", 32, 20),
    "mildnet_vgg19": ("contrastive", "mean", 16, 20),
    "mobilenet": ("hinge", "hinge_of_mean", 16, 20),
    "ranknet": ("contrastive", "mean", 16, 30),
    "visnet_lrn2d": ("hinge", "hinge_of_mean", 16, 20),
    "visnet": ("hinge", "hinge_of_mean", 16, 20),
    "alexnet": ("hinge", "hinge_of_mean", 32, 20),
    "vanila_vgg16": ("hinge", "hinge_of_mean", 16, 8),
}
"""Loss, reduction, triplets of a batch and epochs of MILDNet's configurations."""


@pytest.mark.parametrize("name", CONFIGS)
def test_a_configuration_of_mildnet(name):
    recipe = recipe_of(name)
    loss, reduction, batch, epochs = CONFIGS[name]
    assert (recipe.loss, recipe.reduction) == (loss, reduction)
    assert (recipe.batch, recipe.epochs) == (batch, epochs)
    common = (
        *(recipe.optimiser, recipe.learning_rate, recipe.schedule, recipe.momentum),
        *(recipe.weight_decay, recipe.bias_rate, recipe.augmentation, recipe.margin),
    )
    assert common == MILDNET


def test_the_configurations_that_differ_in_one_value():
    assert recipe_of("512_no_dropout").learning_rate == 1e-4
    big = recipe_of("vgg16_big")
    assert (big.optimiser, big.epochs) == ("rmsprop", 8)


@pytest.mark.parametrize(
    ("name", "batch"), [("visnet_caffe", 20), ("visnet_caffe_alexnet", 130)]
)
def test_the_solver_of_visnet(name, batch):
    recipe = recipe_of(name)
    assert (recipe.loss, recipe.margin, recipe.reduction) == (
        "squared_hinge",
        0.0009,
        "sum",
    )
    assert (recipe.optimiser, recipe.momentum) == ("sgd", 0.9)
    assert (recipe.learning_rate, recipe.weight_decay) == (0.01, 0.0)
    assert (recipe.batch, recipe.bias_rate) == (batch, 2.0)
    # A tenth of the rate after each sixth of the run.
    assert (recipe.schedule, recipe.parts) == ("steps", 6)
    assert 609_454 // 101_575 == 213_630 // 35_605 == 6
    assert AUGMENTATIONS[recipe.augmentation].crop * 256 == 224


def test_deep_ranking_and_cardigan():
    deep, cardigan = recipe_of("deep_ranking"), recipe_of("cardigan")
    assert (deep.loss, deep.weight_decay) == ("squared_hinge", 1e-3)
    assert (deep.optimiser, deep.sampling) == ("nesterov", "importance")
    assert (cardigan.loss, cardigan.margin) == ("hinge", 0.05)
    assert cardigan.sampling == "close"


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_has_a_recipe_that_can_be_followed(name):
    recipe, network = RECIPES[name], NETWORKS[name]
    assert (name in PUBLISHED) == (network.system != OURS)
    assert (recipe == SMALL) == (network.system == OURS)
    require_loss(recipe.loss, recipe.reduction)
    assert recipe.optimiser in MOMENTS and recipe.sampling in SAMPLINGS
    assert recipe.schedule in SCHEDULES and recipe.augmentation in AUGMENTATIONS
    # ImageNet's weights wherever torchvision publishes those of the trunk.
    assert (recipe.backbone == "imagenet") == bool(network.trunk.published)
    assert all(
        isinstance(value, str | int | float) for value in asdict(recipe).values()
    )


def test_an_unknown_network_is_refused():
    with pytest.raises(BadUsage, match=r"vgg is no network .* mildnet, skip_1, "):
        recipe_of("vgg")
