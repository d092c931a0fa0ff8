"""``tiefvision trial``: a locator on photographs that its dataset does not hold."""

from dataclasses import asdict
from typing import Annotated

import typer

from tiefvision.cli.options import (
    DEFAULT_MODELS,
    ModelsOption,
    Options,
    with_options,
)
from tiefvision.cli.output import print_line, print_table
from tiefvision.cli.running import DONE, SOME_UNREADABLE, say


@with_options
def trial(
    options: Options,
    category: Annotated[str, typer.Option(help="Category to find.")] = "outfit",
    models: ModelsOption = DEFAULT_MODELS,
) -> int:
    """Try a locator on the test photographs, closer up and two side by side."""
    from tiefvision.judging.locator.trial import run_trials

    locator = options.choose_models(models).locator(options.backend.inference)
    with options.run.open("photos") as photos:
        rows, skipped = run_trials(photos, locator, category, options.track)
    if options.json:
        for row in rows:
            print_line(asdict(row))
    else:
        print_table(
            ("photographs", "of them", category, "found", "IoU", "boxes to one"),
            [
                (
                    row.name,
                    row.photographs,
                    row.wanted,
                    f"{row.found:.3f}",
                    f"{row.mean_iou:.3f}",
                    f"{row.told:.2f}",
                )
                for row in rows
            ],
        )
    for reason in skipped:
        say(f"Skipped: {reason}")
    return SOME_UNREADABLE if skipped else DONE
