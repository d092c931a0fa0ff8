"""Distillation from folders of photographs and a teacher to an encoder file."""

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from tiefvision.augmenting.views import SourcePhoto, ViewRules
from tiefvision.datasets.class_folders import read_class_folders
from tiefvision.datasets.files import is_dataset
from tiefvision.datasets.layout import photo_file, read_dataset
from tiefvision.datasets.masks import read_foreground
from tiefvision.distilling.student_training import (
    Distillation,
    Goals,
    Student,
    as_photos,
    draw_batches,
    normalise,
    steps_of_epoch,
)
from tiefvision.distilling.students import fold_student, is_plain
from tiefvision.distilling.teachers import make_teacher
from tiefvision.encoders.architectures import architecture_named
from tiefvision.encoders.dense import DenseEncoder
from tiefvision.encoders.encoder_file import APPEARANCE, MEANING
from tiefvision.encoders.weights import write_encoder
from tiefvision.engines.modules import arrays_of
from tiefvision.errors import BadDataset, BadUsage, UnreadablePhoto
from tiefvision.photos.reading import read_photo
from tiefvision.progress import Track
from tiefvision.training.checkpoint import FileMemory
from tiefvision.training.loop import Figures, Schedule, fit, seeded
from tiefvision.training.precision import training_dtype

logger = logging.getLogger(__name__)

LONGEST_SIDE = 640
"""Longest side in pixels of a photograph in memory. Views have at most 224 px, and
4,000 photographs of this size take 3 GB."""

LOOKED_AT = 6
"""Batches on which the statistics of the teacher's channels are computed."""


@dataclass(frozen=True)
class Phase:
    """A part of the training at one size of views.

    Attributes:
        rules: size of the views, and how they are drawn.
        photos: number of photographs in a batch, each in two views.
        schedule: epochs, learning rate and weight decay.
    """

    rules: ViewRules
    photos: int
    schedule: Schedule


TRUNK_RATE = 0.1
"""Learning rate of a trunk that was trained before, as a share of the read-outs'."""


def phases(epochs: int, last_epochs: int) -> tuple[Phase, ...]:
    """The two phases of a training: cheap small views, then the pipeline's size.

    Half of the decrease of the losses for meaning happens in the second phase, whose
    views show most of a garment: what a detail belongs to often cannot be told.

    Args:
        epochs: passes over the photographs in views of 128 px.
        last_epochs: passes in views of 224 px, which cost three times as much.
    """
    both = (
        Phase(ViewRules(), 64, Schedule(epochs, 2e-3, weight_decay=0.03)),
        Phase(
            ViewRules(side=224, least_area=0.6),
            48,
            Schedule(last_epochs, 1e-3, weight_decay=0.03),
        ),
    )
    return tuple(phase for phase in both if phase.schedule.epochs)


@dataclass(frozen=True)
class Recipe:
    """All settings that determine the weights, beside the photographs and the teacher.

    Attributes:
        architecture: name of the student's architecture.
        phases: phases of the training, in order.
        goals: weights of the losses.
        seed: seed of the initial weights and of all random choices.
    """

    architecture: str
    phases: tuple[Phase, ...]
    goals: Goals = field(default_factory=Goals)
    seed: int = 0


def read_sources(
    folders: Sequence[Path], track: Track
) -> tuple[list[SourcePhoto], list[str]]:
    """Read the training photographs of datasets and class folders into memory.

    Args:
        folders: datasets in the project's layout, with masks if they have a folder of
            masks, or folders with one folder a split and in it one a class. Only the
            split "train" is read, so that the others remain for evaluation.
        track: progress display.

    Returns:
        The photographs, and a message for each that could not be read or was left out.

    Raises:
        BadDataset: A folder has neither layout, or fewer than two photographs can be
            read.
    """
    skipped: list[str] = []
    listed = [(folder, *item) for folder in folders for item in _list(folder, skipped)]
    names = sorted({label for *_, label in listed if label})
    numbers = {name: number for number, name in enumerate(names)}
    sources = []
    for root, file, path, label in track(listed, "reading photographs", len(listed)):
        try:
            image = Image.fromarray(read_photo(file, max_side=LONGEST_SIDE))
        except UnreadablePhoto as error:
            skipped.append(str(error))
            continue
        shape = read_foreground(root, path, image.size) if path else None
        sources.append(SourcePhoto(image, shape, numbers.get(label, -1)))
    if len(sources) < 2:
        raise BadDataset(
            f"There are fewer than two training photographs in "
            f"{', '.join(map(str, folders))}."
        )
    return sources, skipped


def distil(
    recipe: Recipe,
    sources: Sequence[SourcePhoto],
    teacher: DenseEncoder,
    output: Path,
    device: torch.device,
    track: Track,
    start: DenseEncoder | None = None,
) -> list[Figures]:
    """Train an encoder by distillation and write its file.

    A training that was interrupted continues from its checkpoints beside ``output``.

    Args:
        recipe: settings of the training.
        sources: training photographs, as ``read_sources`` returns them.
        teacher: trained encoder to learn from.
        output: encoder file to write.
        device: device to train on.
        track: progress display.
        start: encoder whose trunk the student starts from; random weights if None.

    Returns:
        Losses of every epoch of all phases.

    Raises:
        BadUsage: The architecture of the teacher or of the student is not supported.
        StaleArtifact: A checkpoint is damaged or of other settings.
    """
    architecture = architecture_named(recipe.architecture)
    if start is None and not is_plain(architecture.layers):
        raise BadUsage(
            f"{architecture.name} is no plain stack of layers, so that it cannot be "
            "trained from random weights.",
            "Use --start imagenet, or --student alexnet.",
        )
    distillation = _prepare(recipe, sources, teacher, device, start)
    history: list[Figures] = []
    checkpoints = []
    for number, phase in enumerate(recipe.phases):
        path = output.with_name(f"{output.name}.phase{number + 1}")
        path.parent.mkdir(parents=True, exist_ok=True)
        checkpoints.append(path)
        settings = json.dumps(
            [
                asdict(recipe),
                teacher.identity.to_dict(),
                str(start.identity) if start else "",
                len(sources),
            ],
            sort_keys=True,
        )
        memory = FileMemory(path, settings)
        history += fit(
            distillation.task(phase.rules, phase.photos),
            phase.schedule,
            steps_of_epoch(len(sources), phase.photos),
            recipe.seed + number,
            memory,
            track,
        )[1:]
        logger.info("phase %d: %s", number + 1, history[-1])
    facts = {
        "name": f"{architecture.name}-1",
        "teacher": str(teacher.identity),
        "start": str(start.identity) if start else "random",
        "photographs": len(sources),
        "recipe": asdict(recipe),
    }
    student = distillation.student.eval().cpu()
    readouts = {
        MEANING: arrays_of(student.meaning),
        APPEARANCE: arrays_of(student.appearance),
    }
    state = fold_student(student.trunk)
    write_encoder(output, architecture, state, facts, readouts)
    for path in checkpoints:
        path.unlink()
    return history


def _prepare(
    recipe: Recipe,
    sources: Sequence[SourcePhoto],
    teacher: DenseEncoder,
    device: torch.device,
    start: DenseEncoder | None,
) -> Distillation:
    """Build the student and the teacher, with its statistics from a few batches."""
    architecture = architecture_named(recipe.architecture)
    first = recipe.phases[0]
    generator = np.random.default_rng(recipe.seed)
    drawn = draw_batches(sources, first.photos, first.rules, generator)
    crops = [
        normalise(as_photos(batch, device), architecture.preprocessing)
        for batch in islice(drawn, LOOKED_AT)
    ]
    dtype = training_dtype(device)
    prepared = make_teacher(teacher, architecture.preprocessing, crops, dtype)
    with seeded(recipe.seed):
        weights = start.weights if start else None
        student = Student(architecture, prepared.see(crops[0][:1]), weights)
    student = student.to(device).to(memory_format=torch.channels_last)
    rate = TRUNK_RATE if start else 1.0
    return Distillation(
        sources, student, architecture, prepared, dtype, recipe.goals, rate
    )


def _list(folder: Path, left_out: list[str]) -> Iterator[tuple[Path, str, str]]:
    """The training photographs of a folder: file, path in the dataset, and class.

    The path is empty in class folders, the class is empty in datasets. Sentences on
    what a class folder leaves out are added to ``left_out``.
    """
    if is_dataset(folder):
        dataset = read_dataset(folder)
        for photo in dataset.photos:
            if photo.split == "train":
                yield photo_file(dataset.images, photo.path), photo.path, ""
    else:
        photos, passed = read_class_folders(folder)
        left_out += passed
        for item in photos:
            if item.split == "train":
                yield item.path, "", item.label
