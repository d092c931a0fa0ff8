"""Train the crop classifier: windows that hold a garment against windows that do not.

Reads   photos.lmdb, features.lmdb
Writes  crop_classifier.lmdb: weights/module float32; training/history the curves;
        reports/train_classifier.csv, the curves, a line for each epoch
Command make stage-3 ARGS="--categories all --categories outfit"
"""

from dataclasses import asdict, dataclass
from functools import partial
from typing import Annotated, Any

from tiefvision.encoders.architectures import architecture_named
from tiefvision.groups import OUTFIT
from tiefvision.locating.head_training import (
    Sampling,
    channel_statistics,
    classifier_task,
    count_steps,
)
from tiefvision.locating.heads import CropClassifier, HeadSizes
from tiefvision.locating.targets import ALL, resolve_categories
from tiefvision.training.loop import Schedule
from tiefvision.tuning.annotated import annotated_photos
from tiefvision.tuning.starting import Start, begin_head, kept_classifier
from tiefvision.workspace.fitting import fit_and_store
from tiefvision.workspace.job import Job, require_same_encoder
from tiefvision.workspace.levels import levels_reader, read_made
from tiefvision.workspace.records import read_photos

VERSION = 3
READS = ("photos", "features")
SHOWN = {
    "photographs": "photographs",
    "categories": "categories",
    "start": "start",
    "before.val_log_likelihood": "log likelihood (val) at the start",
    "last.val_log_likelihood": "log likelihood (val) at the end",
    "last.epoch": "epochs",
    "last.loss": "loss in the last epoch",
}


@dataclass(frozen=True)
class Config:
    """Settings of the stage."""

    categories: Annotated[
        tuple[str, ...], "what to find: a group, outfit, or all; may be repeated"
    ] = (ALL, OUTFIT)
    start: Annotated[Start, "start from the encoder's own heads, or fresh"] = "known"
    epochs: Annotated[int, "passes over the photographs; 0 keeps the start", 0] = 8
    learning_rate: Annotated[float, "highest rate of AdamW"] = 1e-3
    photos: Annotated[int, "photographs in a batch"] = Sampling.photos
    windows: Annotated[int, "windows of each level, of either kind"] = Sampling.windows
    reduced: Annotated[int, "channels after the 1x1 reduction of a fresh start"] = (
        HeadSizes.reduced
    )
    hidden: Annotated[int, "features of a window of a fresh start"] = HeadSizes.hidden


def run(config: Config, job: Job) -> dict[str, Any]:
    """Train on the training split; keep the epoch that is best on validation."""
    resources = job.resources
    features = job.read("features")
    photos = read_photos(job.read("photos"))
    categories = resolve_categories(config.categories, photos)
    photos += read_made(features)
    training, validation = annotated_photos(photos, features, categories)
    levels_of = levels_reader(features, photos)

    encoder = require_same_encoder(features)
    architecture = architecture_named(encoder["name"])
    sizes = HeadSizes(config.reduced, config.hidden)
    shape = architecture.channels, architecture.window
    classifier, start = begin_head(
        config.start,
        partial(kept_classifier, features, categories),
        partial(CropClassifier, *shape, tuple(categories), sizes),
        partial(channel_statistics, training, levels_of, resources.track),
        resources,
    )

    sampling = Sampling(config.photos, config.windows)
    task = classifier_task(classifier, training, validation, levels_of, sampling)
    details = {
        "channels": architecture.channels,
        "window": architecture.window,
        "categories": categories,
        "sizes": asdict(classifier.network.sizes),
    }
    schedule = Schedule(config.epochs, config.learning_rate)
    steps = count_steps(training, sampling)
    figures = fit_and_store(job, task, schedule, steps, encoder, details)
    return {
        "photographs": len(training),
        "categories": ", ".join(categories),
        "start": start,
        **figures,
    }
