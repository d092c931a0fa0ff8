"""The suite: all benchmarks, in the order in which the table shows them."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import torch

from tiefvision.benchmarks.deeprank_training import training
from tiefvision.benchmarks.encoding import LOADS, Load, encoding
from tiefvision.benchmarks.limits import limits
from tiefvision.benchmarks.locating import locating
from tiefvision.benchmarks.measured import Measured
from tiefvision.benchmarks.reading import reading
from tiefvision.benchmarks.street import write_street_photos
from tiefvision.benchmarks.timing import Repetition
from tiefvision.encoders.architectures import ARCHITECTURES, Architecture
from tiefvision.encoders.dense import make_encoder
from tiefvision.encoders.precision import AUTO, Precision, dtype_for
from tiefvision.encoders.weights import RANDOM
from tiefvision.locating.locator import Locator
from tiefvision.ranking.deeprank import CELLS, COLOUR

Section = Callable[[], Iterator[Measured]]
"""A group of benchmarks; calling it measures and yields the rows."""

PHOTOS = 8
"""Files to decode and encode: enough that the start and the end of the worker threads
are a negligible part of the time."""

RANKERS = CELLS, COLOUR
"""DeepRank networks whose training is measured."""


def precisions(device: torch.device) -> tuple[Precision, ...]:
    """The precisions to measure on a device.

    They are float32, and bfloat16 if any architecture uses it by default.
    """
    chosen = {dtype_for(name, device, AUTO) for name in ARCHITECTURES}
    return ("float32", "bfloat16") if torch.bfloat16 in chosen else ("float32",)


def suite(
    architectures: Sequence[Architecture],
    locator: Locator,
    models: str,
    device: torch.device,
    repetition: Repetition | None = None,
    loads: Sequence[Load] = LOADS,
) -> list[Section]:
    """All benchmarks, in sections to be run one after the other.

    Args:
        architectures: architectures of the encoders to measure.
        locator: locator to measure; its encoder is also measured with decoding.
        models: name of the locator's models for the note of a row.
        device: torch device of the networks.
        repetition: number of rounds of every benchmark; if None, each has its own.
        loads: batches to encode.
    """
    dtypes = [getattr(torch, precision) for precision in precisions(device)]
    return [
        partial(limits, dtypes, device, repetition),
        *(
            partial(_encoding, architecture, device, repetition, loads)
            for architecture in architectures
        ),
        partial(_photographs, locator, models, device, repetition),
        *(partial(training, network, device, repetition) for network in RANKERS),
    ]


def _encoding(
    architecture: Architecture,
    device: torch.device,
    repetition: Repetition | None,
    loads: Sequence[Load],
) -> Iterator[Measured]:
    encoders = [
        make_encoder(architecture.name, RANDOM, precision=precision).to(device)
        for precision in precisions(device)
    ]
    yield from encoding(encoders, device, repetition, loads)


def _photographs(
    locator: Locator, models: str, device: torch.device, repetition: Repetition | None
) -> Iterator[Measured]:
    with tempfile.TemporaryDirectory() as folder:
        files = write_street_photos(Path(folder), PHOTOS)
        yield from reading(
            locator.encoder, files, device, repetition, pyramid=locator.pyramid
        )
        yield from locating(locator, files[0], models, device, repetition)
