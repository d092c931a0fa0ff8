"""Training of the heads on windows drawn from the maps of annotated photographs."""

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
    LevelsOf,
    assign_categories,
    boxes_to_window_units,
    cells_of_windows,
    windows_in_image,
)
from tiefvision.progress import Track, untracked
from tiefvision.records import Garment
from tiefvision.training.loop import Figures, Task


@dataclass(frozen=True)
class AnnotatedPhoto:
    """A photograph and the garments that a locator has to find in it.

    Attributes:
        path: path of the photograph, relative to the ``images`` folder.
        garments: garments of the trained categories; boxes in pixels of the photograph.
    """

    path: str
    garments: tuple[Garment, ...]


@dataclass(frozen=True)
class Sampling:
    """How many windows are drawn for a batch.

    Attributes:
        photos: photographs per batch.
        windows: from each level, at most this many windows with a garment, and at most
            as many without.
    """

    photos: int = 8
    windows: int = 12


@dataclass(frozen=True)
class WindowBatch:
    """Windows drawn from the maps of a few photographs.

    Attributes:
        cells: cells of all maps, one after the other, (N, C) float32.
        positions: rows of ``cells`` that each window covers, (n, window * window)
            int64.
        labels: 1 where the window holds a garment of the category, 0 where it does not,
            -1 where it is ambiguous, (n, categories) int8.
        targets: box of that garment in window units, 0 where there is none,
            (n, categories, 4) float32.
    """

    cells: Tensor
    positions: Tensor
    labels: Tensor
    targets: Tensor


def draw_batch(
    photos: Sequence[AnnotatedPhoto],
    levels_of: LevelsOf,
    categories: Sequence[str],
    windows: int,
    generator: np.random.Generator,
) -> WindowBatch:
    """Draw windows from every level of some photographs.

    Args:
        photos: photographs of the batch.
        levels_of: reads the maps of a photograph.
        categories: names of the columns of labels and targets.
        windows: number of windows per level, as in ``Sampling``.
        generator: random generator of the choice.
    """
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
            flat = _cells_of(level).T  # (C, h*w) -> (h*w, C)
            cells.append(flat)
            offset += len(flat)
    return WindowBatch(
        torch.cat(cells),
        torch.from_numpy(np.concatenate(positions)),
        torch.from_numpy(np.concatenate(labels)),
        torch.from_numpy(np.concatenate(targets)).float(),
    )


def _cells_of(level: Level) -> Tensor:
    """The cells of a level, row by row, (C, h * w) float32."""
    cells = torch.from_numpy(np.asarray(level.cells, dtype=np.float32))
    return cells.flatten(1)


def window_targets(
    windows: Boxes, garments: Sequence[Garment], categories: Sequence[str]
) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """Labels and target boxes of windows, as in ``WindowBatch``.

    Args:
        windows: windows in the frame of the garments' boxes, (N, 4).
        garments: annotated garments.
        categories: names of the columns.

    Returns:
        Labels, (N, categories) int8, and targets in window units, (N, categories, 4).
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
    """Draw at most ``windows`` windows with a garment, and as many without any.

    Returns:
        Numbers of the drawn windows, (n,). Windows that are ambiguous for some category
        and hold no garment are never drawn.
    """
    drawn = [
        generator.permutation(np.flatnonzero(kind))[:windows]
        for kind in ((labels > 0).any(axis=1), (labels == 0).all(axis=1))
    ]
    return np.concatenate(drawn)


def channel_statistics(
    photos: Sequence[AnnotatedPhoto], levels_of: LevelsOf, track: Track = untracked
) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each channel, (C,), over the maps of photographs.

    Args:
        photos: photographs to read.
        levels_of: reads the maps of a photograph.
        track: shows progress.
    """
    count, total, squares = 0, torch.zeros(()), torch.zeros(())
    for photo in track(photos, "measuring channels", len(photos)):
        for level in levels_of(photo.path):
            flat = _cells_of(level).double()
            count += flat.shape[1]
            total = total + flat.sum(1)
            squares = squares + (flat**2).sum(1)
    mean = total / count
    variance = (squares / count - mean**2).clamp_min(0)
    return mean.float(), variance.sqrt().float()


def count_steps(photos: Sequence[AnnotatedPhoto], sampling: Sampling) -> int:
    """Number of batches per epoch."""
    return -(-len(photos) // sampling.photos)


def classifier_task(
    classifier: CropClassifier,
    training: Sequence[AnnotatedPhoto],
    validation: Sequence[AnnotatedPhoto],
    levels_of: LevelsOf,
    sampling: Sampling,
) -> Task:
    """The task of training the classifier on windows with and without garments.

    Args:
        classifier: classifier, trained in place.
        training: training photographs.
        validation: validation photographs; may be empty.
        levels_of: reads the maps of a photograph.
        sampling: sizes of batches.
    """

    def loss(batch: WindowBatch) -> dict[str, Tensor]:
        batch = _move(batch, classifier.mean.device)
        value = classifier.loss(batch.cells, batch.positions, batch.labels)
        return {"loss": value}

    return _task(classifier, loss, training, validation, levels_of, sampling)


def regressors_task(
    regressors: BoxRegressors,
    categories: Sequence[str],
    training: Sequence[AnnotatedPhoto],
    validation: Sequence[AnnotatedPhoto],
    levels_of: LevelsOf,
    sampling: Sampling,
) -> Task:
    """The task of training the four regressors on windows that hold a garment.

    Args:
        regressors: regressors, trained in place.
        categories: categories of the regressors, in their order.
        training: training photographs.
        validation: validation photographs; may be empty.
        levels_of: reads the maps of a photograph.
        sampling: sizes of batches.
    """

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
    training: Sequence[AnnotatedPhoto],
    validation: Sequence[AnnotatedPhoto],
    levels_of: LevelsOf,
    sampling: Sampling,
    categories: Sequence[str] | None = None,
) -> Task:
    names = head.categories if isinstance(head, CropClassifier) else categories or ()

    def batches_of(
        photos: Sequence[AnnotatedPhoto], generator: np.random.Generator
    ) -> Iterator[WindowBatch]:
        for start in range(0, len(photos), sampling.photos):
            group = photos[start : start + sampling.photos]
            yield draw_batch(group, levels_of, names, sampling.windows, generator)

    def batches(generator: np.random.Generator) -> Iterator[WindowBatch]:
        order = generator.permutation(len(training))
        return batches_of([training[number] for number in order], generator)

    @torch.no_grad()
    def validate() -> Figures:
        # A fixed seed draws the same windows every time, so that epochs compare.
        drawn = batches_of(validation, np.random.default_rng(0))
        losses = [float(loss(batch)["loss"]) for batch in drawn]
        return {"val_log_likelihood": -float(np.mean(losses))}

    if not validation:
        return Task(head, batches, loss)
    return Task(head, batches, loss, validate, selection_figure="val_log_likelihood")


def _move(batch: WindowBatch, device: torch.device) -> WindowBatch:
    return WindowBatch(
        batch.cells.to(device),
        batch.positions.to(device),
        batch.labels.to(device),
        batch.targets.to(device),
    )
