"""``tiefvision models``: the encoders and rankers that there are."""

from pathlib import Path
from typing import Annotated

import typer

from tiefvision.cli.options import Options, with_options
from tiefvision.cli.output import print_line, print_table
from tiefvision.cli.running import DONE, say


@with_options
def models(
    options: Options,
    export: Annotated[
        Path | None,
        typer.Option(help="Write the workspace's models to this folder, for --models."),
    ] = None,
    name: Annotated[
        str, typer.Option(help="Of the exported heads; default: the folder's.")
    ] = "",
) -> int:
    """List encoders and rankers: parameters, and the size of their embeddings."""
    from tiefvision.models.listing import list_models

    if export:
        return _export(options, export, name or export.absolute().name)
    records = [record.to_dict() for record in list_models(options.run)]
    if options.json:
        for record in records:
            print_line(record)
    else:
        columns = ("name", "kind", "parameters", "trainable", "embedding", "state")
        rows = [
            [
                f"{row[name]:,}" if isinstance(row[name], int) else row[name]
                for name in columns
            ]
            for row in records
        ]
        print_table(columns, rows)
    return DONE


def _export(options: Options, folder: Path, name: str) -> int:
    from tiefvision.models.bundle_writing import write_bundle

    for path in write_bundle(options.run, folder, name):
        if options.json:
            print_line({"file": str(path), "bytes": path.stat().st_size})
        else:
            typer.echo(path)
    if not options.quiet:
        say(f"Next: tiefvision locate PHOTO --models {folder}")
    return DONE
