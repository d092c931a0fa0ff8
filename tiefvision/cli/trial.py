"""``tiefvision trial``: a locator on photographs that its dataset does not hold."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tiefvision.cli.options import (
    DEFAULT_MODELS,
    ModelsOption,
    Options,
    with_options,
)
from tiefvision.cli.output import print_line, print_table
from tiefvision.cli.running import tell_skipped


@with_options
def trial(
    options: Options,
    category: Annotated[str, typer.Option(help="Group to find.")] = "outfit",
    nothing: Annotated[
        list[Path] | None,
        typer.Option(
            help="Folder of pictures without garments; may come again.",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    models: ModelsOption = DEFAULT_MODELS,
) -> int:
    """Try a locator on test photographs, closer up and in pairs, and on nothing."""
    from tiefvision.judging.locator.nothing import run_nothing_trials
    from tiefvision.judging.locator.trial import run_trials

    locator = options.choose_models(models).locator(options.backend.inference)
    with options.run.open("photos") as photos:
        rows, skipped = run_trials(photos, locator, category, options.track)
    empty, unreadable = run_nothing_trials(locator, nothing or [], options.track)
    skipped += unreadable
    if options.json:
        for record in [*map(asdict, rows), *map(asdict, empty)]:
            print_line(record)
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
        alarms = [
            (one.name, one.pictures, f"{one.false_alarms:.3f}", f"{one.highest:.2f}")
            for one in empty
        ]
        header = ("without garments", "pictures", "something told", "highest score")
        print_table(header, alarms)
    return tell_skipped(skipped)
