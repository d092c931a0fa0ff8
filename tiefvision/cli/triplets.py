"""``tiefvision triplets``: draw triplets as published systems do, into a file."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any, cast, get_args

import typer

from tiefvision.cli.completing import complete_sampling, complete_scorer
from tiefvision.cli.options import (
    DEFAULT_MODELS,
    ModelsOption,
    Options,
    with_options,
)
from tiefvision.cli.output import print_line, print_table
from tiefvision.cli.running import DONE
from tiefvision.datasets.files import TRIPLETS, is_dataset
from tiefvision.errors import BadUsage, require_known
from tiefvision.models.choice import WORKSPACE
from tiefvision.records import Split

if TYPE_CHECKING:
    from tiefvision.triplets.sources.counting import KindShares

SamplingOption = Annotated[
    str,
    typer.Option(
        help="How triplets are drawn: see tiefvision triplets samplings.",
        autocompletion=complete_sampling,
    ),
]
CountOption = Annotated[
    int | None,
    typer.Option(min=1, help="Number of triplets. [as many as the sampling gives]"),
]
ScorerOption = Annotated[
    list[str] | None,
    typer.Option(
        help="A ranker, or structure, pattern or colour of engineered; may come again. "
        "[those of the sampling]",
        autocompletion=complete_scorer,
    ),
]
SettingOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="A setting of the sampling; may come again.",
    ),
]
PoolOption = Annotated[
    int | None,
    typer.Option(
        min=2,
        help="Photographs that scorers compare; of more, so many are drawn. [10000]",
    ),
]

app = typer.Typer(
    help="Draw triplets of photographs, to train rankers on.", no_args_is_help=True
)


@app.command()
@with_options
def build(
    options: Options,
    sampling: SamplingOption,
    output: Annotated[
        Path, typer.Option(help="The triplets.csv to write.", dir_okay=False)
    ],
    count: CountOption = None,
    split: Annotated[str, typer.Option(help="Photographs: train, val or test.")] = (
        "train"
    ),
    scorer: ScorerOption = None,
    setting: SettingOption = None,
    pool: PoolOption = None,
    models: ModelsOption = DEFAULT_MODELS,
) -> int:
    """Draw triplets of a split into a triplets.csv; the same seed, the same file."""
    require_known("--split", split, get_args(Split))
    _require_no_judgements(output)
    given = parse_settings(setting or ())
    if count is not None:
        given["count"] = str(count)
    from tiefvision.datasets.triplets import triplets_text
    from tiefvision.files import replace_text
    from tiefvision.models.drawing import Request, draw_triplets
    from tiefvision.triplets.sources import sampling_named
    from tiefvision.triplets.sources.sampling import as_judged, settings_to_dict
    from tiefvision.workspace.job import Resources

    chosen = sampling_named(sampling)
    settings = chosen.with_settings(given)
    scorers = tuple(dict.fromkeys(scorer or ()))
    request = Request(chosen, settings, cast(Split, split), scorers)
    if pool is not None:
        request = replace(request, pool=pool)
    resources = Resources(options.backend, options.seed, track=options.track)
    # What reads no scorer needs no models, and not all stages.
    using = options.choose_models(models if chosen.scorers else WORKSPACE)
    drawn = draw_triplets(options.run, using, request, resources)
    replace_text(output, triplets_text(as_judged(drawn.triplets)))
    if options.json:
        asked = {
            "output": str(output),
            "sampling": sampling,
            "settings": settings_to_dict(settings),
            "scorers": list(drawn.scorers),
            "split": split,
            "seed": options.seed,
        }
        print_line(asked | drawn.shares.to_dict() | {"notes": list(drawn.notes)})
        return DONE
    print_table(("", ""), _rows(drawn.shares))
    for note in drawn.notes:
        options.note(note)
    options.note(f"{drawn.shares.triplets} triplets are in {quote(str(output))}.")
    return DONE


@app.command()
@with_options
def samplings(options: Options) -> int:
    """List the samplings, their sources, scorers and settings."""
    from tiefvision.triplets.sources import SAMPLINGS
    from tiefvision.triplets.sources.sampling import describe_settings

    rows = []
    for one in SAMPLINGS.values():
        settings = describe_settings(one.settings)
        if options.json:
            print_line(
                {
                    "name": one.name,
                    "summary": one.summary,
                    "source": one.source,
                    "scorers": list(one.scorers),
                    "settings": {
                        name: {"default": field.default, "help": field.text}
                        for name, field in settings.items()
                    },
                }
            )
        named = [f"{name}={field.default}" for name, field in settings.items()]
        rows.append((one.name, one.summary, ", ".join(one.scorers), " ".join(named)))
    if not options.json:
        print_table(("sampling", "draws", "scorers", "settings"), rows)
    return DONE


def _require_no_judgements(output: Path) -> None:
    """Refuse to replace the triplets of a dataset, which people judged."""
    if output.name == TRIPLETS and output.exists() and is_dataset(output.parent):
        raise BadUsage(
            f"{output} holds the judged triplets of a dataset.", "Name another file."
        )


def parse_settings(texts: Sequence[str]) -> dict[str, str]:
    """Settings by name. Raises BadUsage for a text that is not NAME=VALUE."""
    given = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise BadUsage(f"--set {text} has no value.", f"Write --set {text}=VALUE.")
        given[name] = value
    return given


def _rows(shares: "KindShares") -> list[tuple[str, Any]]:
    """The shares as a table, without those that are 0."""
    parts = {
        "positive of the same item": shares.same_item,
        "positive is the query, mirrored": shares.mirrored,
        "negative in the class of the query": shares.in_class,
        "negative outside of it": shares.out_of_class,
        "class unknown": shares.unknown_class,
        "query from the street": shares.street,
    }
    parts |= {f"proposed by {name}": part for name, part in shares.sources.items()}
    parts |= {f"in order by {name}": part for name, part in shares.in_order.items()}
    return [
        ("triplets", shares.triplets),
        ("different queries", shares.queries),
        ("different photographs", shares.photos),
        *((name, f"{part:.1%}") for name, part in parts.items() if part),
    ]
