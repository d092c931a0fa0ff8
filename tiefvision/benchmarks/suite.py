"""The suite: all benchmarks, in the order in which the tables show them."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch

from tiefvision.benchmarks.deeprank_training import training
from tiefvision.benchmarks.embedding import CropEmbedder, crop_embedder, embedding
from tiefvision.benchmarks.encoding import SIZES, Size, encoding
from tiefvision.benchmarks.limits import Limits
from tiefvision.benchmarks.locating import locating
from tiefvision.benchmarks.measured import Measured
from tiefvision.benchmarks.reading import reading
from tiefvision.benchmarks.street import write_street_photos
from tiefvision.benchmarks.timing import Repetition
from tiefvision.encoders.architectures import Architecture
from tiefvision.engines.choice import AUTO, OPENVINO, TORCH, Backend, has_openvino
from tiefvision.engines.protocol import Engine
from tiefvision.locating.locator import Locator
from tiefvision.models.protocol import Models
from tiefvision.ranking.deeprank import CELLS, COLOUR
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.job import Resources

Section = Callable[[], Iterator[Measured]]
"""A group of benchmarks; calling it measures and yields the rows."""

PHOTOS = 8
"""Files to decode and encode: enough that the start and the end of the worker threads
are a negligible part of the time."""

RANKERS = CELLS, COLOUR
"""DeepRank networks whose training is measured."""


@dataclass(frozen=True)
class Subject:
    """The trained models to measure.

    Attributes:
        locator: locator; its encoder is also measured with decoding.
        embedder: encoder of garments, and ranker.
        label: name of the models for the note of a row.
    """

    locator: Locator
    embedder: CropEmbedder
    label: str


def load_subject(models: Models, workspace: Workspace, backend: Backend) -> Subject:
    """Load the models to measure.

    Raises:
        BadWeights: A file of the models is damaged.
        MissingArtifact: An artifact of the workspace is missing.
    """
    embedder = crop_embedder(models, workspace, Resources(backend))
    return Subject(models.locator(backend.inference), embedder, models.label)


def engines_of(backend: Backend) -> dict[str, Engine]:
    """Engines to measure by name, the default one of the backend first.

    All run on one device, so that the same limit holds for them.

    Raises:
        BadUsage: An engine or the device is not here.
    """
    names = [backend.engine]
    if backend.engine == AUTO:
        on_processor = backend.training.type == "cpu" and has_openvino()
        names = [OPENVINO, TORCH] if on_processor else [TORCH]
    return {name: replace(backend, engine=name).inference for name in names}


def suite(
    architectures: Sequence[Architecture],
    subject: Subject,
    backend: Backend,
    repetition: Repetition | None = None,
    sizes: Sequence[Size] = SIZES,
) -> list[Section]:
    """All benchmarks, in sections to be run one after the other.

    Args:
        architectures: architectures of the encoders to measure.
        subject: trained models to measure.
        backend: what networks run on.
        repetition: number of rounds of every benchmark; if None, each has its own.
        sizes: sizes of the photographs to encode.
    """
    engines = engines_of(backend)
    device = torch.device("cpu") if OPENVINO in engines else backend.training
    limits = Limits(engines, device, bool(backend.threads), repetition)
    return [
        partial(_limits, limits),
        *(
            partial(encoding, architecture, limits, repetition, sizes)
            for architecture in architectures
        ),
        partial(_photographs, subject, limits, repetition),
        *(
            partial(training, network, backend.training, repetition)
            for network in RANKERS
        ),
    ]


def _limits(limits: Limits) -> Iterator[Measured]:
    with tempfile.TemporaryDirectory() as folder:
        (file,) = write_street_photos(Path(folder), 1)
        yield from limits.rows(file)


def _photographs(
    subject: Subject, limits: Limits, repetition: Repetition | None
) -> Iterator[Measured]:
    locator, device = subject.locator, limits.device
    with tempfile.TemporaryDirectory() as folder:
        files = write_street_photos(Path(folder), PHOTOS)
        yield from locating(locator, files[0], subject.label, limits, repetition)
        yield from embedding(subject.embedder, files[0], device, repetition)
        yield from reading(
            locator.encoder, files, device, repetition, pyramid=locator.pyramid
        )
