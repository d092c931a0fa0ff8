"""``tiefvision bench-index``: our index beside other libraries."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tiefvision.cli.bench import print_tables
from tiefvision.cli.options import Options, with_options
from tiefvision.cli.output import print_line, print_table, print_text
from tiefvision.cli.running import DONE
from tiefvision.errors import BadUsage

if TYPE_CHECKING:
    from tiefvision.benchmarks.indexes import IndexRow, Task

MOST_ROWS = 10_000_000
"""More do not fit into the memory of a machine that this is meant for."""


@with_options
def bench_index(
    options: Options,
    rows: Annotated[
        int, typer.Option(min=100, max=MOST_ROWS, help="Number of vectors.")
    ] = 100_000,
    dimensions: Annotated[
        int, typer.Option(min=4, max=8192, help="Length of a vector.")
    ] = 256,
    queries: Annotated[
        int, typer.Option(min=10, max=100_000, help="Number of queries.")
    ] = 2000,
    decay: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=2,
            help="How fast the spread of the vectors falls; as photographs by default.",
        ),
    ] = None,
    packages: Annotated[
        Path | None,
        typer.Option(help="Folder with an NMSLIB built from source, to compare too."),
    ] = None,
) -> int:
    """Time the index beside exact search, hnswlib, faiss and usearch."""
    from tiefvision.benchmarks.index_vectors import DECAY
    from tiefvision.benchmarks.indexes import Task, compare_indexes, entries
    from tiefvision.machine import usable_cores

    if packages is not None and not any(packages.glob("nmslib*")):
        raise BadUsage(
            f"There is no NMSLIB in {packages}.",
            f"Run: pip install --no-binary nmslib --target {packages} nmslib",
        )
    task = Task(
        rows, dimensions, queries, options.seed, DECAY if decay is None else decay
    )
    options.tell_machine(
        f"{rows:,} x {dimensions} vectors, decay {task.decay:g}, seed {task.seed}, "
        f"{queries:,} queries"
    )
    every = sorted({1, usable_cores()})
    for threads in [options.threads] if options.threads else every:
        measured = compare_indexes(task, entries(packages), threads, options.note)
        _print(options, measured, threads)
    _print_exact(options, task)
    return DONE


def _print(options: Options, measured: "list[IndexRow]", threads: int) -> None:
    """The rows as JSON, or a table of building and one for each recall."""
    from tiefvision.benchmarks.indexes import (
        BUILDING,
        SEARCHING,
        building_table,
        by_recall,
        searching_table,
    )

    if options.json:
        for row in measured:
            print_line(row.to_dict())
        return
    print_text("")
    print_text(f"building, threads: {threads}")
    print_table(BUILDING, building_table(measured))
    for target, rows in by_recall(measured):
        print_text("")
        print_text(f"searching at recall {target:g}, threads: {threads}")
        print_table(SEARCHING, searching_table(rows))


def _print_exact(options: Options, task: "Task") -> None:
    """Exact search beside its limits."""
    from tiefvision.benchmarks.exact_limits import exact_limits
    from tiefvision.benchmarks.index_vectors import clustered_vectors

    vectors, queries = clustered_vectors(task.rows, task.dimensions, 256, task.seed)
    rows = list(exact_limits(vectors, queries))
    if options.json:
        for row in rows:
            print_line(row.to_dict())
    else:
        print_tables(rows)
