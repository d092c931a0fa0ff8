"""``tiefvision index``: make a catalogue searchable."""

from pathlib import Path
from typing import Annotated

import typer

from tiefvision.catalogue.partitions.workers import ALONE
from tiefvision.cli.catalogue import (
    AddressOption,
    ItemsOption,
    MaxGibOption,
    RayOption,
    WorkersOption,
    change_text,
    chosen_workers,
    print_indexes,
    tell_problems,
)
from tiefvision.cli.completing import complete_ranker
from tiefvision.cli.options import (
    DEFAULT_MODELS,
    ModelsOption,
    Options,
    load_rankers,
    with_options,
)
from tiefvision.cli.output import print_line
from tiefvision.cli.running import say, tell_skipped
from tiefvision.cli.search import ONE_ITEM
from tiefvision.files import no_folder
from tiefvision.store.limits import MAX_GIB
from tiefvision.wording import counted


@with_options
def index(
    catalogue: Annotated[
        Path, typer.Argument(help="Folder of shop photographs, or a dataset.")
    ],
    options: Options,
    ranker: Annotated[
        list[str] | None,
        typer.Option(
            help="Ranker to index for, or FILE.py:CLASS; may come again. Default: "
            "cosine, and deeprank if trained.",
            autocompletion=complete_ranker,
        ),
    ] = None,
    items: ItemsOption = None,
    max_gib: MaxGibOption = MAX_GIB,
    models: ModelsOption = DEFAULT_MODELS,
    workers: WorkersOption = ALONE.count,
    ray: RayOption = ALONE.ray,
    address: AddressOption = ALONE.address,
) -> int:
    """Make a folder of shop photographs the catalogue, with an index for each ranker.

    Only what is new or changed is encoded. ``tiefvision catalogue`` changes it later.
    """
    if not catalogue.is_dir():
        raise no_folder(catalogue)
    who = chosen_workers(workers, ray, address)
    names = load_rankers(ranker)
    with options.finder(models) as finder:
        options.tell_used(finder.models, making=catalogue)
        report = finder.index(catalogue, names, max_gib, items, who)
        if options.json:
            print_line(report)
        else:
            print_indexes(report["indexes"], report.get("milliseconds"))
        code = tell_skipped(report["skipped"])
        tell_problems(report, options)
        if not options.quiet:
            if report["items"] == 1:
                say(f"Note: {ONE_ITEM}")
            say(change_text(report))
            say(
                f"{counted(report['photos'], 'photograph')} can be searched"
                f"{' (up to date)' if report['up_to_date'] else ''}. "
                f"Next: tiefvision search PHOTO{options.repeated(models)}"
            )
    return code
