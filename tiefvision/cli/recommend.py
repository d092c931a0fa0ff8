"""``tiefvision recommend``: the nearest items of every item, for product pages."""

from pathlib import Path
from typing import Annotated, Any

import typer

from tiefvision.cli.completing import complete_ranker
from tiefvision.cli.options import Options, with_options
from tiefvision.cli.output import print_line
from tiefvision.cli.running import DONE
from tiefvision.errors import BadUsage
from tiefvision.wording import counted

ByOption = Annotated[
    list[str] | None,
    typer.Option(
        help="What an item and its recommendations share: group, or a column of "
        "items.csv; may come again. Default: group."
    ),
]

TwinsOption = Annotated[
    Path | None,
    typer.Option(
        help="Also a table of pairs that are probably one product.", dir_okay=False
    ),
]

GROUP = "group"
"""What partitions an item belongs to by default: the group of its garment."""


@with_options
def recommend(
    options: Options,
    output: Annotated[
        Path, typer.Option(help="The table to write, .csv or .parquet.", dir_okay=False)
    ],
    ranker: Annotated[
        str,
        typer.Option(
            help="A ranker that was indexed, or its FILE.py:CLASS. Default: the last "
            "one.",
            autocompletion=complete_ranker,
        ),
    ] = "",
    by: ByOption = None,
    nearest: Annotated[int, typer.Option(min=1, help="Items for each item.")] = 10,
    twins: TwinsOption = None,
    least: Annotated[
        float | None,
        typer.Option(min=-1.0, max=1.0, help="Least similarity of such a pair."),
    ] = None,
) -> int:
    """Write the nearest items of every item; only what changed is computed again."""
    from tiefvision.catalogue.living.recommended import recommend_items
    from tiefvision.catalogue.living.upkeep import Upkeep
    from tiefvision.catalogue.recommendation_files import (
        read_recommendations,
        write_recommendations,
        write_twins,
    )
    from tiefvision.catalogue.recommending import LISTED_TWICE, listed_twice

    Upkeep(options.run).require()
    before = read_recommendations(output)
    used, partitions = recommend_items(
        options.run, ranker, by or [GROUP], nearest, before, options.track
    )
    limit = LISTED_TWICE.get(used) if least is None else least
    if twins and limit is None:
        raise BadUsage(
            f"Nobody measured from which similarity on {used} shows one product twice.",
            "Give --least.",
        )
    write_recommendations(output, partitions)
    lines = [line for partition in partitions for line in partition.lines]
    pairs = listed_twice(lines, limit) if limit is not None else []
    if twins:
        write_twins(twins, pairs)
    report = {
        "output": str(output),
        "ranker": used,
        "items": sum(partition.items for partition in partitions),
        "partitions": len(partitions),
        "kept": sum(partition.kept for partition in partitions),
        "lines": len(lines),
        "listed_twice": len(pairs) if limit is not None else None,
    }
    _tell(report, twins, options)
    return DONE


def _tell(report: dict[str, Any], twins: Path | None, options: Options) -> None:
    if options.json:
        print_line(report)
        return
    options.note(
        f"{counted(report['lines'], 'line')} for {counted(report['items'], 'item')} in "
        f"{counted(report['partitions'], 'partition')} ({report['kept']} as before): "
        f"{report['output']}."
    )
    if report["listed_twice"] is not None:
        told = f"; they are in {twins}" if twins else ""
        pairs = counted(report["listed_twice"], "pair")
        are = "is" if report["listed_twice"] == 1 else "are"
        options.note(f"{pairs} {are} probably one product listed twice{told}.")
