"""``tiefvision catalogue``: change what can be searched, photograph by photograph."""

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tiefvision.catalogue.living.collection import TARGET_RECALL
from tiefvision.catalogue.partitions.workers import ALONE, MOST_WORKERS, Workers
from tiefvision.cli.options import (
    DEFAULT_MODELS,
    ModelsOption,
    Options,
    OwnOption,
    load_rankers,
    with_options,
)
from tiefvision.cli.output import print_line, print_table
from tiefvision.cli.running import DONE, SOME_UNREADABLE, say, tell_skipped
from tiefvision.store.limits import MAX_GIB, require_size_limit
from tiefvision.wording import counted

if TYPE_CHECKING:  # imports NumPy, which --help does not need
    from tiefvision.catalogue.living.upkeep import Upkeep

app = typer.Typer(
    help="Change what can be searched, without encoding again what is there.",
    no_args_is_help=True,
)

ItemsOption = Annotated[
    Path | None,
    typer.Option("--items", help="Table of products; else items.csv in the folder."),
]

WorkersOption = Annotated[
    int,
    typer.Option(
        min=0,
        max=MOST_WORKERS,
        help="Processes that encode; 0: this one, or with --ray one a processor.",
    ),
]

RayOption = Annotated[bool, typer.Option("--ray", help="Encode in a Ray cluster.")]

AddressOption = Annotated[
    str, typer.Option(help="Address of the cluster. Default: one on this machine.")
]

MaxGibOption = Annotated[float, typer.Option(help="Largest file, in GiB.")]


@app.command()
@with_options
def add(
    paths: Annotated[
        list[Path], typer.Argument(help="Photographs, or folders of them.")
    ],
    options: Options,
    items: ItemsOption = None,
    max_gib: MaxGibOption = MAX_GIB,
    ranker: OwnOption = None,
    models: ModelsOption = DEFAULT_MODELS,
    workers: WorkersOption = ALONE.count,
    ray: RayOption = ALONE.ray,
    address: AddressOption = ALONE.address,
) -> int:
    """Add photographs, or take in those whose files changed."""
    who = chosen_workers(workers, ray, address)
    load_rankers(ranker)
    with options.finder(models) as finder:
        options.tell_used(finder.models)
        return tell_change(finder.catalogue(max_gib, who).add(paths, items), options)


@app.command()
@with_options
def remove(
    items: Annotated[list[str], typer.Argument(help="Items, or paths of photographs.")],
    options: Options,
) -> int:
    """Remove items, or single photographs; their files stay."""
    return tell_change(_upkeep(options).remove(items), options)


@app.command()
@with_options
def sync(
    folder: Annotated[Path, typer.Argument(help="A folder, or a dataset.")],
    options: Options,
    items: ItemsOption = None,
    max_gib: MaxGibOption = MAX_GIB,
    ranker: OwnOption = None,
    models: ModelsOption = DEFAULT_MODELS,
    workers: WorkersOption = ALONE.count,
    ray: RayOption = ALONE.ray,
    address: AddressOption = ALONE.address,
) -> int:
    """Take in what is new, changed or gone below a folder, by content."""
    who = chosen_workers(workers, ray, address)
    load_rankers(ranker)
    with options.finder(models) as finder:
        options.tell_used(finder.models)
        return tell_change(finder.catalogue(max_gib, who).sync(folder, items), options)


@app.command()
@with_options
def compact(
    options: Options,
    if_due: Annotated[
        bool,
        typer.Option(
            "--if-due", help="Only what is due, as changes start it themselves."
        ),
    ] = False,
    max_gib: MaxGibOption = MAX_GIB,
) -> int:
    """Build each index anew as one graph, and delete what is unused."""
    report = _upkeep(options, max_gib).compact(if_due)
    if options.json:
        print_line(report)
    elif not options.quiet:
        say(f"{counted(report['graphs'], 'graph')} built.")
    return DONE


@app.command()
@with_options
def tune(
    options: Options,
    recall: Annotated[
        float, typer.Option(help="Share of the ten nearest that graphs have to find.")
    ] = TARGET_RECALL,
) -> int:
    """Measure recall against time, and tune the graphs for a recall."""
    report = _upkeep(options).tune(recall)
    if options.json:
        print_line(report)
        return DONE
    print_table(
        ("ranker", "rows", "effort", "recall", "ms", ""),
        [
            (
                one["ranker"],
                f"{one['rows']:,}",
                "exact" if one["effort"] is None else one["effort"],
                f"{one['recall']:.4f}",
                f"{one['milliseconds']:.2f}",
                "used" if one["chosen"] else "",
            )
            for one in report["measured"]
        ],
    )
    return DONE


@app.command()
@with_options
def status(options: Options) -> int:
    """Tell what the catalogue holds, and which files went or changed since."""
    report = _upkeep(options).status()
    if options.json:
        print_line(report)
    else:
        print_table(("", ""), _status_rows(report))
        print_indexes(report["indexes"])
    lost = report["gone"] + report["differs"]
    if lost and not options.quiet:
        root, repeated = quote(report["root"]), options.repeated()
        say(f"Next: tiefvision catalogue sync {root}{repeated}")
    return SOME_UNREADABLE if lost else DONE


def _upkeep(options: Options, max_gib: float = MAX_GIB) -> "Upkeep":
    from tiefvision.catalogue.living.upkeep import Upkeep

    require_size_limit(max_gib)
    return Upkeep(options.run, max_gib)


def _status_rows(report: dict[str, Any]) -> list[tuple[str, str]]:
    disk = (report["bytes_table"] + report["bytes_graphs"]) / 2**20
    return [
        ("folder", report["root"]),
        ("photographs", f"{report['photos']:,}"),
        ("items", f"{report['items']:,}"),
        ("last change", report["changed"]),
        ("files that went", f"{report['gone']:,}"),
        ("files that changed", f"{report['differs']:,}"),
        ("on the disk", f"{disk:,.1f} MiB"),
        ("merge", "due" if report["merge_due"] else "not due"),
        *([("last merge", report["last_merge"])] if report["last_merge"] else []),
    ]


def chosen_workers(count: int, ray: bool, address: str) -> Workers:
    """Who encodes, as the options say. Raises BadUsage, also where Ray is missing."""
    workers = Workers(count, ray, address)
    workers.require_valid()
    return workers


def tell_change(report: dict[str, Any], options: Options) -> int:
    """Print what a change did; the exit code."""
    if options.json:
        print_line(report)
    code = tell_skipped(report["skipped"])
    tell_problems(report, options)
    if not options.quiet:
        say(change_text(report))
    return code


def tell_problems(report: dict[str, Any], options: Options) -> None:
    """Say what the table of products tells and was not used."""
    for problem in report["problems"]:
        options.note(f"Note: {problem}")


def change_text(report: dict[str, Any]) -> str:
    """What a change did, such as "5 added, 3 removed, 292 kept, 4 s."."""
    counts = [
        f"{report[what]:,} {what}"
        for what in ("added", "changed", "removed", "kept")
        if report[what]
    ] or ["nothing to do"]
    return f"{', '.join(counts)}, {report['seconds']:,.1f} s."


def print_indexes(
    indexes: dict[str, dict[str, Any]], milliseconds: dict[str, float] | None = None
) -> None:
    """Print the facts of each ranker's index, and the time of a search if it is known.

    Args:
        indexes: facts, as ``status.indexes_of`` gives them.
        milliseconds: time of a search by ranker; None if nobody measured it.
    """
    times = milliseconds or {}
    header = ("ranker", "embedding", "index", "new", "MiB", "recall of exact")
    print_table(
        (*header, *(["ms"] if times else [])),
        [
            (
                name,
                f"{facts['embedding']:,}{' (PCA)' if facts['reduced'] else ''}",
                _kind(facts),
                f"{facts['new']:,}" if facts["graphs"] else "",
                f"{facts['bytes'] / 2**20:.1f}",
                f"{facts['recall_of_exact']:.3f}",
                *([f"{times[name]:.2f}"] if times else []),
            )
            for name, facts in indexes.items()
        ],
    )


def _kind(facts: dict[str, Any]) -> str:
    """Kind of an index, such as "exact" or "3 graphs"."""
    graphs = facts["graphs"]
    return counted(graphs, "graph") if graphs else "exact"
