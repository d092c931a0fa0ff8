"""The recipe of ``tiefvision tune``: from a dataset by joint training to a file."""

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
from tiefvision.augmenting.nothing import nothing_scene, strip_beside
from tiefvision.augmenting.scenes import UNLABELLED, Scene
from tiefvision.boxes import as_box, scale_boxes
from tiefvision.datasets.files import label_names, mask_file, photo_file
from tiefvision.datasets.layout import read_dataset
from tiefvision.encoders.dense import DenseEncoder
from tiefvision.encoders.weights import write_encoder
from tiefvision.encoders.weights_header import read_weights_header
from tiefvision.engines.modules import arrays_of, trained_modules
from tiefvision.errors import BadDataset, UnreadablePhoto
from tiefvision.locating.heads_file import CLASSIFIER, REGRESSORS
from tiefvision.locating.targets import garments_to_find, resolve_categories
from tiefvision.photos.reading import read_photo
from tiefvision.progress import Track
from tiefvision.records import Photo, Split
from tiefvision.training.checkpoint import FileMemory
from tiefvision.training.loop import Figures, Schedule, fit, seeded
from tiefvision.training.precision import training_dtype
from tiefvision.tuning.joint import JointRules, JointTraining
from tiefvision.tuning.joint_locator import JointLocator

logger = logging.getLogger(__name__)

LONGEST_SIDE = 1024
"""Longest side in pixels of a photograph in memory, nearly twice the largest size that
the augmentation uses."""

LEAST_SHARE = 0.05
"""Least share of the photographs that must show a label for it to be a class of its
own; rarer labels together form one class."""

NOTHING_SHARE = 0.1
"""Scenes without garments of either kind for each training photograph."""

FOREGROUND = UNLABELLED - 1
"""Label of plain white pixels in a mask, which mean foreground of no known label."""

EPOCHS = 30
"""Default number of passes over the photographs."""


@dataclass(frozen=True)
class TuningRecipe:
    """All settings that determine the weights, besides photographs and encoder.

    Attributes:
        schedule: length and learning rates.
        rules: augmentation, batches and loss weights.
        seed: seed of the initial weights and of every random choice.
    """

    schedule: Schedule = field(
        default_factory=lambda: Schedule(EPOCHS, 2e-3, weight_decay=0.05)
    )
    rules: JointRules = field(default_factory=JointRules)
    seed: int = 0


@dataclass(frozen=True)
class TrainingPhotos:
    """Training photographs with the names of their categories and label classes.

    Attributes:
        scenes: photographs with boxes of garments and with the class of each pixel.
        categories: categories of the garments.
        classes: names of the label classes by number. The first is the background; it
            is the only one if no photograph has a mask.
        skipped: messages of photographs that could not be read.
        nothing: scenes without garments, which belong to no photograph.
    """

    scenes: tuple[Scene, ...]
    categories: tuple[str, ...]
    classes: tuple[str, ...]
    skipped: tuple[str, ...]
    nothing: tuple[Scene, ...] = ()

    @property
    def everything(self) -> tuple[Scene, ...]:
        """All scenes to train on."""
        return self.scenes + self.nothing


def read_scenes(
    root: Path, wanted: Sequence[str], splits: Mapping[str, Split] | None, track: Track
) -> TrainingPhotos:
    """Read the training photographs of a dataset into memory.

    Args:
        root: folder of a dataset in the project's layout; masks in ``masks/`` are used
            if there are any.
        wanted: categories to find, as for ``resolve_categories``.
        splits: split of each photograph by path; None for the splits of the dataset.
        track: shows progress.

    Raises:
        BadDataset: No training photograph shows one of the categories, or the dataset
            lacks a wanted category.
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
    nothing = _without_garments(scenes, 0 if labelled else UNLABELLED)
    numbers, classes = _classes(scenes, label_names(root) if labelled else ())
    table = [int(number) for number in numbers]
    known = [replace(scene, labels=scene.labels.point(table)) for scene in scenes]
    return TrainingPhotos(
        tuple(known), tuple(categories), classes, tuple(skipped), tuple(nothing)
    )


def _without_garments(scenes: Sequence[Scene], label: int) -> list[Scene]:
    """Scenes without garments: painted ones, and what lies beside people.

    Args:
        scenes: training photographs.
        label: label of the pixels of a painted scene: 0, the background, or
            ``UNLABELLED``, so that a dataset without masks trains no labels.
    """
    generator = np.random.default_rng(0)
    painted = [
        nothing_scene(generator, label)
        for _ in range(round(len(scenes) * NOTHING_SHARE))
    ]
    strips = [strip_beside(scene) for scene in scenes[:: round(1 / NOTHING_SHARE)]]
    return [*painted, *(strip for strip in strips if strip)]


def tune(
    recipe: TuningRecipe,
    photos: TrainingPhotos,
    encoder: DenseEncoder,
    output: Path,
    device: torch.device,
    track: Track,
) -> list[Figures]:
    """Train a locator and write its weights file; an interrupted run is continued.

    Args:
        recipe: settings of the training.
        photos: training photographs, as ``read_scenes`` returns them.
        encoder: encoder whose trunk the training starts from.
        output: path of the weights file, which holds the encoder and the heads.
        device: torch device of the training.
        track: shows progress.

    Returns:
        The figures of every epoch; empty if the file exists and was made by the same
        recipe, encoder and photographs.
    """
    architecture = encoder.architecture
    settings = _settings(recipe, photos, encoder)
    if _made_by(output) == settings:
        return []
    with seeded(recipe.seed):
        where = str(encoder.identity)
        trunk = trained_modules(architecture.layers, encoder.weights, where)
        locator = JointLocator(
            trunk,
            architecture,
            photos.categories,
            len(photos.classes),
            recipe.rules.sizes,
        )
    locator = locator.to(device).to(memory_format=torch.channels_last)
    # The rounding of bfloat16 is small compared with the noise between batches.
    dtype = training_dtype(device)
    training = JointTraining(
        photos.everything,
        locator,
        architecture,
        len(photos.classes),
        dtype,
        recipe.rules,
    )
    output.parent.mkdir(parents=True, exist_ok=True)
    checkpoint = output.with_name(f"{output.name}.tuning")
    memory = FileMemory(checkpoint, settings)
    steps = batches_of_epoch(len(photos.everything), recipe.rules.scenes_in_batch)
    history = fit(training.task(), recipe.schedule, steps, recipe.seed, memory, track)[
        1:
    ]
    logger.info("tuned: %s", history[-1])
    locator.fold_into_heads()
    _write(output, locator.cpu(), encoder, photos, recipe, settings)
    checkpoint.unlink()
    return history


def _settings(
    recipe: TuningRecipe, photos: TrainingPhotos, encoder: DenseEncoder
) -> str:
    """Digest of everything that determines the weights."""
    digest = hashlib.sha256()
    known = [
        asdict(recipe),
        encoder.identity.to_dict(),
        photos.categories,
        photos.classes,
    ]
    digest.update(json.dumps(known, sort_keys=True).encode())
    for scene in photos.everything:
        digest.update(repr(scene.garments).encode())
        digest.update(scene.image.tobytes())
        digest.update(scene.labels.tobytes())
    return digest.hexdigest()


def _made_by(output: Path) -> str:
    """The settings digest in a file that ``tune`` wrote; "" for any other, or none."""
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
        CLASSIFIER: arrays_of(locator.classifier),
        REGRESSORS: arrays_of(locator.regressors),
    }
    write_encoder(output, architecture, arrays_of(locator.trunk), facts, heads)


def _read_scene(
    root: Path, images: Path, photo: Photo, categories: Sequence[str]
) -> Scene:
    """Read a photograph with boxes and labels; all unlabelled if it has no mask."""
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
    """Assign a class to every label.

    Class 0 is the background. Labels that at least ``LEAST_SHARE`` of the photographs
    show follow in their order, and all rarer labels share the last class.

    Args:
        scenes: photographs with the label of each pixel.
        names: names of the labels by number.

    Returns:
        The class of each label, (256,) uint8, and the names of the classes.
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
