"""``tiefvision bench-catalogue``: searching a catalogue while it changes."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from tiefvision.cli.options import Options, with_options
from tiefvision.cli.output import print_line, print_table
from tiefvision.cli.running import DONE

COLUMNS = (
    *("phase", "changes", "s", "median ms", "p95 ms", "recall", "least"),
    *("memory", "table", "graphs"),
)


@with_options
def bench_catalogue(
    options: Options,
    rows: Annotated[int, typer.Option(min=1000, help="Number of rows.")] = 100_000,
    dimensions: Annotated[
        int, typer.Option(min=4, max=4096, help="Length of a vector.")
    ] = 256,
    rate: Annotated[
        float, typer.Option(min=0, help="Changes an hour; 0: as fast as they go.")
    ] = 100_000,
    seconds: Annotated[
        float, typer.Option(min=1, help="Seconds of searching meanwhile.")
    ] = 180.0,
    changes: Annotated[
        int, typer.Option(min=0, help="Measure until so many changes, instead.")
    ] = 0,
) -> int:
    """Time searches of a quiet catalogue, and of one that changes; sizes in MiB."""
    from tiefvision.benchmarks.catalogue_changes import Task, measure_changes

    task = Task(rows, dimensions, rate, seconds, changes, seed=options.seed)
    options.tell_machine(f"{rows:,} x {dimensions}, {rate:,.0f} changes an hour")
    table = []
    with tempfile.TemporaryDirectory() as folder:
        for phase in measure_changes(task, Path(folder)):
            if options.json:
                print_line(dict(phase.__dict__))
            table.append(
                (
                    phase.name,
                    f"{phase.changes:,}",
                    f"{phase.seconds:.0f}",
                    f"{phase.median:.2f}",
                    f"{phase.p95:.2f}",
                    f"{phase.recall:.4f}",
                    f"{phase.least_recall:.3f}",
                    f"{phase.memory:.0f}",
                    f"{phase.table:.0f}",
                    f"{phase.graphs:.0f}",
                )
            )
    if not options.json:
        print_table(COLUMNS, table)
    return DONE
