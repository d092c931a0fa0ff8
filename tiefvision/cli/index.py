"""``tiefvision index``: make a catalogue searchable."""

from pathlib import Path
from typing import Annotated

import typer

from tiefvision.cli.options import (
    DEFAULT_MODELS,
    ModelsOption,
    Options,
    with_options,
)
from tiefvision.cli.output import print_line, print_table
from tiefvision.cli.running import DONE, SOME_UNREADABLE, say
from tiefvision.cli.search import ONE_ITEM
from tiefvision.store.artifact import MAX_GIB


@with_options
def index(
    catalogue: Annotated[
        Path, typer.Argument(help="Folder of shop photographs, or a dataset.")
    ],
    options: Options,
    max_gib: Annotated[float, typer.Option(help="Limit of the file in GiB.")] = MAX_GIB,
    models: ModelsOption = DEFAULT_MODELS,
) -> int:
    """Encode shop photographs and build the NMSLIB index of every ranker."""
    from tiefvision.catalogue.indexing import index_catalogue
    from tiefvision.workspace.job import Resources

    resources = Resources(options.torch_device(), options.seed, max_gib, options.track)
    chosen = options.choose_models(models)
    report = index_catalogue(options.run, chosen, catalogue, resources)
    if options.json:
        print_line(report)
    else:
        facts = report["indexes"].items()
        print_table(
            ("ranker", "embedding", "MiB", "found of the exact ten nearest"),
            [
                (
                    name,
                    item["embedding"],
                    f"{item['bytes'] / 2**20:.1f}",
                    f"{item['recall_of_exact']:.3f}",
                )
                for name, item in facts
            ],
        )
    for reason in report["skipped"]:
        say(f"Skipped: {reason}")
    if not options.quiet:
        if report["items"] == 1:
            say(f"Note: {ONE_ITEM}")
        say(
            f"{report['photos']} photographs can be searched"
            f"{' (up to date)' if report['up_to_date'] else ''}. "
            "Next: tiefvision search PHOTO"
        )
    return SOME_UNREADABLE if report["skipped"] else DONE
