"""``tiefvision precision``: how many of the closest photographs show the class."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tiefvision.cli.completing import complete_ranker
from tiefvision.cli.options import Options, PageOption, with_options
from tiefvision.cli.output import print_line, print_table, print_text
from tiefvision.cli.running import DONE, say
from tiefvision.models.rankers import expand_every, require_ranker
from tiefvision.models.trained import TrainedModels
from tiefvision.ranking.registry import COSINE

if TYPE_CHECKING:
    from tiefvision.judging.class_page import ClassComparison
    from tiefvision.ranking.garments import Embed

K = 30
"""Number of closest photographs looked at, as in the course project."""

QUERIES = 2000
"""Queries of a split; the interval is then within about 0.02 of the mean."""


@with_options
def precision(
    options: Options,
    ranker: Annotated[
        list[str] | None,
        typer.Option(
            help="May come again, the baseline first; or all. [cosine and the trained]",
            autocompletion=complete_ranker,
        ),
    ] = None,
    k: Annotated[int, typer.Option(min=1, help="Closest photographs looked at.")] = K,
    queries: Annotated[
        int, typer.Option(min=1, help="Queries of a split, drawn from all.")
    ] = QUERIES,
    html: PageOption = None,
) -> int:
    """Precision@k by class: training photographs close to those of val and train."""
    run = options.run
    run.require("photos", "crops")
    models = TrainedModels(run)
    names = _names(options, ranker or ())
    for name in names:
        require_ranker(run, models, name)
    from tiefvision.judging.classes import to_line
    from tiefvision.judging.rankers import load_compared
    from tiefvision.workspace.job import Resources

    resources = Resources(options.backend, options.seed, track=options.track)
    rankers = load_compared(run, models, names, resources, elsewhere=False)
    comparison = _judge(rankers, k, queries, options)
    if options.json:
        for result in comparison.results:
            print_line(
                to_line(comparison.search, result, k, options.seed, comparison.boxes)
            )
    else:
        _print(comparison)
    if html:
        _write_page(comparison, models, html, options)
    return DONE


def _names(options: Options, given: Sequence[str]) -> tuple[str, ...]:
    """Names of the rankers: those given, all that can be loaded, or the usual ones."""
    models = TrainedModels(options.run)
    if not given:
        return tuple(dict.fromkeys((COSINE, *models.trained)))
    return expand_every(given, options.run, models)


def _judge(
    rankers: "Mapping[str, Embed]", k: int, queries: int, options: Options
) -> "ClassComparison":
    from tiefvision.judging.class_page import ClassComparison
    from tiefvision.judging.classes import class_search, judge_classes
    from tiefvision.judging.protocol import are_whole
    from tiefvision.workspace.garments import garments_reader
    from tiefvision.workspace.maps import paths_with_maps
    from tiefvision.workspace.records import read_photos

    run = options.run
    with run.open("photos") as records, run.open("crops") as crops:
        photos = read_photos(records)
        available = paths_with_maps(crops, photos)
        search = class_search(photos, available, queries, options.seed)
        garments_of = garments_reader(crops)
        results = tuple(
            judge_classes(search, name, embed, garments_of, k, options.track)
            for name, embed in rankers.items()
        )
        boxes = "whole photographs" if are_whole(crops) else "predicted boxes"
    return ClassComparison(search, results, k, boxes, options.seed)


def _write_page(
    comparison: "ClassComparison", models: TrainedModels, html: Path, options: Options
) -> None:
    from tiefvision.judging.class_page import write_class_page
    from tiefvision.models.trained import training_curves

    history = training_curves(models, comparison.results[-1].ranker)
    with options.run.open("photos") as records:
        write_class_page(comparison, records, html, history, options.track)
    options.note(f"The page is {html}.")


def _print(comparison: "ClassComparison") -> None:
    """The verdict, the protocol and the figures with their intervals."""
    search, seed = comparison.search, comparison.seed
    print_text(comparison.verdict())
    print_text(f"Protocol: {search.in_words(comparison.boxes)}.")
    typer.echo()
    tables = [result.figures(search, seed) for result in comparison.results]
    headings = [f"precision@{comparison.k} on {split}" for split in tables[0]]
    rows = [
        (result.ranker, *map(str, figures.values()))
        for result, figures in zip(comparison.results, tables, strict=True)
    ]
    chances = (f"{search.chance(split):.3f}" for split in tables[0])
    print_table(("ranker", *headings), [*rows, ("chance", *chances)])
    for note in comparison.notes():
        say(f"Note: {note}")
