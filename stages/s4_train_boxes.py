"""Train the four box regressors, a separate network for each coordinate.

Reads   photos.lmdb, features.lmdb, crop_classifier.lmdb (for its categories)
Writes  box_regressors.lmdb: weights/module float32; training/history the curves;
        reports/train_boxes.csv, the curves, a line for each epoch
Command make stage-4
"""

from dataclasses import asdict, dataclass
from functools import partial
from typing import Annotated, Any

from tiefvision.encoders.architectures import architecture_named
from tiefvision.locating.head_training import (
    Sampling,
    channel_statistics,
    count_steps,
    regressors_task,
)
from tiefvision.locating.heads import (
    BoxRegressors,
    HeadSizes,
)
from tiefvision.locating.sides import SIDES
from tiefvision.training.loop import Schedule
from tiefvision.tuning.annotated import annotated_photos
from tiefvision.tuning.starting import Start, begin_head, kept_regressors
from tiefvision.workspace.fitting import fit_and_store
from tiefvision.workspace.job import Job, require_same_encoder
from tiefvision.workspace.levels import levels_reader, read_made
from tiefvision.workspace.records import read_photos

VERSION = 2
READS = ("photos", "features", "crop_classifier")
SHOWN = {
    "photographs": "photographs",
    "start": "start",
    "before.val_log_likelihood": "log likelihood (val) at the start",
    "last.val_log_likelihood": "log likelihood (val) at the end",
    "last.epoch": "epochs",
    "last.loss": "loss in the last epoch",
    "last.error": "error of a side, in windows",
}


@dataclass(frozen=True)
class Config:
    """Settings of the stage."""

    epochs: Annotated[int, "passes over the photographs; 0 keeps the start", 0] = 12
    learning_rate: Annotated[float, "highest rate of AdamW"] = 1e-3
    photos: Annotated[int, "photographs in a batch"] = Sampling.photos
    windows: Annotated[int, "windows of each level, of either kind"] = Sampling.windows
    start: Annotated[Start, "start from the encoder's own heads, or fresh"] = "known"
    reduced: Annotated[int, "channels after the 1x1 reduction of a fresh start"] = (
        HeadSizes.reduced
    )
    hidden: Annotated[int, "features of a window of a fresh start"] = HeadSizes.hidden


def run(config: Config, job: Job) -> dict[str, Any]:
    """Train on the training split; keep the epoch that is best on validation."""
    resources = job.resources
    features = job.read("features")
    classifier = job.read("crop_classifier")
    encoder = require_same_encoder(features, classifier)
    categories = classifier.header.details["categories"]
    photos = read_photos(job.read("photos"))
    photos += read_made(features)
    annotated = annotated_photos(photos, features, categories)
    # A photograph without a garment has no box to learn from.
    training, validation = (
        [item for item in part if item.garments] for part in annotated
    )
    levels_of = levels_reader(features, photos)

    architecture = architecture_named(encoder["name"])
    sizes = HeadSizes(config.reduced, config.hidden)
    shape = architecture.channels, architecture.window
    regressors, start = begin_head(
        config.start,
        partial(kept_regressors, features, categories),
        partial(BoxRegressors, *shape, len(categories), sizes),
        partial(channel_statistics, training, levels_of, resources.track),
        resources,
    )

    sampling = Sampling(config.photos, config.windows)
    task = regressors_task(
        regressors, categories, training, validation, levels_of, sampling
    )
    details = {
        "channels": architecture.channels,
        "window": architecture.window,
        "categories": categories,
        "sizes": asdict(regressors.network(SIDES[0]).sizes),
    }
    schedule = Schedule(config.epochs, config.learning_rate)
    steps = count_steps(training, sampling)
    figures = fit_and_store(job, task, schedule, steps, encoder, details)
    return {"photographs": len(training), "start": start, **figures}
