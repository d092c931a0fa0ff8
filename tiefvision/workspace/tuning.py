"""An encoder is tuned on labelled photographs and written as a file."""

import json
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from tiefvision.datasets.files import label_names, mask_file, photo_file
from tiefvision.datasets.layout import read_dataset
from tiefvision.distilling.labelling import Labeller, Labelling, LabellingRules
from tiefvision.distilling.scenes import Scene, batches_of_epoch
from tiefvision.encoders.dense import DenseEncoder
from tiefvision.encoders.precision import AUTO, dtype_for
from tiefvision.encoders.weights import write_encoder
from tiefvision.errors import BadDataset, UnreadablePhoto
from tiefvision.photos.reading import read_photo
from tiefvision.progress import Track
from tiefvision.training import Figures, Schedule, fit, seeded
from tiefvision.workspace.checkpoint import FileMemory

logger = logging.getLogger(__name__)

LONGEST_SIDE = 1024
"""Pixels of a photograph in memory: nearly twice what is ever seen of it."""

LEAST_SHARE = 0.05
"""Of the photographs that must show a label for it to be learnt by itself; the rarer
ones are one class together."""

EPOCHS = 24
"""Passes over the photographs."""


@dataclass(frozen=True)
class TuningRecipe:
    """Everything that decides the weights, apart from photographs and encoder.

    Attributes:
        schedule: How long and how fast.
        rules: How the cells are taught.
        seed: Of the first weights and of every draw.
    """

    schedule: Schedule = field(
        default_factory=lambda: Schedule(EPOCHS, 2e-3, weight_decay=0.05)
    )
    rules: LabellingRules = field(default_factory=LabellingRules)
    seed: int = 0


@dataclass(frozen=True)
class LabelledPhotos:
    """Training photographs, and the names of what their labels tell apart.

    Attributes:
        scenes: Photographs with the numbers of classes.
        classes: Names by number; the first is the ground.
        skipped: Why some were left out.
    """

    scenes: tuple[Scene, ...]
    classes: tuple[str, ...]
    skipped: tuple[str, ...]


def read_scenes(
    root: Path, splits: dict[str, str] | None, track: Track
) -> LabelledPhotos:
    """The training photographs of a dataset that have masks, in memory.

    Args:
        root: A dataset in the project's layout, with ``masks/``.
        splits: Split of each photograph by path; None for the dataset's own.
        track: Shows progress.

    Raises:
        BadDataset: None has a mask.
    """
    dataset = read_dataset(root)
    names = label_names(root)
    scenes, skipped = [], []
    photos = [
        photo
        for photo in dataset.photos
        if (splits or {}).get(photo.path, photo.split) == "train"
        and mask_file(root, photo.path).is_file()
    ]
    for photo in track(photos, "reading photographs", len(photos)):
        try:
            image = Image.fromarray(
                read_photo(
                    photo_file(dataset.images, photo.path), max_side=LONGEST_SIDE
                )
            )
            labels = _read_labels(mask_file(root, photo.path), image.size)
        except (UnreadablePhoto, OSError) as error:
            skipped.append(str(error))
            continue
        scenes.append(Scene(image, labels))
    if not scenes:
        raise BadDataset(
            f"No training photograph in {root} has a mask.",
            "tiefvision data import ccp writes them; data/README.md tells their form.",
        )
    numbers, classes = _classes(scenes, names)
    table = [int(number) for number in numbers]
    known = [Scene(s.image, s.labels.point(table)) for s in scenes]
    return LabelledPhotos(tuple(known), classes, tuple(skipped))


def tune(
    recipe: TuningRecipe,
    photos: LabelledPhotos,
    encoder: DenseEncoder,
    output: Path,
    device: torch.device,
    track: Track,
) -> list[Figures]:
    """Tune an encoder and write its file; a run that was killed is continued.

    Args:
        recipe: What decides the weights.
        photos: As ``read_scenes`` gives them.
        encoder: Where it starts.
        output: The encoder file.
        device: Where to train.
        track: Shows progress.

    Returns:
        The figures of every epoch.
    """
    architecture = encoder.architecture
    with seeded(recipe.seed):
        trunk = architecture.build()
        trunk.load_state_dict(encoder.trunk.state_dict())
        labeller = Labeller(
            trunk, architecture.channels, recipe.rules.reduced, len(photos.classes)
        )
    labeller = labeller.to(device).to(memory_format=torch.channels_last)
    dtype = dtype_for(architecture.name, device, AUTO)
    labelling = Labelling(
        photos.scenes,
        labeller,
        architecture,
        len(photos.classes),
        dtype,
        recipe.rules,
    )
    output.parent.mkdir(parents=True, exist_ok=True)
    checkpoint = output.with_name(f"{output.name}.tuning")
    settings = [asdict(recipe), encoder.identity.to_dict(), photos.classes]
    memory = FileMemory(
        checkpoint, json.dumps([*settings, len(photos.scenes)], sort_keys=True)
    )
    steps = batches_of_epoch(len(photos.scenes), recipe.rules.scenes_in_batch)
    history = fit(labelling.task(), recipe.schedule, steps, recipe.seed, memory, track)[
        1:
    ]
    logger.info("tuned: %s", history[-1])
    facts = {
        "name": f"{encoder.identity.weights}-tuned",
        "from": str(encoder.identity),
        "photographs": len(photos.scenes),
        "labels": photos.classes,
        "recipe": asdict(recipe),
    }
    state = labeller.trunk.cpu().state_dict()
    write_encoder(output, architecture.name, state, facts)
    checkpoint.unlink()
    return history


def _read_labels(file: Path, size: tuple[int, int]) -> Image.Image:
    with Image.open(file) as mask:
        return mask.convert("L").resize(size, Image.Resampling.NEAREST)


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
        if count and number
    )
    common = sorted(n for n, c in shown.items() if c >= LEAST_SHARE * len(scenes))
    classes = np.full(256, len(common) + 1, dtype=np.uint8)
    classes[0] = 0
    classes[common] = np.arange(1, len(common) + 1)
    named = [names[n] if n < len(names) else f"label {n}" for n in common]
    return classes, ("ground", *named, "others")
