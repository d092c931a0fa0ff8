"""What the classifier and the regressors learn from: windows of annotated maps."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tiefvision.boxes import Boxes
from tiefvision.locating.heads import BoxRegressors, CropClassifier
from tiefvision.locating.windows import (
    BACKGROUND,
    Level,
    assign_categories,
    boxes_to_window_units,
    cells_of_windows,
    windows_in_image,
)
from tiefvision.progress import Track, untracked
from tiefvision.records import Garment
from tiefvision.training.loop import Figures, Task

LevelsOf = Callable[[str], Sequence[Level]]
"""Gives the maps of a photograph by its path; called anew for every batch, so that no
more than one batch is in memory."""


@dataclass(frozen=True)
class Annotated:
    """A photograph and what a locator must find in it."""

    path: str
    garments: tuple[Garment, ...]


@dataclass(frozen=True)
class Sampling:
    """How windows are drawn.

    Attributes:
        photos: Photographs in a batch.
        windows: At most so many of a level that hold a garment, and as many without.
    """

    photos: int = 8
    windows: int = 12


@dataclass(frozen=True)
class WindowBatch:
    """Chosen windows of a few photographs.

    Attributes:
        cells: (N, C) float32, the cells of all maps.
        positions: (n, window * window) int64 rows of ``cells``.
        labels: (n, categories) int8; 1 where the window holds one, 0 where it does
            not, -1 where that is too close to call.
        targets: (n, categories, 4) float32 box of it in window units; 0 without one.
    """

    cells: Tensor
    positions: Tensor
    labels: Tensor
    targets: Tensor


def draw_batch(
    photos: Sequence[Annotated],
    levels_of: LevelsOf,
    categories: Sequence[str],
    windows: int,
    generator: np.random.Generator,
) -> WindowBatch:
    """Draw windows from every level of photographs."""
    cells, positions, labels, targets = [], [], [], []
    offset = 0
    for photo in photos:
        for level in levels_of(photo.path):
            boxes = windows_in_image(level)
            present, wanted = window_targets(boxes, photo.garments, categories)
            chosen = _draw_windows(present, windows, generator)
            positions.append(cells_of_windows(level, chosen) + offset)
            labels.append(present[chosen])
            targets.append(wanted[chosen])
            flat = level.cells.flatten(1).T  # (C, h, w) -> (h*w, C)
            cells.append(flat.float())
            offset += len(flat)
    return WindowBatch(
        torch.cat(cells),
        torch.from_numpy(np.concatenate(positions)),
        torch.from_numpy(np.concatenate(labels)),
        torch.from_numpy(np.concatenate(targets)).float(),
    )


def window_targets(
    windows: Boxes, garments: Sequence[Garment], categories: Sequence[str]
) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """What windows should say, as ``WindowBatch`` has it.

    Args:
        windows: (N, 4) in the frame of the garments' boxes.
        garments: What is annotated.
        categories: Names of the columns.

    Returns:
        Labels (N, categories) and targets (N, categories, 4).
    """
    held = assign_categories(windows, garments, categories)
    labels = np.where(held >= 0, 1, np.where(held == BACKGROUND, 0, -1))
    targets = np.zeros((*held.shape, 4))
    window, column = np.nonzero(held >= 0)
    if len(window):
        boxes = np.array([garment.box_in_image for garment in garments])
        targets[window, column] = boxes_to_window_units(
            boxes[held[window, column]], windows[window]
        )
    return labels.astype(np.int8), targets


def _draw_windows(
    labels: NDArray[np.int8], windows: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Numbers of windows, as many with a garment as without where there are enough."""
    drawn = [
        generator.permutation(np.flatnonzero(kind))[:windows]
        for kind in ((labels > 0).any(axis=1), (labels == 0).all(axis=1))
    ]
    return np.concatenate(drawn)


def channel_statistics(
    photos: Sequence[Annotated], levels_of: LevelsOf, track: Track = untracked
) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation (C,) of the channels over the maps of photographs."""
    count, total, squares = 0, torch.zeros(()), torch.zeros(())
    for photo in track(photos, "measuring channels", len(photos)):
        for level in levels_of(photo.path):
            flat = level.cells.flatten(1).double()
            count += flat.shape[1]
            total = total + flat.sum(1)
            squares = squares + (flat**2).sum(1)
    mean = total / count
    variance = (squares / count - mean**2).clamp_min(0)
    return mean.float(), variance.sqrt().float()


def count_steps(photos: Sequence[Annotated], sampling: Sampling) -> int:
    """Batches of an epoch."""
    return -(-len(photos) // sampling.photos)


def classifier_task(
    classifier: CropClassifier,
    training: Sequence[Annotated],
    validation: Sequence[Annotated],
    levels_of: LevelsOf,
    sampling: Sampling,
) -> Task:
    """Train the classifier: for each category, windows with one against the others."""

    def loss(batch: WindowBatch) -> dict[str, Tensor]:
        batch = _move(batch, classifier.mean.device)
        value = classifier.loss(batch.cells, batch.positions, batch.labels)
        return {"loss": value}

    return _task(classifier, loss, training, validation, levels_of, sampling)


def regressors_task(
    regressors: BoxRegressors,
    categories: Sequence[str],
    training: Sequence[Annotated],
    validation: Sequence[Annotated],
    levels_of: LevelsOf,
    sampling: Sampling,
) -> Task:
    """Train the four regressors together, on windows that hold a garment."""

    def loss(batch: WindowBatch) -> dict[str, Tensor]:
        batch = _move(batch, regressors.mean.device)
        full = (batch.labels > 0).any(dim=1)
        value, error = regressors.loss(
            batch.cells,
            batch.positions[full],
            batch.targets[full],
            batch.labels[full] > 0,
        )
        return {"loss": value, "error": error}

    return _task(
        regressors, loss, training, validation, levels_of, sampling, categories
    )


def _task(
    head: CropClassifier | BoxRegressors,
    loss: Callable[[WindowBatch], dict[str, Tensor]],
    training: Sequence[Annotated],
    validation: Sequence[Annotated],
    levels_of: LevelsOf,
    sampling: Sampling,
    categories: Sequence[str] | None = None,
) -> Task:
    names = head.categories if isinstance(head, CropClassifier) else categories or ()

    def batches_of(
        photos: Sequence[Annotated], generator: np.random.Generator
    ) -> Iterator[WindowBatch]:
        for start in range(0, len(photos), sampling.photos):
            group = photos[start : start + sampling.photos]
            yield draw_batch(group, levels_of, names, sampling.windows, generator)

    def batches(generator: np.random.Generator) -> Iterator[WindowBatch]:
        order = generator.permutation(len(training))
        return batches_of([training[number] for number in order], generator)

    @torch.no_grad()
    def validate() -> Figures:
        # The same windows every time, so that epochs can be compared.
        drawn = batches_of(validation, np.random.default_rng(0))
        losses = [float(loss(batch)["loss"]) for batch in drawn]
        return {"val_log_likelihood": -float(np.mean(losses))}

    if not validation:
        return Task(head, batches, loss)
    return Task(head, batches, loss, validate, better="val_log_likelihood")


def _move(batch: WindowBatch, device: torch.device) -> WindowBatch:
    return WindowBatch(
        batch.cells.to(device),
        batch.positions.to(device),
        batch.labels.to(device),
        batch.targets.to(device),
    )
