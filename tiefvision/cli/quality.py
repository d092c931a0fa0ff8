"""``tiefvision quality``: quality of encoders, before anything is trained."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tiefvision.cli.options import Options, with_options
from tiefvision.cli.output import print_line, print_table
from tiefvision.cli.running import tell_skipped
from tiefvision.errors import BadUsage

if TYPE_CHECKING:
    from tiefvision.datasets.product_views import Half
    from tiefvision.judging.encoders.candidates import Candidate
    from tiefvision.judging.encoders.quality import Quality, QualityReport

BASELINE = "alexnet:random"
"""Baseline of encoders beside the histogram: a network without training."""


@with_options
def quality(
    options: Options,
    clothing: Annotated[
        Path | None, typer.Option(help="Folder of train/<class>/ and test/<class>/.")
    ] = None,
    luma: Annotated[
        Path | None, typer.Option(help="Folder of images.csv and images/.")
    ] = None,
    half: Annotated[
        str,
        typer.Option(
            help="Half of Luma's products that search: reporting, or choosing, on "
            "which settings are chosen."
        ),
    ] = "reporting",
    encoder: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME:WEIGHTS",
            help="Repeatable; WEIGHTS: shipped, locator, imagenet, random, a file. "
            "NAME may be timm:NAME or open_clip:NAME.",
        ),
    ] = None,
) -> int:
    """Measure encoders: classes of neighbours, products found by another view."""
    if clothing is None and luma is None:
        raise BadUsage("There is nothing to measure on.", "Give --clothing or --luma.")
    chosen = _half(half)
    candidates = _candidates(encoder or [BASELINE], options)
    reports: list[QualityReport] = []
    if clothing is not None:
        reports.append(_measure_clothing(clothing, candidates, options))
    if luma is not None:
        reports.append(_measure_luma(luma, candidates, chosen, options))
    qualities = [item for report in reports for item in report.qualities]
    if options.json:
        for item in qualities:
            print_line(item.to_dict())
    else:
        _print_qualities(qualities)
    skipped = [reason for report in reports for reason in report.skipped]
    return tell_skipped(skipped)


def _half(name: str) -> "Half":
    from tiefvision.datasets.product_views import HALVES

    for half in HALVES:
        if name == half:
            return half
    raise BadUsage(f"There is no half {name!r}.", f"Use {' or '.join(HALVES)}.")


def _candidates(texts: Sequence[str], options: Options) -> "list[Candidate]":
    """The histograms, and all embeddings of each encoder."""
    from tiefvision.encoders.architectures import architecture_named
    from tiefvision.encoders.dense import make_encoder
    from tiefvision.encoders.libraries.names import split_weights
    from tiefvision.encoders.weights import load_readouts
    from tiefvision.judging.encoders.candidates import (
        encoder_candidates,
        histogram_candidates,
    )

    candidates = histogram_candidates()
    for text in texts:
        name, weights = split_weights(text)
        if not weights:
            raise BadUsage(f"--encoder {text}: no weights.", f"Write {name}:random.")
        engine = options.backend.inference
        encoder = make_encoder(name, weights, options.seed, engine)
        readouts = load_readouts(architecture_named(name), weights)
        candidates += encoder_candidates(encoder, readouts)
    return candidates


def _measure_clothing(
    folder: Path, candidates: "Sequence[Candidate]", options: Options
) -> "QualityReport":
    from tiefvision.datasets.class_folders import read_class_folders
    from tiefvision.judging.encoders.candidates import CELLS
    from tiefvision.judging.encoders.quality import measure_meaning

    photos, left_out = read_class_folders(folder)
    # Whole maps of thousands of photographs would take gigabytes.
    pooled = [item for item in candidates if not item.features.startswith(CELLS)]
    report = measure_meaning(photos, pooled, seed=options.seed, track=options.track)
    return replace(report, skipped=(*left_out, *report.skipped))


def _measure_luma(
    folder: Path, candidates: "Sequence[Candidate]", half: "Half", options: Options
) -> "QualityReport":
    from tiefvision.datasets.product_views import read_product_views
    from tiefvision.judging.encoders.quality import measure_appearance

    photos, skipped = read_product_views(folder)
    report = measure_appearance(
        photos, candidates, half, seed=options.seed, track=options.track
    )
    return replace(report, skipped=(*skipped, *report.skipped))


def _print_qualities(qualities: Sequence["Quality"]) -> None:
    """A row for each candidate, a column for each figure; intervals are in --json."""
    figures: dict[tuple[str, str, str], dict[str, str]] = {}
    for item in qualities:
        candidate = item.candidate
        row = (candidate.encoder, candidate.weights, candidate.features)
        figures.setdefault(row, {})[f"{item.measure}@{item.k}"] = (
            f"{item.figure.value:.3f}"
        )
    columns = list(dict.fromkeys(name for row in figures.values() for name in row))
    print_table(
        ("encoder", "weights", "features", *columns),
        [
            (*row, *(values.get(name, "") for name in columns))
            for row, values in figures.items()
        ],
    )
