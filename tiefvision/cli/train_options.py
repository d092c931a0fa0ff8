"""The options of ``tiefvision train``: parts of a recipe, and how it is computed."""

from pathlib import Path
from typing import Annotated

import typer

from tiefvision.triplets.recipes import RECIPES


def complete_network(incomplete: str) -> list[str]:
    """Values of the argument: the networks of the literature."""
    return [name for name in RECIPES if name.startswith(incomplete)]


NetworkArgument = Annotated[
    str,
    typer.Argument(
        metavar="RANKER",
        help="A network of the literature; tiefvision models lists them.",
        autocompletion=complete_network,
    ),
]

NameOption = Annotated[str, typer.Option(help="RANKER-SUFFIX. Default: RANKER.")]

WidthOption = Annotated[
    float, typer.Option(help="Channels of every layer, as a share of the published.")
]

BackboneOption = Annotated[
    str,
    typer.Option(
        help="Weights of its trunk: imagenet, random, or a safetensors file. Default: "
        "the recipe's; random for another width than 1."
    ),
]

TripletsOption = Annotated[
    Path | None,
    typer.Option(
        help="A file query,positive,negative; instead of a sampling unless one is "
        "named."
    ),
]

SamplingOption = Annotated[
    str, typer.Option(help="How triplets are drawn; `triplets samplings` lists it.")
]

SettingOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="A setting of the sampling; may come again. count=5000 draws so many for "
        "an epoch.",
    ),
]

EpochsOption = Annotated[int | None, typer.Option(min=1, help="Passes over them.")]

BatchOption = Annotated[int | None, typer.Option(min=1, help="Triplets of a step.")]

RateOption = Annotated[
    float | None, typer.Option(help="Rate at the start, or the highest.")
]

OptimiserOption = Annotated[str, typer.Option(help="adamw, sgd, nesterov or rmsprop.")]

ScheduleOption = Annotated[str, typer.Option(help="constant, steps or cosine.")]

LossOption = Annotated[
    str,
    typer.Option(help="hinge, squared_hinge, angle_hinge, contrastive or softpn."),
]

MarginOption = Annotated[
    float | None,
    typer.Option(help="Margin, in the unit of the loss's distance; softpn has none."),
]

ReductionOption = Annotated[
    str, typer.Option(help="mean, sum, or hinge_of_mean (MILDNet's).")
]

AugmentOption = Annotated[
    bool, typer.Option("--augment/--no-augment", help="Whether views are altered.")
]

AugmentationOption = Annotated[
    str, typer.Option(help="How views are altered: affine, crop, shift or none.")
]

AccumulateOption = Annotated[
    int, typer.Option(min=1, help="Parts in which a batch is computed, for memory.")
]

PrecisionOption = Annotated[
    str, typer.Option(help="auto, float32 or bfloat16 (mixed precision).")
]

PatienceOption = Annotated[
    int | None,
    typer.Option(min=0, help="Epochs without improvement before it stops; 0: all."),
]
