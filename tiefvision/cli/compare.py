"""``tiefvision compare``: the rankers of a workspace, side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from tiefvision.cli.changes import compare_packs
from tiefvision.cli.compare_tables import print_comparison
from tiefvision.cli.completing import complete_ranker
from tiefvision.cli.options import (
    DEFAULT_MODELS,
    ModelsOption,
    Options,
    PageOption,
    load_rankers,
    with_options,
)
from tiefvision.cli.output import print_line
from tiefvision.cli.running import DONE, say
from tiefvision.datasets.files import require_dataset
from tiefvision.datasets.qrels import read_all_qrels
from tiefvision.devices import require_device
from tiefvision.errors import BadUsage, require_known
from tiefvision.models.rankers import expand_every, require_ranker
from tiefvision.ranking.registry import COSINE, DEEPRANK, OWN
from tiefvision.ranking.seed_rows import rows_of_names

if TYPE_CHECKING:
    from tiefvision.evaluation.searches import Within
    from tiefvision.judging.comparison import Comparison
    from tiefvision.models.protocol import Models
    from tiefvision.ranking.garments import Embed, GarmentsOf
    from tiefvision.store.artifact import Artifact


RankersOption = Annotated[
    list[str] | None,
    typer.Option(
        help=f"May come again, the baseline first: {', '.join(OWN)}, a trained "
        "network, FILE.py:CLASS; or all that can be loaded here. A comma joins "
        "training seeds of a ranker, as in deeprank-1,deeprank-2, to a row. [cosine, "
        "deeprank]",
        autocompletion=complete_ranker,
    ),
]

QrelsOption = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE",
        help="Judgements (qrels of TREC or BEIR) for recall and nDCG by them. May "
        "come again.",
    ),
]


@dataclass(frozen=True)
class Asked:
    """The options of the command that choose what is compared."""

    rankers: tuple[str, ...] = ()
    vectors: tuple[str, ...] = ()
    data: Path | None = None
    boxes: str = "located"
    within: str = "all"
    queries: str = "*"
    models: str = DEFAULT_MODELS
    qrels: tuple[Path, ...] = ()
    html: Path | None = None
    pack: Path | None = None

    @property
    def rows(self) -> dict[str, tuple[str, ...]]:
        """Names of the rankers in each row of the comparison."""
        return rows_of_names(self.rankers)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all rankers, each once."""
        return tuple(dict.fromkeys(name for row in self.rows.values() for name in row))

    def to_dict(self) -> dict[str, Any]:
        """The options that decide the figures, for a result pack."""
        return {
            "rankers": list(self.rankers),
            "vectors": list(self.vectors),
            "data": None if self.data is None else str(self.data),
            "boxes": self.boxes,
            "within": self.within,
            "queries": self.queries,
            "models": self.models,
            "qrels": [str(file) for file in self.qrels],
        }


VectorsOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=FILE",
        help="Embeddings made elsewhere, .npy or .parquet; may come again.",
    ),
]
"""Rankers that are files of vectors."""


@with_options
def compare(
    options: Options,
    packs: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[BEFORE AFTER]", help="Two result packs, or nothing."),
    ] = None,
    ranker: RankersOption = None,
    vectors: VectorsOption = None,
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
    qrels: QrelsOption = None,
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
    names, made = tuple(dict.fromkeys(ranker or ())), tuple(vectors or ())
    files = tuple(qrels or ())
    asked = Asked(names, made, data, boxes, within, queries, models, files, html, pack)
    if packs:
        strange = _changed(asked)
        if len(packs) != 2:
            raise BadUsage(
                f"Give two result packs, BEFORE and AFTER, not {len(packs)}."
            )
        if strange:
            raise BadUsage(
                f"{', '.join(strange)} cannot be given with two result packs, which "
                "hold their figures. Only --fail-if can."
            )
        return compare_packs(packs[0], packs[1], fail_if or (), options)
    if fail_if:
        raise BadUsage("--fail-if needs two result packs.")
    _require_heeded(asked)
    _compare_rankers(asked, options)
    return DONE


def _names(asked: Asked, models: "Models", options: Options) -> tuple[str, ...]:
    """Names of the rankers to compare, with those of the user loaded.

    They are those given, all, or baseline and trained; then the embeddings made
    elsewhere, which are compared with the baseline alone if no ranker is given.
    """
    names = expand_every(load_rankers(asked.rankers), options.run, models)
    if not asked.vectors:
        return names or (COSINE, DEEPRANK)
    from tiefvision.judging.given_vectors import register_vectors

    return (*(names or (COSINE,)), *register_vectors(asked.vectors))


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
    for name in asked.names:
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
    judgements = read_all_qrels(asked.qrels)
    from tiefvision.judging.comparison import compare_rankers
    from tiefvision.judging.indexes import with_indexes
    from tiefvision.judging.matching import with_matching
    from tiefvision.judging.packs import Origin, compared_inputs, write_pack
    from tiefvision.judging.prepared import prepare
    from tiefvision.judging.query_boxes import query_garments
    from tiefvision.judging.rankers import load_compared, require_comparable
    from tiefvision.judging.vectors import with_photos
    from tiefvision.models.trained import training_curves
    from tiefvision.workspace.garments import garments_reader
    from tiefvision.workspace.job import Resources
    from tiefvision.workspace.records import read_photos

    place, elsewhere = run, asked.data is not None
    names, backend = asked.names, options.backend
    resources = Resources(backend, options.seed, track=track)
    if asked.data:
        # Checked before minutes go into encoding.
        require_comparable(run, models, names, resources, elsewhere)
        place = prepare(run, models, asked.data, asked.boxes, resources)
    rankers = load_compared(run, models, names, resources, elsewhere)
    with place.open("photos") as photos, place.open("crops") as crops:
        rankers = with_photos(rankers, read_photos(photos))
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
            asked.rows,
            judgements,
        )
        comparison = with_indexes(comparison, rankers, garments_of, place, track)
        comparison = with_matching(comparison, rankers, models, garments_of)
        _print(comparison, options)
        if asked.pack:
            origin = Origin(
                compared_inputs(place, run, models, names, asked.qrels),
                crops.header.encoder or {},
                models.label,
                Path(photos.header.details["root"]).name,
                asked.to_dict(),
                resources.device,
            )
            write_pack(comparison, asked.pack, origin)
        history = training_curves(models, comparison.last_trained)
        _write_pages(asked, comparison, photos, rankers, garments_of, history, options)


def _print(comparison: "Comparison", options: Options) -> None:
    if not options.json:
        print_comparison(comparison)
        return
    for line in comparison.to_lines():
        print_line(line)


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
