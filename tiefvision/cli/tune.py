"""``tiefvision tune``: train a locator from whole photographs."""

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from tiefvision.cli.options import Options, OutputOption, with_options
from tiefvision.cli.output import print_line
from tiefvision.cli.running import say, tell_skipped
from tiefvision.encoders.architectures import LOCATOR_ENCODER
from tiefvision.records import Split


@with_options
def tune(
    dataset: Annotated[Path, typer.Argument(help="A dataset with boxes; masks help.")],
    output: OutputOption,
    options: Options,
    categories: Annotated[
        list[str] | None,
        typer.Option(help="A group, outfit, or all; may come again. [all, outfit]"),
    ] = None,
    encoder: Annotated[
        str, typer.Option(help="An architecture; tiefvision models lists them.")
    ] = LOCATOR_ENCODER,
    weights: Annotated[
        str, typer.Option(help="shipped, imagenet, random, or a safetensors file.")
    ] = "shipped",
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Passes over the photographs.")
    ] = None,
    split_of: Annotated[
        Path | None,
        typer.Option(help="A workspace whose stage 1 says what is for training."),
    ] = None,
) -> int:
    """Train encoder and heads of a locator together; stages 2 to 5 start from it."""
    from dataclasses import replace

    from tiefvision.encoders.architectures import architecture_named
    from tiefvision.encoders.dense import make_encoder
    from tiefvision.encoders.libraries.names import require_layers
    from tiefvision.groups import OUTFIT
    from tiefvision.locating.targets import ALL
    from tiefvision.tuning.recipe import TuningRecipe, read_scenes, tune

    require_layers(architecture_named(encoder), "training")
    splits = _splits_of(split_of) if split_of else None
    photos = read_scenes(dataset, categories or [ALL, OUTFIT], splits, options.track)
    recipe = TuningRecipe(seed=options.seed)
    if epochs:
        recipe = replace(recipe, schedule=replace(recipe.schedule, epochs=epochs))
    start = make_encoder(encoder, weights, options.seed)
    history = tune(
        recipe, photos, start, output, options.backend.training, options.track
    )
    code = tell_skipped(photos.skipped)
    if options.json:
        counts = {
            "photos": len(photos.scenes),
            "categories": photos.categories,
            "labels": photos.classes,
        }
        last = history[-1] if history else {}
        print_line({"encoder": str(output), **counts, **last})
    elif not history:
        say(f"{output}: up to date")
    elif not options.quiet:
        say(
            f"{output}: {len(photos.scenes)} photographs, "
            f"{', '.join(photos.categories)}; "
            f"sides told to {history[-1]['error']:.2f} windows in the last epoch."
        )
        say(f"Next: {_next_command(dataset, split_of, encoder, output)}")
    return code


def _splits_of(workspace: Path) -> "dict[str, Split]":
    """The split of each photograph of a workspace, by its path."""
    from tiefvision.workspace.artifacts import Workspace
    from tiefvision.workspace.records import read_photos

    with Workspace(workspace).open("photos") as records:
        return {photo.path: photo.split for photo in read_photos(records)}


def _next_command(
    dataset: Path, workspace: Path | None, encoder: str, output: Path
) -> str:
    """The stages that train on with the encoder that was written."""
    run = f" RUN={quote(str(workspace))}" if workspace else ""
    options = f"--encoder {encoder} --weights {quote(str(output))}"
    return f'make all DATA={quote(str(dataset))}{run} ARGS_2="{options}"'
