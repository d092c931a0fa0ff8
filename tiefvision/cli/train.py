"""``tiefvision train``: train a network of the literature as a ranker."""

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tiefvision.cli.options import Options, with_options
from tiefvision.cli.output import figure_text, print_line, print_table
from tiefvision.cli.running import DONE, say
from tiefvision.cli.triplets import parse_settings
from tiefvision.errors import BadUsage
from tiefvision.progress import choose_track
from tiefvision.triplets.recipes import NONE, RECIPES, recipe_of

if TYPE_CHECKING:
    from tiefvision.models.ranker_training import Training

SHOWN = {
    "parameters": "parameters",
    "megabytes": "MB in float32",
    "embedding": "numbers of an embedding",
    "minutes_an_epoch": "minutes an epoch",
    "milliseconds_an_image": "milliseconds an image",
    "triplets": "triplets of an epoch",
    "validated": "triplets of the validation",
    "epochs": "epochs",
    "kept": "kept",
    "loss": "loss",
    "val_loss": "loss (val)",
    "triplet_accuracy": "triplets in order",
    "val_triplet_accuracy": "triplets in order (val)",
}
"""Lines of the table at the end, after MILDNet's table 3, by the name of the figure."""


def complete_network(incomplete: str) -> list[str]:
    """Values of the argument: the networks of the literature."""
    return [name for name in RECIPES if name.startswith(incomplete)]


@with_options
def train(
    ranker: Annotated[
        str,
        typer.Argument(
            help="A network of the literature; tiefvision models lists them.",
            autocompletion=complete_network,
        ),
    ],
    options: Options,
    name: Annotated[
        str, typer.Option(help="Its name here: RANKER, or RANKER-SUFFIX.")
    ] = "",
    width: Annotated[
        float,
        typer.Option(help="Channels of every layer, as a share of the published."),
    ] = 1.0,
    backbone: Annotated[
        str,
        typer.Option(
            help="Weights of its trunk: imagenet, random, or a safetensors file. "
            "Default: the recipe's; random for another width than 1."
        ),
    ] = "",
    triplets: Annotated[
        Path | None,
        typer.Option(help="A file query,positive,negative. Alone, without --sampling."),
    ] = None,
    sampling: Annotated[
        str,
        typer.Option(help="The sampling that draws triplets. Default: the recipe's."),
    ] = "",
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="NAME=VALUE of the sampling; may come again."),
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Passes.")] = None,
    batch: Annotated[
        int | None, typer.Option(min=1, help="Triplets of a step.")
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="Rate at the start, or the highest.")
    ] = None,
    optimiser: Annotated[
        str, typer.Option(help="adamw, sgd, nesterov or rmsprop.")
    ] = "",
    schedule: Annotated[str, typer.Option(help="constant, steps or cosine.")] = "",
    loss: Annotated[
        str,
        typer.Option(help="hinge, squared_hinge, angle_hinge, contrastive or softpn."),
    ] = "",
    margin: Annotated[
        float | None, typer.Option(help="Margin, in the unit of the loss's distance.")
    ] = None,
    reduction: Annotated[
        str, typer.Option(help="mean, sum, or hinge_of_mean (MILDNet's).")
    ] = "",
    augment: Annotated[
        bool, typer.Option("--augment/--no-augment", help="The recipe's augmentation.")
    ] = True,
    augmentation: Annotated[
        str, typer.Option(help="Another one: affine, crop, shift or none.")
    ] = "",
    accumulate: Annotated[
        int, typer.Option(min=1, help="Parts in which a batch is computed, for memory.")
    ] = 1,
    precision: Annotated[
        str, typer.Option(help="auto, float32 or bfloat16 (mixed precision).")
    ] = "auto",
    patience: Annotated[
        int | None,
        typer.Option(min=0, help="Epochs without improvement before it stops; 0: all."),
    ] = None,
) -> int:
    """Train a network of the literature by its published recipe, or as you say.

    An interrupted training continues behind its last epoch. Under torchrun several
    processes train together.
    """
    changes = {
        "epochs": epochs,
        "batch": batch,
        "learning_rate": learning_rate,
        "optimiser": optimiser or None,
        "schedule": schedule or None,
        "loss": loss or None,
        "margin": margin,
        "reduction": reduction or None,
        "augmentation": (augmentation or None) if augment else NONE,
        "sampling": sampling or None,
        "backbone": backbone or (None if width == 1 else "random"),
        "patience": patience,
    }
    given: dict[str, Any] = {k: v for k, v in changes.items() if v is not None}
    _require_numbers(given)
    from tiefvision.models.ranker_training import Training

    training = Training(
        ranker,
        name or ranker,
        replace(recipe_of(ranker), **given),
        width,
        triplets,
        parse_settings(settings or ()),
        bool(sampling) or triplets is None,
        accumulate,
        precision,
    )
    return _train(training, options)


def _train(training: "Training", options: Options) -> int:
    from tiefvision.models.ranker_training import train_ranker
    from tiefvision.training.processes import joined_processes
    from tiefvision.workspace.job import Resources

    with joined_processes(options.backend.training) as processes:
        quiet = options.quiet or not processes.is_first
        track = choose_track(quiet=quiet)
        resources = Resources(options.backend, options.seed, track=track)
        report = train_ranker(options.run, training, resources, processes)
    if not processes.is_first:
        return DONE
    if report is None:
        if options.json:
            print_line({"ranker": training.name, "up_to_date": True})
        else:
            say(f"{training.name}: up to date")
        return DONE
    if options.json:
        print_line(report)
        return DONE
    print_table((training.name, ""), _rows(report["figures"]))
    options.note(f"The report is {report['report']}")
    options.note(
        f"Next: tiefvision index CATALOGUE --ranker {training.name}{options.repeated()}"
    )
    return DONE


def _rows(figures: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The table at the end: size, speed, and figures of the epoch that is kept."""
    epochs = round(figures["last"]["epoch"])
    values = {**figures, **figures["best"], "epochs": epochs}
    return [
        (label, figure_text(values[name]))
        for name, label in SHOWN.items()
        if values.get(name) is not None
    ]


def _require_numbers(given: Mapping[str, Any]) -> None:
    """Raises BadUsage for a rate or a margin with which nothing can be learnt."""
    for name, least in (("learning_rate", 0.0), ("margin", 0.0)):
        value = given.get(name)
        if value is not None and not least < value < math.inf:
            option = f"--{name.replace('_', '-')}"
            raise BadUsage(f"{option} {value:g} is no number above 0.")
