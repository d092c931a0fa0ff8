"""``tiefvision models``: the encoders and rankers that there are."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from tiefvision.cli.options import DEFAULT_MODELS, Options, with_options
from tiefvision.cli.output import print_line, print_table, print_unfolded
from tiefvision.cli.running import DONE, say
from tiefvision.errors import BadUsage

if TYPE_CHECKING:
    from tiefvision.models.listing import Model


@with_options
def models(
    options: Options,
    export: Annotated[
        Path | None,
        typer.Option(
            help="Write the workspace's models to this folder, for --models.",
            file_okay=False,
        ),
    ] = None,
    add: Annotated[
        str,
        typer.Option(
            metavar="open_clip:NAME:WEIGHTS",
            help="Keep a model of open_clip in the workspace, as the ranker clip; "
            "WEIGHTS: a safetensors file, hub or random.",
        ),
    ] = "",
    tokenizer: Annotated[
        Path | None,
        typer.Option(
            help="Folder of tokenizer.json, for an added model such as SigLIP.",
            file_okay=False,
        ),
    ] = None,
    name: Annotated[
        str,
        typer.Option(
            help="Name of the exported heads, by default the folder's; or of the "
            "added ranker: clip-SUFFIX."
        ),
    ] = "",
    onnx: Annotated[
        bool,
        typer.Option(
            "--onnx",
            help="Write ONNX files instead: of the workspace's models, or those that "
            "ship.",
        ),
    ] = False,
) -> int:
    """List encoders and rankers: parameters, and the size of their embeddings."""
    from tiefvision.models.listing import list_models

    _require_consistent(add, tokenizer, name, onnx, export)
    if add:
        return _add(options, add, name, tokenizer)
    if export and onnx:
        return _export_onnx(options, export)
    if export:
        return _export(options, export, name or export.absolute().name)
    listed = list_models(options.run)
    if options.json:
        for model in listed:
            print_line(model.to_dict())
    else:
        left_out = _print_models(listed, options.verbose)
        if left_out:
            names = " and ".join(left_out)
            options.note(f"Left out, as the terminal is narrow: {names}. See --json.")
    return DONE


def _require_consistent(
    add: str, tokenizer: Path | None, name: str, onnx: bool, export: Path | None
) -> None:
    """Raises BadUsage for an option that has no effect beside the others."""
    if export and add:
        raise BadUsage("--export and --add exclude each other.", "Run them in turn.")
    if tokenizer and not add:
        raise BadUsage("--tokenizer is of an added model.", "Give --add as well.")
    if onnx and not export:
        raise BadUsage("--onnx is of exported models.", "Give --export DIR as well.")
    if name and not add and (onnx or not export):
        raise BadUsage(
            "--name is of exported heads, or of an added ranker.",
            "Give --export DIR or --add open_clip:NAME:FILE as well.",
        )


def _counts(model: "Model") -> tuple[str, str]:
    """Parameters and embedding; of a package's ranker, not imported, both are open."""
    if not model.parameters and not model.embedding:
        return "-", "-"
    return f"{model.parameters:,}", f"{model.embedding:,}"


def _print_models(listed: "Sequence[Model]", verbose: bool) -> tuple[str, ...]:
    """One line for each model; with ``verbose`` also where it comes from.

    Returns the headers of the columns for which the terminal has no room.
    """
    own = [model for model in listed if not model.system]
    rows = [
        (
            model.name,
            model.kind,
            *_counts(model),
            model.status,
        )
        for model in own
    ]
    columns = ("name", "kind", "parameters", "embedding", "status")
    left_out = print_table(columns, rows, ("name", "status"), ("kind", "parameters"))
    of_networks = _print_networks([model for model in listed if model.system])
    if verbose:
        typer.echo()
        details = [
            (model.name, "; ".join(filter(None, (model.summary, model.state))))
            for model in listed
        ]
        print_table(("name", "details"), details, ("name",))
    return tuple(dict.fromkeys((*left_out, *of_networks)))


def _print_networks(listed: "Sequence[Model]") -> tuple[str, ...]:
    """The networks of the literature, in one table with a line for each system.

    Returns the headers of the columns for which the terminal has no room.
    """
    typer.echo("\nNetworks of the literature, for tiefvision train:")
    rows: list[tuple[str, ...]] = []
    for system, models in groupby(listed, key=lambda model: model.system):
        rows.append((system, *[""] * 5))
        rows += [
            (
                f"  {model.name}",
                f"{model.parameters:,}",
                f"{model.trainable:,}",
                f"{model.embedding:,}",
                str(model.megabytes),
                model.status,
            )
            for model in models
        ]
    columns = ("system, name", "parameters", "trainable", "numbers", "MB", "status")
    whole = (columns[0], "status")
    return print_table(columns, rows, whole, ("trainable", "MB", "numbers"))


def _add(options: Options, given: str, name: str, tokenizer: Path | None) -> int:
    from tiefvision.models.adding import add_ranker
    from tiefvision.ranking.registry import CLIP
    from tiefvision.workspace.artifacts import workspace_option
    from tiefvision.workspace.job import Resources

    resources = Resources(options.backend, options.seed)
    label = add_ranker(options.run, given, name, tokenizer, resources)
    name = name or CLIP
    if options.json:
        print_line({"ranker": name, "weights": label})
    elif not options.quiet:
        say(f"{options.run.path(name)}: {label}")
        where = workspace_option(options.run.root)
        say(f"Next: tiefvision index CATALOGUE --ranker {name}{where}")
    return DONE


def _export(options: Options, folder: Path, name: str) -> int:
    from tiefvision.models.bundle_writing import left_out, write_bundle

    _tell_files(write_bundle(options.run, folder, name), options)
    if left := left_out(options.run):
        options.note(
            f"A bundle holds no networks of the literature: {', '.join(left)} "
            f"{'stays' if len(left) == 1 else 'stay'} in {options.run.root}."
        )
    if not options.quiet:
        say(f"Next: tiefvision locate PHOTO --models {quote(str(folder))}")
    return DONE


def _export_onnx(options: Options, folder: Path) -> int:
    from tiefvision.models.onnx_export.writing import write_onnx

    chosen = options.choose_models(DEFAULT_MODELS)
    options.tell_used(chosen)
    _tell_files(write_onnx(chosen, folder), options)
    return DONE


def _tell_files(paths: Sequence[Path], options: Options) -> None:
    for path in paths:
        if options.json:
            print_line({"file": str(path), "bytes": path.stat().st_size})
        else:
            print_unfolded(str(path))
