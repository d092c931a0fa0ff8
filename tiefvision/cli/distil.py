"""``tiefvision distil``: train an encoder of one's own."""

from pathlib import Path
from typing import Annotated

import typer

from tiefvision.cli.options import Options, OutputOption, with_options
from tiefvision.cli.output import print_line
from tiefvision.cli.running import say, tell_skipped
from tiefvision.encoders.architectures import GARMENT_ENCODER
from tiefvision.errors import BadUsage

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
    output: OutputOption,
    options: Options,
    student: Annotated[
        str, typer.Option(help="The architecture that learns.")
    ] = GARMENT_ENCODER,
    start: Annotated[
        str, typer.Option(help="Its first weights: imagenet, a file, or random.")
    ] = "imagenet",
    teacher: Annotated[
        str, typer.Option(help="An architecture that was trained for ImageNet.")
    ] = "efficientnet_lite2",
    teacher_weights: Annotated[
        str, typer.Option(help="Its weights: imagenet, or a safetensors file.")
    ] = "imagenet",
    epochs: Annotated[int, typer.Option(min=0, help="Small-view passes.")] = EPOCHS,
    last_epochs: Annotated[
        int, typer.Option(min=0, help="Passes over 224 px views.")
    ] = LAST_EPOCHS,
) -> int:
    """Train an encoder to see as a stronger one does, and to remember appearance."""
    from tiefvision.distilling.recipe import (
        Recipe,
        distil,
        phases,
        read_sources,
    )
    from tiefvision.encoders.architectures import architecture_named
    from tiefvision.encoders.dense import make_encoder
    from tiefvision.encoders.libraries.names import require_layers
    from tiefvision.encoders.weights import RANDOM

    if not epochs + last_epochs:
        raise BadUsage("Nothing is learnt in 0 epochs.", "Give --epochs or more.")
    # Refused before a teacher is loaded.
    require_layers(architecture_named(student), "training")
    require_layers(architecture_named(teacher), "teaching, which asks earlier layers")
    encoder = make_encoder(teacher, teacher_weights)
    sources, skipped = read_sources(folders, options.track)
    recipe = Recipe(student, phases(epochs, last_epochs), seed=options.seed)
    begun = None if start == RANDOM else make_encoder(student, start)
    device = options.backend.training
    history = distil(recipe, sources, encoder, output, device, options.track, begun)
    code = tell_skipped(skipped)
    if options.json:
        print_line({"encoder": str(output), "photos": len(sources), **history[-1]})
    elif not options.quiet:
        say(
            f"{output}: learnt from {len(sources)} photographs, loss "
            f"{history[0]['loss']:.3f} in the first epoch, {history[-1]['loss']:.3f} "
            "in the last."
        )
        say(f"Use it with --encoder {student} --weights {output}")
    return code
