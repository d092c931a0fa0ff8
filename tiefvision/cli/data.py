"""``tiefvision data``: make, convert and check datasets."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tiefvision.cli.options import Options, with_options
from tiefvision.cli.output import print_line, print_table, print_unfolded
from tiefvision.cli.running import DONE, FAILED, say, tell, tell_skipped
from tiefvision.datasets.files import is_dataset
from tiefvision.errors import BadDataset, BadUsage
from tiefvision.wording import counted
from tiefvision.workspace.artifacts import DEFAULT_WORKSPACE

if TYPE_CHECKING:
    from tiefvision.catalogue.near_duplicates import NearReport
    from tiefvision.datasets.report import DatasetReport

NAMED = 5
"""Most photographs named for each kind of problem; --json names all."""

MOST_ITEMS = 1_000_000
"""Garments that are invented at most: all are in memory before one is drawn."""

app = typer.Typer(help="Make, convert and check datasets.", no_args_is_help=True)


@app.command()
@with_options
def synth(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder to write.", file_okay=False)
    ],
    options: Options,
    items: Annotated[
        int, typer.Option(min=1, max=MOST_ITEMS, help="Garments to invent.")
    ] = 120,
    street: Annotated[int, typer.Option(min=1, help="Street photos of each.")] = 3,
) -> int:
    """Write a synthetic street-to-shop dataset; a seed always gives the same bytes."""
    from tiefvision.datasets.synth.generate import generate_dataset

    generate_dataset(
        folder,
        items=items,
        street_per_item=street,
        seed=options.seed,
        track=options.track,
    )
    if options.json:
        print_line({"dataset": str(folder), "items": items, "street": street})
    elif not options.quiet:
        say(f"{items} items are in {folder}. {_next(folder, options)}")
    return DONE


@app.command("import")
@with_options
def import_(
    format: Annotated[str, typer.Argument(metavar="FORMAT", help="See data formats.")],
    source: Annotated[Path, typer.Argument(metavar="SRC", help="Published dataset.")],
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder to write.", file_okay=False)
    ],
    options: Options,
) -> int:
    """Convert a published dataset to the layout that every stage reads."""
    from tiefvision.datasets.importers import FORMATS

    if format not in FORMATS:
        known = ", ".join(FORMATS)
        raise BadUsage(f"There is no format {format!r}.", f"Use {known}.")
    report = FORMATS[format].convert(
        source, folder, seed=options.seed, track=options.track
    )
    if options.json:
        print_line(report.to_dict())
    elif not options.quiet:
        say(
            f"{folder} holds {counted(report.photos, 'photograph')} with "
            f"{counted(report.boxes, 'garment')}. {_next(folder, options)}"
        )
        if report.survival:
            say(f"Of what was published, {report.survival.in_words()}")
    return tell_skipped(report.skipped)


@app.command()
@with_options
def formats(options: Options) -> int:
    """List the published datasets that can be imported."""
    from tiefvision.datasets.importers import FORMATS

    if options.json:
        for item in FORMATS.values():
            print_line(
                {
                    "name": item.name,
                    "description": item.description,
                    "homepage": item.homepage,
                }
            )
    else:
        rows = [(f.name, (f.description, f.homepage)) for f in FORMATS.values()]
        print_table(("name", "description and homepage"), rows)
    return DONE


@app.command()
@with_options
def check(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A dataset; with --near, any folder.")
    ],
    options: Options,
    near: Annotated[
        bool,
        typer.Option(
            "--near", help="Also tell near-duplicates, by the index of searches."
        ),
    ] = False,
    near_cosine: Annotated[
        float | None,
        typer.Option(
            help="Least cosine of near-duplicates. [0.92 street, 0.985 shop]",
            min=-1,
            max=1,
        ),
    ] = None,
) -> int:
    """Count what a dataset holds, and what is wrong with it; 1 if it cannot be used."""
    from tiefvision.datasets.check import check_dataset

    near = near or near_cosine is not None
    if near and folder.is_dir() and not is_dataset(folder):
        # A folder of photographs: there is nothing else to check.
        return _print_near(_find_near(folder, near_cosine, options), {}, options)
    report = check_dataset(folder, options.track)
    facts = report.to_dict()
    if not options.json:
        print_table(("", ""), _report_rows(report))
    if near and report.usable:
        _print_near(_find_near(folder, near_cosine, options), facts, options)
    elif options.json:
        print_line(facts)
    if not report.usable:
        first, *others = report.reasons
        tell(BadDataset(f"{folder} cannot be used. {first}", reasons=others))
        return FAILED
    if not options.quiet:
        for note in report.notes:
            say(f"Note: {note}")
    return DONE


def _next(folder: Path, options: Options) -> str:
    """What to run on a dataset that was just written."""
    elsewhere = options.workspace != DEFAULT_WORKSPACE
    run = f" RUN={quote(str(options.workspace))}" if elsewhere else ""
    return f"Next: make stage-1 DATA={quote(str(folder))}{run}"


def _find_near(folder: Path, least: float | None, options: Options) -> "NearReport":
    from tiefvision.catalogue.near_duplicates import (
        NEAR_COSINES,
        find_near,
        near_encoder,
    )

    encoder = near_encoder(options.backend.inference)
    limits = {
        source: cosine if least is None else least
        for source, cosine in NEAR_COSINES.items()
    }
    return find_near(folder, encoder, limits, options.track)


def _print_near(found: "NearReport", facts: dict[str, Any], options: Options) -> int:
    """The groups as a table, or beside what else is known in one line of JSON.

    Returns:
        The exit code.
    """
    if options.json:
        print_line(facts | {"near": found.to_dict()})
        return tell_skipped(found.skipped)
    limits = ", ".join(f"{least:g} {source}" for source, least in found.limits.items())
    typer.echo()
    print_unfolded(
        f"{len(found.groups)} groups of near-duplicates among {found.photos} "
        f"photographs (cosine from {limits})"
    )
    rows = [
        (
            f"{group.closest:.3f}",
            ", ".join(group.splits) + (": a leak" if group.leaks else ""),
            ", ".join(group.items) + (": different" if group.disagrees else ""),
            " = ".join(group.photos),
        )
        for group in found.groups
    ]
    if rows:
        print_table(("cosine", "splits", "items", "photographs"), rows)
    return tell_skipped(found.skipped)


def _report_rows(report: "DatasetReport") -> list[tuple[str, object]]:
    leaks = [
        f"{leak.kind}: {', '.join(sum(leak.photos.values(), ()))}"
        for leak in report.leaks
    ]
    copies = [" = ".join(group) for group in report.duplicates]
    corrupt = [f"{path} ({reason})" for path, reason in report.corrupt.items()]
    rows = [
        ("photographs", f"{report.photos}{_counts(report.by_source)}"),
        ("splits", _counts(report.by_split).strip(" ()")),
        ("items", str(report.items)),
        ("boxes", f"{report.boxes}{_counts(report.categories)}"),
        ("triplets", str(report.triplets)),
        ("missing files", _some(report.missing)),
        ("unreadable files", _some(corrupt)),
        ("files of another size", _some(list(report.resized.items()))),
        ("equal files", _some(copies)),
        ("leaks across splits", _some(leaks)),
        ("not in annotations.json", _some(report.unnamed)),
        ("left out of images", _some(report.left_out)),
        ("mended or left out", _some(report.problems)),
    ]
    return [row for row in rows if row[1]]


def _counts(counts: Mapping[str, int]) -> str:
    listed = ", ".join(f"{count} {name}" for name, count in counts.items())
    return f" ({listed})" if listed else ""


def _some(things: Sequence[object]) -> tuple[object, ...]:
    """The lines of a cell: how many things there are, and the first of them."""
    more = (f"and {len(things) - NAMED} more",) if len(things) > NAMED else ()
    return (len(things), *things[:NAMED], *more)
