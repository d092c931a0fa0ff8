"""``tiefvision folds``: how well garments are located, over the folds of a dataset."""

import json
from dataclasses import asdict
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tiefvision.cli.options import Options, with_options
from tiefvision.cli.output import print_line, print_table, print_text
from tiefvision.cli.running import DONE
from tiefvision.errors import MissingArtifact
from tiefvision.files import read_file

if TYPE_CHECKING:
    from tiefvision.evaluation.by_fold import FoldRow, Spread

SHOWN = {
    "mean_iou": "IoU",
    "over_half": "over 0.5",
    "mean_box_iou": "mean box",
    "ap50": "AP50",
    "ap50_95": "AP50:95",
    "false_alarms": "false alarms",
}
"""Figures of a category, with the headings of the table."""


@with_options
def folds(
    workspaces: Annotated[
        list[Path], typer.Argument(help="A workspace for each fold, up to stage 5.")
    ],
    options: Options,
    least: Annotated[
        int,
        typer.Option(min=1, help="Least photographs of a category in the mean."),
    ] = 60,
) -> int:
    """Average the figures of stage 5 over folds: mean, deviation, every fold."""
    from tiefvision.evaluation.by_fold import MEAN, rows_by_fold
    from tiefvision.groups import OUTFIT

    reports = [_read_figures(path) for path in workspaces]
    rows = rows_by_fold(reports, list(SHOWN), least, excluded=(OUTFIT,))
    if options.json:
        for row in rows:
            spreads = {name: asdict(spread) for name, spread in row.figures.items()}
            count = "categories" if row.name == MEAN else "photographs"
            print_line({"category": row.name, count: row.count, **spreads})
        return DONE
    print_text(f"Mean of {len(reports)} folds:")
    counts = [
        f"{row.count} categories" if row.name == MEAN else row.count for row in rows
    ]
    print_table(
        ("category", "photographs", *SHOWN.values()),
        [
            (row.name, count, *_numbers(row, "mean"))
            for row, count in zip(rows, counts, strict=True)
        ],
    )
    print_text("")
    print_text("Standard deviation over the folds, and AP50 of each:")
    print_table(
        ("category", *SHOWN.values(), "AP50 by fold"),
        [
            (row.name, *_numbers(row, "deviation"), _by_fold(row.figures.get("ap50")))
            for row in rows
        ],
    )
    return DONE


def _numbers(row: "FoldRow", part: str) -> list[str]:
    """One part of each figure of ``SHOWN``; "" where no fold has the figure."""
    spreads = (row.figures.get(name) for name in SHOWN)
    return [f"{getattr(one, part):.3f}" if one else "" for one in spreads]


def _read_figures(workspace: Path) -> dict[str, dict[str, Any]]:
    """The test figures by category from the report of stage 5.

    Raises:
        MissingArtifact: The workspace has no such report.
    """
    from tiefvision.workspace.artifacts import Workspace

    path = Workspace(workspace).report_path("localise")
    try:
        report = json.loads(read_file(path))
        figures: dict[str, dict[str, Any]] = report["figures"]["test_by_category"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise MissingArtifact(
            f"{workspace} has no report of stage 5 ({path}).",
            f"Run: make locator DATA=DIR RUN={quote(str(workspace))}",
        ) from error
    return figures


def _by_fold(spread: "Spread | None") -> str:
    if spread is None:
        return ""
    return " ".join("-" if value is None else f"{value:.2f}" for value in spread.values)
