"""``tiefvision export``: rows and vectors for another store."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tiefvision.cli.completing import complete_ranker
from tiefvision.cli.options import Options, with_options
from tiefvision.cli.output import print_line
from tiefvision.cli.running import DONE, FAILED, say
from tiefvision.errors import BadUsage
from tiefvision.wording import counted
from tiefvision.workspace.artifacts import CATALOGUE

if TYPE_CHECKING:  # imports NumPy, which --help does not need
    from collections.abc import Iterator

    from tiefvision.catalogue.living.embedded import EmbeddedRows
    from tiefvision.exporting.parity import Parity
    from tiefvision.exporting.records import Collection, ExportBatch

STORES = ("parquet", "npy", "qdrant", "milvus", "opensearch", "pgvector")
"""Values of ``--to``; a test holds them against ``exporting.targets``."""


def _complete_store(incomplete: str) -> list[str]:
    return [store for store in STORES if store.startswith(incomplete)]


@with_options
def export(
    options: Options,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            help=f"One of {', '.join(STORES)}.",
            autocompletion=_complete_store,
        ),
    ],
    output: Annotated[
        str, typer.Option(help="File, folder or address: see docs/export.md.")
    ],
    ranker: Annotated[
        str,
        typer.Option(
            help="A ranker that was indexed, or its FILE.py:CLASS. Default: the last "
            "one.",
            autocompletion=complete_ranker,
        ),
    ] = "",
    name: Annotated[
        str, typer.Option(help="Name of the collection in the other store.")
    ] = "tiefvision",
    check: Annotated[
        bool,
        typer.Option("--check", help="Compare its 20 nearest with our exact search."),
    ] = False,
    where: Annotated[
        str, typer.Option("--at", help="Where the check finds it; else --output.")
    ] = "",
) -> int:
    """Export the catalogue's rows and vectors, by itself or to compare (--check)."""
    if to not in STORES:
        raise BadUsage(f"There is no target {to}.", f"Use {', '.join(STORES)}.")
    from tiefvision.catalogue.living.embedded import read_embedded
    from tiefvision.catalogue.living.upkeep import Upkeep
    from tiefvision.exporting import targets
    from tiefvision.store.table import Table

    Upkeep(options.run).require()
    target = targets.TARGETS[to]
    with Table(options.run.path(CATALOGUE)) as table:
        embedded = read_embedded(table, ranker)
        collection = _collection(embedded, name)
        if not (check and where):  # what lies elsewhere was exported before
            targets.export(target, collection, _batches(embedded, options), output)
        report: dict[str, Any] = {
            "to": to,
            "output": output,
            "rows": collection.count,
            "ranker": embedded.ranker,
            "dimension": collection.dimension,
        }
        if not check:
            return _tell(report, None, options)
        found = targets.check(
            target, collection, lambda: _batches(embedded, options), where or output
        )
        return _tell(report, found, options)


def _tell(report: dict[str, Any], found: "Parity | None", options: Options) -> int:
    if found:
        report["check"] = {
            "queries": found.queries,
            "top": found.top,
            "recall": found.recall,
            "same": found.same,
            "difference": found.difference,
        }
    if options.json:
        print_line(report)
    elif not options.quiet:
        said = f"{counted(report['rows'], 'row')} of {report['dimension']} numbers"
        say(f"{said} ({report['ranker']}) are in {report['output']}.")
        if found:
            say(
                f"Of our exact {found.top} nearest it finds {found.recall:.3f}; "
                f"{found.same:.0%} of {found.queries} lists are equal."
            )
    return DONE if found is None or found.recall > 0 else FAILED


def _collection(embedded: "EmbeddedRows", name: str) -> "Collection":
    from tiefvision.exporting.records import Collection, kinds_of

    return Collection(
        name,
        embedded.ranker,
        embedded.space.dimension,
        len(embedded.rows),
        kinds_of(row.columns for row in embedded.rows),
    )


def _batches(embedded: "EmbeddedRows", options: Options) -> "Iterator[ExportBatch]":
    import numpy as np

    from tiefvision.exporting.records import BATCH_ROWS, ExportBatch, ExportRow

    starts = range(0, len(embedded.rows), BATCH_ROWS)
    for start in options.track(starts, "exporting", len(starts)):
        stop = min(start + BATCH_ROWS, len(embedded.rows))
        rows = [
            ExportRow(
                int(embedded.numbers[place]),
                row.item,
                row.photo,
                row.crop.box_in_image,
                row.crop.category,
                row.variant,
                row.columns,
                embedded.fingerprints[place],
            )
            for place, row in enumerate(embedded.rows[start:stop], start)
        ]
        yield ExportBatch(rows, embedded.vectors_at(np.arange(start, stop)))
