"""``tiefvision labels``: what people labelled, out, in, and counted."""

from collections import Counter
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tiefvision.cli.options import Options, with_options
from tiefvision.cli.output import print_line, print_table
from tiefvision.cli.running import DONE, say, tell_skipped
from tiefvision.labels.records import DEFAULT_WHO

if TYPE_CHECKING:
    from tiefvision.labels.records import Judgement, PhotoLabel

NAMED = 5
"""Doubles and contradictions that the table names; --json names all."""

app = typer.Typer(
    help="Export, import and count the labels of a workspace.", no_args_is_help=True
)


@app.command()
@with_options
def export(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder to write.", file_okay=False)
    ],
    options: Options,
) -> int:
    """Write the labels as a dataset: COCO, triplets.csv, and its photographs."""
    from tiefvision.labels.exporting import write_export
    from tiefvision.labels.workspaces import labels_of

    export = write_export(labels_of(options.run), folder)
    boxes = sum(len(photo.garments) for photo in export.photos)
    facts = {
        "dataset": str(folder),
        "photographs": len(export.notes),
        "boxes": boxes,
        "triplets": len(export.triplets),
    }
    if options.json:
        print_line(facts)
    elif not options.quiet:
        say(
            f"{len(export.notes)} labelled photographs with {boxes} boxes and "
            f"{len(export.triplets)} triplets are in {folder}. Next: tiefvision data "
            f"check {quote(str(folder))}"
        )
    return tell_skipped(export.problems)


@app.command("import")
@with_options
def import_(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SRC", help="A dataset, a COCO file, or a triplets.csv."
        ),
    ],
    options: Options,
    who: Annotated[
        str, typer.Option(help="Who labelled, where the file does not tell it.")
    ] = DEFAULT_WHO,
) -> int:
    """Take boxes and triplets over; what is there already is not saved again."""
    from tiefvision.labels.importing import import_labels
    from tiefvision.labels.workspaces import dataset_photos, labels_of

    known = dataset_photos(options.run)
    done = import_labels(labels_of(options.run), source, known, who)
    if options.json:
        print_line(
            {
                "photographs": done.photos,
                "triplets": done.triplets,
                "known": done.known,
                "unlabelled": done.unlabelled,
                "problems": list(done.problems),
            }
        )
    elif not options.quiet:
        say(
            f"{done.photos} photographs and {done.triplets} triplets are new; "
            f"{done.known} labels were there already. "
            f"Next: tiefvision labels status{options.repeated()}"
        )
    return tell_skipped(done.problems)


@app.command()
@with_options
def status(options: Options) -> int:
    """Count labels, and name judgements that were given twice or contradict others."""
    from tiefvision.labels.agreement import contradictions, double_judgements
    from tiefvision.labels.workspaces import dataset_photos, labels_of

    store = labels_of(options.run)
    labels, judgements = store.labels(), store.judgements()
    doubles, contrary = double_judgements(judgements), contradictions(judgements)
    facts = _counts(labels, judgements)
    sources = [one.photo.source for one in dataset_photos(options.run)]
    street = sources.count("street")
    if options.json:
        print_line(
            facts
            | {"street photographs": street}
            | {"doubles": [[_record(one) for one in group] for group in doubles]}
            | {"contradictions": [[_record(one) for one in g] for g in contrary]}
        )
        return DONE
    rows: list[tuple[str, Any]] = [
        ("file", store.file),
        ("labelled", _labelled(facts, street)),
        ("boxes", _listed(facts["boxes"], facts["by group"])),
        ("skipped", facts["skipped"]),
        ("triplets", _listed(facts["triplets"], {"no difference": facts["neither"]})),
        ("people", ", ".join(facts["people"])),
        ("last", facts["last"]),
        ("judged twice", _named([[_sentence(g[0])] for g in doubles])),
        ("contradictions", _named([[_sentence(one) for one in g] for g in contrary])),
    ]
    print_table(("", ""), [row for row in rows if row[1]])
    if not labels and not judgements:
        options.note("Nothing is labelled yet. Run: tiefvision serve, and open /boxes")
    return DONE


def _counts(
    labels: "list[PhotoLabel]", judgements: "list[Judgement]"
) -> dict[str, Any]:
    states = Counter(label.state for label in labels)
    groups = Counter(one.category for label in labels for one in label.garments)
    given: list[PhotoLabel | Judgement] = [*labels, *judgements]
    return {
        "photographs": states["boxes"] + states["nothing"],
        "nothing": states["nothing"],
        "skipped": states["skipped"],
        "boxes": groups.total(),
        "by group": dict(groups.most_common()),
        "triplets": sum(not one.neither for one in judgements),
        "neither": sum(one.neither for one in judgements),
        "people": sorted({one.who for one in given}),
        "last": max((one.at for one in given), default=""),
    }


def _labelled(facts: dict[str, Any], street: int) -> str:
    of = f"; the dataset has {street} street photographs" if street else ""
    nothing = f", {facts['nothing']} of them without a garment" * bool(facts["nothing"])
    return f"{facts['photographs']} photographs{nothing}{of}"


def _listed(total: int, parts: dict[str, int]) -> str:
    named = ", ".join(f"{count} {name}" for name, count in parts.items() if count)
    return f"{total} ({named})" if named else str(total)


def _named(groups: list[list[str]]) -> tuple[str, ...]:
    """The lines of a cell: how many there are, and the first of them."""
    if not groups:
        return ()
    more = [f"and {len(groups) - NAMED} more"] if len(groups) > NAMED else []
    return (str(len(groups)), *("; ".join(group) for group in groups[:NAMED]), *more)


def _sentence(judgement: "Judgement") -> str:
    (_, reference), (_, closer), (_, further) = judgement.keys
    if judgement.neither:
        return f"{reference}: {closer} as close as {further} ({judgement.who})"
    return f"{reference}: {closer} closer than {further} ({judgement.who})"


def _record(judgement: "Judgement") -> dict[str, Any]:
    reference, closer, further = (path for _, path in judgement.keys)
    return {
        "number": judgement.number,
        "reference": reference,
        "closer": closer,
        "further": further,
        "neither": judgement.neither,
        "who": judgement.who,
        "at": judgement.at,
    }
