"""How each network of the literature was trained, as data.

A recipe is what ``tiefvision train`` does unless an option says otherwise. Sources:
MILDNet's ``job_configs`` and ``trainer/task.py`` (gofynd/mildnet); the solvers and
networks of fk-visual-search (``models/visnet*``); Wang et al., arXiv:1404.4661; the
slides of Cardigan. What these sources leave open, and what is done then, stands in
docs/training-rankers.md. Reading the table imports no torch.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from types import MappingProxyType
from typing import Literal, get_args

from tiefvision.augmenting.rules import AffineRules
from tiefvision.errors import BadUsage
from tiefvision.networks.table import NETWORKS
from tiefvision.ranking.registry import DEEPRANK

ScheduleName = Literal["constant", "steps", "cosine"]
"""Course of the learning rate: constant; a tenth after each of ``parts`` equal parts of
the run; or rising for a tenth of the run, then falling along half a cosine."""

SCHEDULES: tuple[ScheduleName, ...] = get_args(ScheduleName)

NONE = "none"

WITHOUT_MARGIN = ("softpn",)
"""Losses on which a margin has no effect."""

AUGMENTATIONS: Mapping[str, AffineRules | None] = MappingProxyType(
    {
        NONE: None,
        "affine": AffineRules(
            mirror=True, upside_down=True, zoom=0.2, shear=0.2, rotation=30.0
        ),
        "crop": AffineRules(mirror=True, crop=224 / 256),
        "shift": AffineRules(shift=8 / 225),
    }
)
"""Augmentations by name. "affine" is MILDNet's, as Keras means its numbers. "crop" is
Caffe's: a random 224 px of 256, and a mirror. "shift" is Deep Ranking's random pixel
shift, whose size is not published; 8 pixels are this project's."""


@dataclass(frozen=True)
class Recipe:
    """How a network is trained on triplets.

    Attributes:
        loss: name of the loss, one of ``losses.LOSSES``.
        margin: margin of the loss, in the unit of its distance.
        reduction: one of ``losses.REDUCTIONS``.
        optimiser: name of the optimiser, one of ``optimisers.MOMENTS``.
        learning_rate: learning rate at the start, or the highest.
        batch: triplets of a step.
        epochs: passes over the triplets.
        schedule: course of the learning rate.
        parts: equal parts of the run after each of which "steps" divides it by ten.
        momentum: momentum of "sgd" and "nesterov".
        weight_decay: weight decay; see ``Optimiser.make``.
        bias_rate: factor of the learning rate of biases; 2 in Caffe's files.
        augmentation: name of an augmentation, one of ``AUGMENTATIONS``.
        sampling: name of the sampling that the triplets come from.
        backbone: weights of the trunk at the start: "imagenet" or "random".
        patience: epochs without improvement after which training stops; 0: never.
    """

    loss: str = "hinge"
    margin: float = 1.0
    reduction: str = "hinge_of_mean"
    optimiser: str = "nesterov"
    learning_rate: float = 1e-3
    batch: int = 16
    epochs: int = 20
    schedule: ScheduleName = "constant"
    parts: int = 1
    momentum: float = 0.9
    weight_decay: float = 0.0
    bias_rate: float = 1.0
    augmentation: str = "affine"
    sampling: str = "vertical"
    backbone: str = "imagenet"
    patience: int = 0


MILDNET = Recipe()
"""The configuration that most networks of MILDNet share."""

CONTRASTIVE = replace(MILDNET, loss="contrastive", reduction="mean", epochs=30)
"""Of ``mildnet`` and ``ranknet``. MILDNet's text trains both with the hinge; its table
and its files train them with the contrastive loss, which is the better row."""

VISNET = Recipe(
    loss="squared_hinge",
    margin=0.0009,
    reduction="sum",
    optimiser="sgd",
    learning_rate=0.01,
    batch=20,
    epochs=30,
    schedule="steps",
    parts=6,
    bias_rate=2.0,
    augmentation="crop",
)
"""609,454 iterations, a snapshot every 20,315 of them and a tenth of the rate every
101,575: thirty epochs in six parts."""

DEEP_RANKING = Recipe(
    loss="squared_hinge",
    reduction="mean",
    batch=30,
    epochs=50,
    weight_decay=1e-3,
    augmentation="shift",
    sampling="importance",
)
"""Rate, margin, batch and epochs are those of the course project; the paper gives none.
The weight decay is the paper's lambda."""

CARDIGAN = Recipe(
    margin=0.05, reduction="mean", epochs=10, augmentation=NONE, sampling="close"
)
"""Margin, loss and epochs are those of the slides; they name neither optimiser nor rate
nor batch, for which MILDNet's stand."""

SMALL = Recipe(
    margin=0.3,
    reduction="mean",
    optimiser="adamw",
    learning_rate=3e-4,
    batch=32,
    epochs=10,
    schedule="cosine",
    weight_decay=1e-4,
    patience=3,
)
"""This project's, for its small forms."""


def _changes() -> Iterator[tuple[str, Recipe]]:
    """The recipe of each network, as its configuration differs from the others."""
    yield "mildnet", CONTRASTIVE
    for number in (1, 2, 3):
        yield f"skip_{number}", replace(MILDNET, batch=32)
    yield from ((name, MILDNET) for name in ("skip_4", "1024_512", "512_512"))
    yield "without_skip", replace(MILDNET, epochs=8)
    yield "without_skip_big", replace(MILDNET, epochs=12)
    yield "512_no_dropout", replace(MILDNET, learning_rate=1e-4)
    yield "all_trainable", replace(MILDNET, batch=32)
    yield "mildnet_vgg19", replace(CONTRASTIVE, epochs=20)
    yield "vgg16_big", replace(MILDNET, optimiser="rmsprop", epochs=8)
    for name in ("mobilenet", "mobilenet_skips"):
        yield name, replace(MILDNET, backbone="random")
    yield "ranknet", CONTRASTIVE
    yield from ((name, MILDNET) for name in ("visnet_lrn2d", "visnet"))
    yield "alexnet", replace(MILDNET, batch=32, backbone="random")
    yield "vanila_vgg16", replace(MILDNET, epochs=8)
    yield "visnet_caffe", VISNET
    # Both start from an AlexNet of 2012 that was trained on ImageNet, for which
    # torchvision has no weights: its AlexNet is another one.
    yield "visnet_caffe_alexnet", replace(VISNET, batch=130, backbone="random")
    yield "deep_ranking", replace(DEEP_RANKING, backbone="random")
    yield "cardigan", CARDIGAN


PUBLISHED: Mapping[str, Recipe] = MappingProxyType(dict(_changes()))

RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {name: PUBLISHED.get(name, SMALL) for name in NETWORKS}
)
"""The recipe of each network, in the order in which networks are listed."""


def recipe_of(network: str) -> Recipe:
    """The recipe of a network.

    Raises:
        BadUsage: It is another ranker, which is not trained so, or unknown; the message
            lists those that are.
    """
    if network == DEEPRANK:
        raise BadUsage(f"{DEEPRANK} is trained by stage 8.", "Run: make stage-8")
    if network not in RECIPES:
        close = get_close_matches(network, RECIPES, 3)
        meant = f"Did you mean {' or '.join(close)}? " if close else ""
        raise BadUsage(
            f"{network} is no network that is trained here.",
            f"{meant}Use {', '.join(RECIPES)}.",
        )
    return RECIPES[network]
