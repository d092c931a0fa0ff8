"""``tiefvision compare``: the rankers of a workspace, side by side."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tiefvision.cli.options import Options, with_options
from tiefvision.cli.output import print_line, print_table
from tiefvision.cli.running import DONE, say

if TYPE_CHECKING:
    from tiefvision.workspace.comparing import Comparison


SHOWN = (
    "recall@1",
    "recall@5",
    "recall@10",
    "recall@20",
    "reciprocal_rank",
    "average_precision",
)
"""Figures of the table; ``--json`` has all."""


@with_options
def compare(
    options: Options,
    html: Annotated[Path | None, typer.Option(help="The page to write.")] = None,
) -> int:
    """Evaluate the rankers on the test split of the workspace's dataset."""
    from tiefvision.workspace.comparing import compare_rankers, write_page
    from tiefvision.workspace.loading import load_rankers
    from tiefvision.workspace.maps import maps_reader
    from tiefvision.workspace.query_boxes import query_maps

    run, device = options.run, options.torch_device()
    with run.open("photos") as photos, run.open("crops") as crops:
        with run.open("deeprank") as deeprank:
            history = deeprank.record("training/history")
        comparison = compare_rankers(
            photos,
            crops,
            load_rankers(run, device),
            maps_reader(crops, device),
            options.seed,
            options.track,
            query_maps(photos, crops, device),
        )
        if options.json:
            for line in comparison.to_lines():
                print_line(line)
        else:
            _print_comparison(comparison)
        if html:
            write_page(comparison, photos, html, {}, history, options.track)
            if not options.quiet:
                say(f"The page is {html}.")
    return DONE


def _print_comparison(comparison: "Comparison") -> None:
    typer.echo(comparison.protocol)
    rows: list[tuple[str, ...]] = []
    for result in comparison.results:
        figures = result.figures(comparison.seed)
        rows.append((result.ranker, *(str(figures[name]) for name in SHOWN)))
    if len(rows) > 1:
        ahead, chances = comparison.ahead(), comparison.chances()
        rows += [
            (f"{rows[-1][0]} - {rows[0][0]}", *(str(ahead[name]) for name in SHOWN)),
            ("p of no difference", *(f"{chances[name]:.4f}" for name in SHOWN)),
        ]
    print_table(("ranker", *SHOWN), rows)
