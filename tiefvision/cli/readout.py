"""``tiefvision readout``: give a trained encoder the read-outs of what it sees."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tiefvision.cli.options import Options, OutputOption, with_options
from tiefvision.cli.output import print_line
from tiefvision.cli.running import say, tell_skipped
from tiefvision.encoders.architectures import GARMENT_ENCODER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiefvision.datasets.class_folders import ClassPhoto
    from tiefvision.distilling.meaning import Labelled
    from tiefvision.encoders.dense import DenseEncoder, FeatureMap
    from tiefvision.photos.reading import Photograph


@with_options
def readout(
    clothing: Annotated[
        Path, typer.Argument(help="Folder of train/<class>/ and validation/<class>/.")
    ],
    output: OutputOption,
    options: Options,
    encoder: Annotated[
        str, typer.Option(help="An architecture; tiefvision models lists them.")
    ] = GARMENT_ENCODER,
    weights: Annotated[
        str, typer.Option(help="Its weights: imagenet, shipped, or a file.")
    ] = "imagenet",
    masks: Annotated[
        Path | None,
        typer.Option(help="Dataset with masks: learns which cells show a garment."),
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the weights in messages.")] = "",
) -> int:
    """Learn what an encoder sees, by classes and masks; write both into one file."""
    from tiefvision.datasets.class_folders import read_class_folders
    from tiefvision.distilling.meaning import learn_meaning
    from tiefvision.encoders.dense import make_encoder
    from tiefvision.encoders.encoder_file import GARMENT, MEANING
    from tiefvision.encoders.weights import write_encoder

    found, left_out = read_class_folders(clothing)
    photos = [one for one in found if one.split != "test"]
    made = make_encoder(encoder, weights, options.seed, options.backend.inference)
    labelled, skipped = _read(photos, made, options)
    learnt = learn_meaning(labelled["train"], labelled["val"])
    facts: dict[str, Any] = {
        "name": name or f"{made.identity.weights}-readout",
        "from": str(made.identity),
        "photographs": len(labelled["train"].classes),
        "shrinkage": learnt.shrinkage,
        "size": learnt.size,
    }
    beside = {MEANING: learnt.readout.arrays()}
    if masks:
        from tiefvision.tuning.garment_cells import learn_garment_cells

        cells, used = learn_garment_cells(masks, made, options.track, options.seed)
        beside[GARMENT] = cells.arrays()
        facts["photographs with masks"] = used
    write_encoder(output, made.architecture, made.weights, facts, beside)
    skipped += left_out
    code = tell_skipped(skipped)
    if options.json:
        told = {"encoder": str(output), "accuracy": learnt.accuracy}
        print_line({**told, **facts})
    elif not options.quiet:
        say(
            f"{output}: {learnt.accuracy:.3f} of the validation photographs have "
            "neighbours of their class."
        )
        say(f"Use it with --encoder {encoder} --weights {output}")
    return code


def _read(
    photos: "Sequence[ClassPhoto]", encoder: "DenseEncoder", options: Options
) -> "tuple[dict[str, Labelled], list[str]]":
    """The features of the photographs of each split, and why some were left out."""
    import numpy as np

    from tiefvision.distilling.meaning import BANDS, Labelled
    from tiefvision.encoders.weights import mean_bands
    from tiefvision.judging.encoders.candidates import Candidate
    from tiefvision.judging.encoders.quality import embed_photos
    from tiefvision.ranking.crops import crop_garment

    def embed(photo: "Photograph") -> "FeatureMap":
        return mean_bands(encoder.encode(crop_garment(photo, None)), BANDS)

    identity = encoder.identity
    bands = Candidate(identity.name, identity.weights, "bands", embed)
    embedded = embed_photos([one.path for one in photos], [bands], options.track)
    table = np.empty((0, 1), np.float32)
    if embedded.rows:
        (table,) = embedded.tables
    read = [photos[row] for row in embedded.rows]
    labelled = {}
    for split in ("train", "val"):
        chosen = [row for row, photo in enumerate(read) if photo.split == split]
        labels = [read[row].label for row in chosen]
        labelled[split] = Labelled(table[chosen], labels)
    return labelled, list(embedded.skipped)
