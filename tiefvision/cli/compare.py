"""``tiefvision compare``: the rankers of a workspace, side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from tiefvision.cli.changes import compare_packs
from tiefvision.cli.completing import complete_ranker
from tiefvision.cli.options import (
    DEFAULT_MODELS,
    ModelsOption,
    Options,
    PageOption,
    with_options,
)
from tiefvision.cli.output import print_line, print_table, print_text
from tiefvision.cli.running import DONE, say
from tiefvision.datasets.files import require_dataset
from tiefvision.devices import require_device
from tiefvision.errors import BadUsage, require_known
from tiefvision.models.rankers import loadable_rankers, require_ranker
from tiefvision.ranking.registry import COSINE, DEEPRANK, OWN

if TYPE_CHECKING:
    from tiefvision.evaluation.searches import Within
    from tiefvision.judging.comparison import Comparison
    from tiefvision.models.protocol import Models
    from tiefvision.ranking.garments import Embed, GarmentsOf
    from tiefvision.store.artifact import Artifact


EVERY = "all"
"""Value of ``--ranker`` that stands for all rankers."""

SHOWN = {
    "recall@1": "R@1",
    "recall@5": "R@5",
    "recall@10": "R@10",
    "recall@20": "R@20",
    "reciprocal_rank": "MRR",
    "average_precision": "mAP",
}
"""Figures of the table with their headers, short enough for 80 columns."""

MEANINGS = {
    "reciprocal_rank": "MRR: mean reciprocal rank.",
    "average_precision": "mAP: mean average precision.",
}
"""What the headers mean that stand for one figure."""

LEGEND = (
    "p: paired randomisation test of the difference above it.",
    "lost: share of the ten nearest neighbours that the index (NMSLIB) does not find.",
    "95 % intervals and more figures: --json, or --html for a page.",
)
"""What the other headers mean."""

LARGEST_CUT = 20
"""Largest k of the recalls in the table; a smaller gallery makes some of them
meaningless."""


@dataclass(frozen=True)
class Asked:
    """The options of the command that choose what is compared."""

    rankers: tuple[str, ...] = ()
    data: Path | None = None
    boxes: str = "located"
    within: str = "all"
    queries: str = "*"
    models: str = DEFAULT_MODELS
    html: Path | None = None
    pack: Path | None = None

    def to_dict(self) -> dict[str, Any]:
        """The options that decide the figures, for a result pack."""
        return {
            "rankers": list(self.rankers),
            "data": None if self.data is None else str(self.data),
            "boxes": self.boxes,
            "within": self.within,
            "queries": self.queries,
            "models": self.models,
        }


@with_options
def compare(
    options: Options,
    packs: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[BEFORE AFTER]", help="Two result packs, or nothing."),
    ] = None,
    ranker: Annotated[
        list[str] | None,
        typer.Option(
            help=f"May come again, the baseline first: {', '.join(OWN)}, or a trained "
            "network; or all that can be loaded here. [cosine, deeprank]",
            autocompletion=complete_ranker,
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Another dataset, which the models have not seen."),
    ] = None,
    boxes: Annotated[
        str,
        typer.Option(help="Crops of --data: located or whole."),
    ] = Asked.boxes,
    within: Annotated[
        str, typer.Option(help="What a query may find: all, category or variants.")
    ] = Asked.within,
    queries: Annotated[
        str, typer.Option(help="Pattern of the queries' paths, as in '*_back*'.")
    ] = Asked.queries,
    models: ModelsOption = DEFAULT_MODELS,
    html: PageOption = None,
    pack: Annotated[
        Path | None,
        typer.Option(help="Folder for a result pack, page and all.", file_okay=False),
    ] = None,
    fail_if: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[RANKER:]FIGURE<LIMIT",
            help="With two packs: end with code 4 if a figure changed by less (or "
            "more, with >), or if AFTER lacks it or a query. May come again.",
        ),
    ] = None,
) -> int:
    """Evaluate the rankers on the test split of the workspace's dataset.

    With two result packs: what changed between them, query by query.
    """
    names = tuple(dict.fromkeys(ranker or ()))
    asked = Asked(names, data, boxes, within, queries, models, html, pack)
    if packs:
        strange = _changed(asked)
        if len(packs) != 2 or strange:
            given = f", not {', '.join(strange)}" if strange else ""
            raise BadUsage(f"Give two result packs and --fail-if alone{given}.")
        return compare_packs(packs[0], packs[1], fail_if or (), options)
    if fail_if:
        raise BadUsage("--fail-if needs two result packs.")
    _require_heeded(asked)
    _compare_rankers(asked, options)
    return DONE


def _names(asked: Asked, models: "Models", options: Options) -> tuple[str, ...]:
    """Names of the rankers to compare: those given, all, or baseline and trained."""
    if asked.rankers == (EVERY,):
        return loadable_rankers(options.run, models)
    return asked.rankers or (COSINE, DEEPRANK)


def _changed(asked: Asked) -> list[str]:
    """The options whose value is not the default."""
    own = {"rankers": "--ranker"}
    return [
        own.get(field.name, f"--{field.name}")
        for field in fields(asked)
        if getattr(asked, field.name) != field.default
    ]


def _require_heeded(asked: Asked) -> None:
    """Raises BadUsage for an option that has no effect here."""
    from tiefvision.evaluation.searches import WITHIN_IN_WORDS
    from tiefvision.judging.boxes import LOCATED, WHOLE

    require_known("--boxes", asked.boxes, (LOCATED, WHOLE))
    require_known("--within", asked.within, WITHIN_IN_WORDS)
    if asked.boxes != LOCATED and not asked.data:
        raise BadUsage(
            f"--boxes {asked.boxes} is for another dataset.",
            "Name it: --data DIR. The workspace's own crops are as located.",
        )


def _require_there(asked: Asked, models: "Models", options: Options) -> None:
    """Refuse what cannot be compared, before torch is imported.

    Raises:
        BadUsage: There is no such ranker, or no such device anywhere.
        MissingArtifact: There is nothing to compare on, or a ranker is not trained.
        BadDataset: The other dataset is none.
    """
    require_device(options.device)
    for name in asked.rankers:
        require_ranker(options.run, models, name)
    if asked.data:
        require_dataset(asked.data)
        return
    options.run.require("photos", "crops")


def _compare_rankers(asked: Asked, options: Options) -> None:
    run, track = options.run, options.track
    models = options.choose_models(asked.models)
    asked = replace(asked, rankers=_names(asked, models, options))
    _require_there(asked, models, options)
    from tiefvision.judging.comparison import compare_rankers
    from tiefvision.judging.indexes import with_indexes
    from tiefvision.judging.matching import with_matching
    from tiefvision.judging.packs import Origin, compared_inputs, write_pack
    from tiefvision.judging.prepared import prepare
    from tiefvision.judging.query_boxes import query_garments
    from tiefvision.judging.rankers import load_compared, require_comparable
    from tiefvision.models.trained import training_curves
    from tiefvision.workspace.garments import garments_reader
    from tiefvision.workspace.job import Resources

    place, elsewhere = run, asked.data is not None
    names, backend = asked.rankers, options.backend
    resources = Resources(backend, options.seed, track=track)
    if asked.data:
        # Checked before minutes go into encoding.
        require_comparable(run, models, names, resources, elsewhere)
        place = prepare(run, models, asked.data, asked.boxes, resources)
    rankers = load_compared(run, models, names, resources, elsewhere)
    with place.open("photos") as photos, place.open("crops") as crops:
        garments_of = garments_reader(crops)
        others = query_garments(photos, crops, resources.engine)
        comparison = compare_rankers(
            photos,
            crops,
            rankers,
            garments_of,
            options.seed,
            track,
            others,
            cast("Within", asked.within),
            asked.queries,
        )
        comparison = with_indexes(comparison, rankers, garments_of, place, track)
        comparison = with_matching(comparison, rankers, models, garments_of)
        if options.json:
            for line in comparison.to_lines():
                print_line(line)
        else:
            _print_comparison(comparison)
        if asked.pack:
            origin = Origin(
                compared_inputs(place, run, models, names),
                crops.header.encoder or {},
                models.label,
                Path(photos.header.details["root"]).name,
                asked.to_dict(),
                resources.device,
            )
            write_pack(comparison, asked.pack, origin)
        history = training_curves(models, names[-1])
        _write_pages(asked, comparison, photos, rankers, garments_of, history, options)


def _write_pages(
    asked: Asked,
    comparison: "Comparison",
    photos: "Artifact",
    rankers: "Mapping[str, Embed]",
    garments_of: "GarmentsOf",
    history: Sequence[Mapping[str, float]],
    options: Options,
) -> None:
    """The page, where it is wanted; that of a result pack is the same one."""
    from tiefvision.files import copy_file
    from tiefvision.judging.gallery_map import map_gallery
    from tiefvision.judging.packs import PAGE
    from tiefvision.judging.page import write_page

    html, pack = asked.html, asked.pack
    pages = [page for page in (html, pack and pack / PAGE) if page]
    for number, page in enumerate(pages):
        if number:
            copy_file(pages[0], page)
        else:
            gallery = map_gallery(
                comparison, photos, rankers, garments_of, options.track
            )
            write_page(comparison, photos, page, history, gallery, options.track)
        if not options.quiet:
            say(f"The page is {page}.")


def _print_comparison(comparison: "Comparison") -> None:
    """The verdict, the protocol and a table that fits into 80 columns."""
    from tiefvision.judging.protocol import note_reach, protocol_rows
    from tiefvision.judging.reranking_recall import steps_in_words
    from tiefvision.judging.summary import ABOUT_REPEATED, shown_once, verdict_in_words

    for sentence in verdict_in_words(comparison):
        print_text(sentence)
    typer.echo()
    print_table(("protocol", ""), protocol_rows(comparison.terms, comparison.search))
    typer.echo()
    shown = shown_once(SHOWN, comparison.search)
    rows: list[tuple[str, ...]] = []
    for result in comparison.results:
        figures = result.figures(comparison.seed)
        values = (f"{figures[name].value:.3f}" for name in shown)
        facts = comparison.indexes.get(result.ranker, {})
        missed = 1 - facts["recall_of_exact"] if "recall_of_exact" in facts else None
        lost = "-" if missed is None else f"{missed:.1%}"
        rows.append((result.ranker, *values, lost))
    last = rows[-1][0]
    for other in comparison.opponents():
        ahead, chances = comparison.ahead(other), comparison.chances(other)
        gained = (f"{ahead[name].value:+.3f}" for name in shown)
        likely = (f"{chances[name]:.4f}" for name in shown)
        rows += [(f"{last} - {other.ranker}", *gained, ""), ("p", *likely, "")]
    print_table(("ranker", *(SHOWN[name] for name in shown), "lost"), rows)
    typer.echo()
    _print_published(comparison, shown)
    repeated = ABOUT_REPEATED if len(shown) < len(SHOWN) else ""
    reach = note_reach(comparison.terms, LARGEST_CUT)
    meanings = (text for name, text in MEANINGS.items() if name in shown)
    headers = " ".join(("R@k: recall@k.", *meanings))
    steps, matches = steps_in_words(comparison.indexes), comparison.matches_in_words()
    notes = (headers, *LEGEND, repeated, reach, *steps, *matches)
    for note in filter(None, notes):
        print_text(note)


def _print_published(comparison: "Comparison", shown: Sequence[str]) -> None:
    """The figures over all published queries, where their number is known."""
    from tiefvision.judging.results import figures_of_all

    published = comparison.published
    if not published:
        return
    print_text(f"Of all {published} published queries, the lost ones being misses:")
    rows = []
    for result in comparison.results:
        every = figures_of_all(result, published, comparison.seed)
        rows.append((result.ranker, *(f"{every[name].value:.3f}" for name in shown)))
    print_table(("ranker", *(SHOWN[name] for name in shown)), rows)
    typer.echo()
