"""All measurements, in the order in which the table shows them."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import torch

from tiefvision.benchmarks.encoding import LOADS, Load, encoding
from tiefvision.benchmarks.limits import limits
from tiefvision.benchmarks.locating import locating
from tiefvision.benchmarks.measured import Measured
from tiefvision.benchmarks.reading import reading
from tiefvision.benchmarks.street import write_street_photos
from tiefvision.benchmarks.timing import Patience
from tiefvision.benchmarks.training import training
from tiefvision.encoders.architectures import ARCHITECTURES, Architecture
from tiefvision.encoders.dense import make_encoder
from tiefvision.encoders.precision import AUTO, Precision, dtype_for
from tiefvision.encoders.weights import RANDOM
from tiefvision.locating.locator import Locator
from tiefvision.ranking.deeprank_networks import CELLS, COLOUR

Section = Callable[[], Iterator[Measured]]

PHOTOS = 8
"""Files that are read: enough that starting and ending a worker pool does not count."""

RANKERS = CELLS, COLOUR
"""Networks of DeepRank whose training is measured."""


def precisions(device: torch.device) -> tuple[Precision, ...]:
    """Those that are worth measuring: float32, and bfloat16 if any encoder takes it."""
    chosen = {dtype_for(name, device, AUTO) for name in ARCHITECTURES}
    return ("float32", "bfloat16") if torch.bfloat16 in chosen else ("float32",)


def suite(
    architectures: Sequence[Architecture],
    locator: Locator,
    models: str,
    device: torch.device,
    patience: Patience | None = None,
    loads: Sequence[Load] = LOADS,
) -> list[Section]:
    """Every measurement, in sections that can be run one after the other.

    Args:
        architectures: Whose encoding is measured.
        locator: Whose locating is measured, and whose encoder reads photographs.
        models: What to call the locator's models in a note.
        device: Where networks run.
        patience: How long each measurement is repeated, if not as long as it needs.
        loads: What the encoders are measured with.
    """
    dtypes = [getattr(torch, precision) for precision in precisions(device)]
    return [
        partial(limits, dtypes, device, patience),
        *(
            partial(_encoding, architecture, device, patience, loads)
            for architecture in architectures
        ),
        partial(_photographs, locator, models, device, patience),
        *(partial(training, network, device, patience) for network in RANKERS),
    ]


def _encoding(
    architecture: Architecture,
    device: torch.device,
    patience: Patience | None,
    loads: Sequence[Load],
) -> Iterator[Measured]:
    encoders = [
        make_encoder(architecture.name, RANDOM, precision=precision).to(device)
        for precision in precisions(device)
    ]
    yield from encoding(encoders, device, patience, loads)


def _photographs(
    locator: Locator, models: str, device: torch.device, patience: Patience | None
) -> Iterator[Measured]:
    with tempfile.TemporaryDirectory() as folder:
        files = write_street_photos(Path(folder), PHOTOS)
        yield from reading(
            locator.encoder, files, device, patience, pyramid=locator.pyramid
        )
        yield from locating(locator, files[0], models, device, patience)
