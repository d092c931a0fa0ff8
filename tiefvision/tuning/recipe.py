"""A locator learns from whole photographs and is written as a file."""

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from tiefvision.augmenting.canvases import batches_of_epoch
from tiefvision.augmenting.scenes import UNLABELLED, Scene
from tiefvision.boxes import as_box, scale_boxes
from tiefvision.datasets.files import label_names, mask_file, photo_file
from tiefvision.datasets.layout import read_dataset
from tiefvision.encoders.dense import DenseEncoder
from tiefvision.encoders.precision import multiplies_bfloat16
from tiefvision.encoders.weights import write_encoder
from tiefvision.encoders.weights_header import read_weights_header
from tiefvision.errors import BadDataset, UnreadablePhoto
from tiefvision.locating.heads_file import CLASSIFIER, REGRESSORS
from tiefvision.locating.targets import garments_to_find, resolve_categories
from tiefvision.photos.reading import read_photo
from tiefvision.progress import Track
from tiefvision.records import Photo, Split
from tiefvision.training.checkpoint import FileMemory
from tiefvision.training.loop import Figures, Schedule, fit, seeded
from tiefvision.tuning.joint import JointRules, JointTraining
from tiefvision.tuning.joint_locator import JointLocator

logger = logging.getLogger(__name__)

LONGEST_SIDE = 1024
"""Pixels of a photograph in memory: nearly twice what is ever seen of it."""

LEAST_SHARE = 0.05
"""Of the photographs that must show a label for it to be learnt by itself; the rarer
ones are one class together."""

FOREGROUND = UNLABELLED - 1
"""Here, of what is plain white in a mask: it shows something, not nothing."""

EPOCHS = 30
"""Passes over the photographs."""


@dataclass(frozen=True)
class TuningRecipe:
    """Everything that decides the weights, apart from photographs and encoder.

    Attributes:
        schedule: How long and how fast.
        rules: How the locator is taught.
        seed: Of the first weights and of every draw.
    """

    schedule: Schedule = field(
        default_factory=lambda: Schedule(EPOCHS, 2e-3, weight_decay=0.05)
    )
    rules: JointRules = field(default_factory=JointRules)
    seed: int = 0


@dataclass(frozen=True)
class TrainingPhotos:
    """Training photographs, and the names of what they show.

    Attributes:
        scenes: Photographs with boxes and the numbers of classes.
        categories: Of the boxes.
        classes: Of the labels, by number; the first is the ground, and the only one
            where no photograph has a mask.
        skipped: Why some were left out.
    """

    scenes: tuple[Scene, ...]
    categories: tuple[str, ...]
    classes: tuple[str, ...]
    skipped: tuple[str, ...]


def read_scenes(
    root: Path, wanted: Sequence[str], splits: Mapping[str, Split] | None, track: Track
) -> TrainingPhotos:
    """The training photographs of a dataset, in memory.

    Args:
        root: A dataset in the project's layout, if it can be with ``masks/``.
        wanted: What to find, as for ``resolve_categories``.
        splits: Split of each photograph by path; None for the dataset's own.
        track: Shows progress.

    Raises:
        BadDataset: It has none, or no such category.
    """
    dataset = read_dataset(root)
    photos = [
        replace(photo, split=(splits or {}).get(photo.path, photo.split))
        for photo in dataset.photos
    ]
    categories = resolve_categories(wanted, photos)
    training = [photo for photo in photos if photo.split == "train"]
    scenes, skipped = [], []
    for photo in track(training, "reading photographs", len(training)):
        try:
            scenes.append(_read_scene(root, dataset.images, photo, categories))
        except UnreadablePhoto as error:
            skipped.append(str(error))
    if not any(scene.garments for scene in scenes):
        raise BadDataset(
            f"No training photograph in {root} shows {' or '.join(categories)}.",
            "Give some photographs the split train in annotations.json.",
        )
    labelled = any(scene.labels.getextrema() != (UNLABELLED,) * 2 for scene in scenes)
    numbers, classes = _classes(scenes, label_names(root) if labelled else ())
    table = [int(number) for number in numbers]
    known = [replace(scene, labels=scene.labels.point(table)) for scene in scenes]
    return TrainingPhotos(tuple(known), tuple(categories), classes, tuple(skipped))


def tune(
    recipe: TuningRecipe,
    photos: TrainingPhotos,
    encoder: DenseEncoder,
    output: Path,
    device: torch.device,
    track: Track,
) -> list[Figures]:
    """Train a locator and write its file; a run that was killed is continued.

    Args:
        recipe: What decides the weights.
        photos: As ``read_scenes`` gives them.
        encoder: Where it starts.
        output: The encoder file, with the heads in it.
        device: Where to train.
        track: Shows progress.

    Returns:
        The figures of every epoch; none if the file is there, of the same recipe,
        encoder and photographs.
    """
    architecture = encoder.architecture
    settings = _settings(recipe, photos, encoder)
    if _made_by(output) == settings:
        return []
    with seeded(recipe.seed):
        trunk = architecture.build()
        trunk.load_state_dict(encoder.trunk.state_dict())
        locator = JointLocator(
            trunk,
            architecture,
            photos.categories,
            len(photos.classes),
            recipe.rules.sizes,
        )
    locator = locator.to(device).to(memory_format=torch.channels_last)
    # The rounding is little beside what one batch differs from another.
    dtype = torch.bfloat16 if multiplies_bfloat16(device) else torch.float32
    training = JointTraining(
        photos.scenes, locator, architecture, len(photos.classes), dtype, recipe.rules
    )
    output.parent.mkdir(parents=True, exist_ok=True)
    checkpoint = output.with_name(f"{output.name}.tuning")
    memory = FileMemory(checkpoint, settings)
    steps = batches_of_epoch(len(photos.scenes), recipe.rules.scenes_in_batch)
    history = fit(training.task(), recipe.schedule, steps, recipe.seed, memory, track)[
        1:
    ]
    logger.info("tuned: %s", history[-1])
    locator.settle()
    _write(output, locator.cpu(), encoder, photos, recipe, settings)
    checkpoint.unlink()
    return history


def _settings(
    recipe: TuningRecipe, photos: TrainingPhotos, encoder: DenseEncoder
) -> str:
    """A digest of everything that decides the weights."""
    digest = hashlib.sha256()
    known = [
        asdict(recipe),
        encoder.identity.to_dict(),
        photos.categories,
        photos.classes,
    ]
    digest.update(json.dumps(known, sort_keys=True).encode())
    for scene in photos.scenes:
        digest.update(repr(scene.garments).encode())
        digest.update(scene.image.tobytes())
        digest.update(scene.labels.tobytes())
    return digest.hexdigest()


def _made_by(output: Path) -> str:
    """The settings of a file that ``tune`` wrote; "" of any other, or none."""
    if not output.is_file():
        return ""
    return str(read_weights_header(output).facts.get("settings", ""))


def _write(
    output: Path,
    locator: JointLocator,
    encoder: DenseEncoder,
    photos: TrainingPhotos,
    recipe: TuningRecipe,
    settings: str,
) -> None:
    architecture = encoder.architecture
    head = {
        "channels": architecture.channels,
        "window": architecture.window,
        "categories": photos.categories,
        "sizes": asdict(recipe.rules.sizes),
    }
    facts = {
        "name": f"{encoder.identity.weights}-tuned",
        "from": str(encoder.identity),
        "photographs": len(photos.scenes),
        "labels": photos.classes,
        "recipe": asdict(recipe),
        "settings": settings,
        CLASSIFIER: head,
        REGRESSORS: head,
    }
    heads = {
        CLASSIFIER: locator.classifier.state_dict(),
        REGRESSORS: locator.regressors.state_dict(),
    }
    state = locator.trunk.state_dict()
    write_encoder(output, architecture.name, state, facts, heads)


def _read_scene(
    root: Path, images: Path, photo: Photo, categories: Sequence[str]
) -> Scene:
    """A photograph in memory; without a mask nothing of it is labelled."""
    image = Image.fromarray(
        read_photo(photo_file(images, photo.path), max_side=LONGEST_SIDE)
    )
    mask = mask_file(root, photo.path)
    labels = Image.new("L", image.size, UNLABELLED)
    if mask.is_file():
        labels = _read_labels(mask, image.size)
    scales = image.width / photo.width, image.height / photo.height
    garments = tuple(
        replace(one, box_in_image=as_box(scale_boxes(one.box_in_image, *scales)))
        for one in garments_to_find(photo, categories)
    )
    return Scene(image, labels, garments)


def _read_labels(file: Path, size: tuple[int, int]) -> Image.Image:
    mask = Image.fromarray(read_photo(file)).convert("L")
    labels = mask.resize(size, Image.Resampling.NEAREST)
    return labels.point(lambda number: min(number, FOREGROUND))


def _classes(
    scenes: Sequence[Scene], names: Sequence[str]
) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """The class of every label, and the names of the classes.

    The ground is 0, labels that many photographs show follow, the rare ones share the
    last class.
    """
    shown = Counter(
        number
        for scene in scenes
        for number, count in enumerate(scene.labels.histogram())
        if count and number not in (0, UNLABELLED)
    )
    common = sorted(n for n, c in shown.items() if c >= LEAST_SHARE * len(scenes))
    classes = np.full(256, len(common) + 1, dtype=np.uint8)
    classes[0] = 0
    classes[common] = np.arange(1, len(common) + 1)
    classes[UNLABELLED] = UNLABELLED
    known = dict(enumerate(names)) | {FOREGROUND: "foreground"}
    named = [known.get(n, f"label {n}") for n in common]
    return classes, ("ground", *named, *(["others"] if shown else []))
