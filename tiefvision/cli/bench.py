"""``tiefvision bench``: how fast everything is here, and how fast it could be."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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

if TYPE_CHECKING:  # torch takes seconds to import, which --startup need not
    from tiefvision.benchmarks.measured import Measured


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
    from tiefvision.benchmarks.suite import load_subject, suite
    from tiefvision.encoders.architectures import ARCHITECTURES, architecture_named
    from tiefvision.encoders.libraries.names import require_layers
    from tiefvision.machine import this_machine

    backend = options.backend
    machine = this_machine(backend.training)
    architectures = [architecture_named(name) for name in encoder or ARCHITECTURES]
    for one in architectures:
        require_layers(one, "--encoder of bench, which runs it by every engine")
    subject = load_subject(options.choose_models(models), options.run, backend)
    sections = suite(architectures, subject, backend)
    if options.json:
        print_line({"machine": machine.to_dict(), "engine": backend.inference.name})
    elif not options.quiet:
        say("This takes minutes; nothing else should run meanwhile.")
    rows: list[Measured] = []
    for section in options.track(sections, "measuring", len(sections)):
        for measured in section():
            if options.json:
                print_line(measured.to_dict())
            rows.append(measured)
    if not options.json:
        print_text(f"{machine}, {backend.inference.name}")
        print_tables(rows)
    return DONE


def print_tables(rows: "list[Measured]") -> None:
    """A table for each heading, with the notes on its rows below it."""
    from tiefvision.benchmarks.measured import tables

    for table in tables(rows):
        print_text("")
        print_text(table.heading)
        print_table(table.columns, table.rows)
        for note in table.notes:
            print_text(note)


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
