"""``tiefvision bench``: how fast everything is here, and how fast it could be."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from tiefvision.cli.options import (
    DEFAULT_MODELS,
    ModelsOption,
    Options,
    with_options,
)
from tiefvision.cli.output import print_line, print_table, print_text
from tiefvision.cli.running import DONE, say
from tiefvision.errors import BadUsage


@with_options
def bench(
    options: Options,
    encoder: Annotated[
        list[str] | None, typer.Option(help="Only these encoders; all by default.")
    ] = None,
    models: ModelsOption = DEFAULT_MODELS,
    startup: Annotated[
        bool,
        typer.Option(
            "--startup", help="Time whole commands instead, start-up included."
        ),
    ] = False,
) -> int:
    """Time encoding, locating and training against the machine's limit."""
    if startup:
        if encoder or models != DEFAULT_MODELS:
            raise BadUsage("--startup times the models that ship; leave the others.")
        return _bench_startup(options)
    from tiefvision.benchmarks.measured import COLUMNS, table_row
    from tiefvision.benchmarks.suite import suite
    from tiefvision.encoders.architectures import ARCHITECTURES, architecture_named
    from tiefvision.machine import this_machine

    device = options.backend.training
    architectures = [architecture_named(name) for name in encoder or ARCHITECTURES]
    chosen = options.choose_models(models)
    machine = this_machine(device)
    sections = suite(
        architectures, chosen.locator(options.backend.inference), chosen.label, device
    )
    if options.json:
        print_line({"machine": machine.to_dict()})
    elif not options.quiet:
        say("This takes minutes; nothing else should run meanwhile.")
    rows: list[tuple[str, ...]] = []
    for section in options.track(sections, "measuring", len(sections)):
        for measured in section():
            if options.json:
                print_line(measured.to_dict())
            rows.append(table_row(measured))
    if not options.json:
        print_text(str(machine))
        print_table(COLUMNS, rows)
    return DONE


def _bench_startup(options: Options) -> int:
    """The times of whole commands, of processes of their own."""
    from tiefvision.benchmarks.startup import COLUMNS, measure_startup, table_row

    if not options.quiet:
        say("This takes two minutes; nothing else should run meanwhile.")
    with tempfile.TemporaryDirectory() as folder:
        rows = measure_startup(Path(folder), track=options.track)
    if options.json:
        for row in rows:
            print_line(row.to_dict())
    else:
        print_table(COLUMNS, [table_row(row) for row in rows])
    return DONE
