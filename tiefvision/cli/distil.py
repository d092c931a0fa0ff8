"""``tiefvision distil``: train an encoder of one's own."""

from pathlib import Path
from typing import Annotated

import typer

from tiefvision.cli.options import Options, with_options
from tiefvision.cli.output import print_line
from tiefvision.cli.running import DONE, SOME_UNREADABLE, say

STUDENT = "alexnet"
"""The only architecture here that is a plain stack of layers, which folding needs."""

EPOCHS = 36
"""Epochs with small views."""

LAST_EPOCHS = 6
"""Epochs with views of the pipeline's size."""


@with_options
def distil(
    folders: Annotated[
        list[Path],
        typer.Argument(help="Datasets, or folders of train/<class>/ folders."),
    ],
    output: Annotated[Path, typer.Option(help="The encoder file to write.")],
    options: Options,
    teacher: Annotated[
        str, typer.Option(help="The teacher: mobilenet_v2 or squeezenet1_1.")
    ] = "mobilenet_v2",
    teacher_weights: Annotated[
        str, typer.Option(help="Its weights: imagenet, or a safetensors file.")
    ] = "imagenet",
    epochs: Annotated[int, typer.Option(min=1, help="Small-view passes.")] = EPOCHS,
    last_epochs: Annotated[
        int, typer.Option(min=1, help="Passes over 224 px views.")
    ] = LAST_EPOCHS,
) -> int:
    """Train an encoder to see as a stronger one does, and to remember appearance."""
    from tiefvision.distilling.recipe import (
        Recipe,
        distil,
        phases,
        read_sources,
    )
    from tiefvision.encoders.dense import make_encoder

    encoder = make_encoder(teacher, teacher_weights)
    sources, skipped = read_sources(folders, options.track)
    recipe = Recipe(STUDENT, phases(epochs, last_epochs), seed=options.seed)
    history = distil(
        recipe, sources, encoder, output, options.backend.training, options.track
    )
    for reason in skipped:
        say(f"Skipped: {reason}")
    if options.json:
        print_line({"encoder": str(output), "photos": len(sources), **history[-1]})
    elif not options.quiet:
        say(
            f"{output}: learnt from {len(sources)} photographs, loss "
            f"{history[0]['loss']:.3f} in the first epoch, {history[-1]['loss']:.3f} "
            f"in the last.\nUse it with --encoder {STUDENT} --weights {output}"
        )
    return SOME_UNREADABLE if skipped else DONE
