"""``tiefvision bench-serve``: the web application on loopback, timed."""

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tiefvision.cli.options import Options, with_options
from tiefvision.cli.output import print_line, print_table, print_text
from tiefvision.cli.running import DONE
from tiefvision.errors import UnreadablePhoto
from tiefvision.weights import SHIPPED

if TYPE_CHECKING:
    from tiefvision.benchmarks.serving import Comparison, Latency, Memory

COLUMNS = ("request", "number", "median ms", "p95 ms", "slowest", "goal", "met")


@with_options
def bench_serve(
    options: Options,
    rows: Annotated[
        int, typer.Option(min=24, help="Number of rows of the catalogue.")
    ] = 10_000,
    seconds: Annotated[
        float, typer.Option(min=0.1, help="Seconds of each measurement.")
    ] = 20.0,
    searches: Annotated[
        int, typer.Option(min=1, help="Searches in a row, for the memory.")
    ] = 500,
    photos: Annotated[
        Path | None,
        typer.Option(help="Folder of photographs to search with; else some are drawn."),
    ] = None,
    models: Annotated[
        str, typer.Option(help="Models: shipped, or the folder of a bundle.")
    ] = SHIPPED,
) -> int:
    """Time searches of a served catalogue of drawn rows; memory in MiB."""
    from tiefvision.benchmarks.serving import Latency, Task, measure_serving

    files = tuple(sorted(photos.glob("*.jpg"))) if photos else ()
    if photos and not files:
        raise UnreadablePhoto(f"No JPEG files in {photos}.", "Name another folder.")
    task = Task(rows, seconds, searches, files, models)
    options.tell_machine(f"{rows:,} rows")
    table: list[tuple[str, ...]] = []
    remarks: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for one in measure_serving(task, Path(folder)):
            if options.json:
                print_line(asdict(one))
            elif isinstance(one, Latency):
                table.append(_row(one))
                remarks += _steps(one)
            else:
                remarks.append(_remark(one))
    if not options.json:
        print_table(COLUMNS, table)
        for remark in remarks:
            print_text(remark)
    return DONE


def _row(one: "Latency") -> tuple[str, ...]:
    times = (f"{value:.1f}" for value in (one.median, one.p95, one.slowest))
    met = "yes" if one.goal.met else "no"
    return one.name, str(one.requests), *times, one.goal.text, met


def _steps(one: "Latency") -> list[str]:
    steps = ", ".join(f"{name} {time:.1f}" for name, time in one.steps.items())
    return [f"{one.name}, mean ms of each step: {steps}"] if steps else []


def _remark(one: "Comparison | Memory") -> str:
    from tiefvision.benchmarks.serving import Comparison

    if isinstance(one, Comparison):
        return f"{one.name}: {one.over_finder:.2f} times as long as without a server"
    return (
        f"{one.searches} {one.name}: {one.before:.0f} MiB before, {one.after:.0f} "
        f"after: {'flat' if one.is_flat else 'it grows'}"
    )
