"""``tiefvision train``: train a network of the literature as a ranker."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tiefvision.cli.options import Options, with_options
from tiefvision.cli.output import figure_text, print_line, print_table
from tiefvision.cli.running import DONE, say
from tiefvision.cli.train_options import (
    AccumulateOption,
    AugmentationOption,
    AugmentOption,
    BackboneOption,
    BatchOption,
    EpochsOption,
    LossOption,
    MarginOption,
    NameOption,
    NetworkArgument,
    OptimiserOption,
    PatienceOption,
    PrecisionOption,
    RateOption,
    ReductionOption,
    SamplingOption,
    ScheduleOption,
    SettingOption,
    TripletsOption,
    WidthOption,
)
from tiefvision.cli.triplets import parse_settings
from tiefvision.engines.choice import AUTO
from tiefvision.errors import BadUsage
from tiefvision.progress import choose_track
from tiefvision.triplets.recipes import NONE, WITHOUT_MARGIN, Recipe, recipe_of

if TYPE_CHECKING:
    from tiefvision.models.ranker_settings import Training

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
    "val_reciprocal_rank": "reciprocal rank (val)",
}
"""Lines of the table at the end, after MILDNet's table 3, by the name of the figure."""


@with_options
def train(
    ranker: NetworkArgument,
    options: Options,
    name: NameOption = "",
    width: WidthOption = 1.0,
    backbone: BackboneOption = "",
    triplets: TripletsOption = None,
    sampling: SamplingOption = "",
    settings: SettingOption = None,
    epochs: EpochsOption = None,
    batch: BatchOption = None,
    learning_rate: RateOption = None,
    optimiser: OptimiserOption = "",
    schedule: ScheduleOption = "",
    loss: LossOption = "",
    margin: MarginOption = None,
    reduction: ReductionOption = "",
    augment: AugmentOption = True,
    augmentation: AugmentationOption = "",
    accumulate: AccumulateOption = 1,
    precision: PrecisionOption = AUTO,
    patience: PatienceOption = None,
) -> int:
    """Train a network of the literature by its published recipe, or as you say.

    What is not given is the recipe's. Under torchrun several processes train.
    An interrupted training continues behind its last epoch.
    """
    given = {
        "epochs": epochs,
        "batch": batch,
        "learning_rate": _above_zero("--learning-rate", learning_rate),
        "optimiser": optimiser,
        "schedule": schedule,
        "loss": loss,
        "margin": _above_zero("--margin", margin),
        "reduction": reduction,
        "augmentation": augmentation if augment else NONE,
        "sampling": sampling,
        "backbone": backbone or ("" if width == 1 else "random"),
        "patience": patience,
    }
    recipe = _changed(recipe_of(ranker), given)
    if margin is not None and recipe.loss in WITHOUT_MARGIN:
        raise BadUsage(f"The loss {recipe.loss} has no margin.", "Leave out --margin.")
    from tiefvision.models.ranker_settings import Training

    training = Training(
        ranker,
        name or ranker,
        recipe,
        width,
        triplets,
        parse_settings(settings or ()),
        bool(sampling) or triplets is None,
        accumulate,
        precision,
    )
    return _train(training, options)


def _changed(recipe: Recipe, given: Mapping[str, Any]) -> Recipe:
    """A recipe with what was given; None and "" were not."""
    changes: dict[str, Any] = {
        name: value for name, value in given.items() if value not in (None, "")
    }
    return replace(recipe, **changes)


def _above_zero(option: str, value: float | None) -> float | None:
    """The value of an option. Raises BadUsage for one with which nothing is learnt."""
    if value is not None and not 0 < value < math.inf:
        raise BadUsage(f"{option} {value:g} is no number above 0.")
    return value


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
