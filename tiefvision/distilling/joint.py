"""A locator learns from whole photographs: the encoder's last layers with all heads.

Stages 3 and 4 train heads over maps that stay as they are, at three sizes. Here the
maps move with the heads, and every pass sees photographs at other sizes and places.

Boxes are a few numbers a photograph, from which an encoder learns slowly. Where a
photograph has labels of pixels, the cells have to tell them as well: the shares that
labels have of the square around a cell, for hundreds of cells (fully convolutional
networks: Long, Shelhamer and Darrell, arXiv:1411.4038, with shares in place of one
label). They say whether a cell shows a sleeve or a wall, which a box does not.

The layers before the last step of the map stay as they are: they see edges and colours,
which are the same everywhere, and their gradients would cost as much as all others.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tiefvision.boxes import Boxes
from tiefvision.distilling.cells import shares_around_cells
from tiefvision.distilling.colours import disturb_colours
from tiefvision.distilling.scenes import (
    UNLABELLED,
    Scene,
    SceneBatch,
    SceneRules,
    draw_scenes,
)
from tiefvision.distilling.training import normalise
from tiefvision.encoders.architectures import CROP_SIDE, Architecture
from tiefvision.locating.heads import (
    SIDES,
    BoxRegressors,
    CropClassifier,
    HeadSizes,
    box_loss,
    presence_loss,
    standardise_inputs,
)
from tiefvision.locating.training import window_targets
from tiefvision.training import Task

CELL_SQUARE = 24
"""Side in pixels of the square whose labels a cell tells: a stride and a half, so that
squares overlap and an edge moves the shares of two cells."""

TRUNK_RATE = 0.15
"""Of the learning rate of the new layers: the trunk knows a lot already."""

MEMORY = 0.02
"""Weight of a batch in the running mean and spread of channels: batches are small."""

LABELS_REDUCED = 64
"""Channels between the map and the labels: few, so that the map itself has to say what
a label needs."""


@dataclass(frozen=True)
class JointRules:
    """How a locator is taught.

    Attributes:
        scenes: How photographs are seen.
        scenes_in_batch: Of one size.
        sizes: Of the heads.
        presence: Weight of the classifier's loss beside that of the labels.
        boxes: Weight of the regressors' loss.
    """

    scenes: SceneRules = field(default_factory=SceneRules)
    scenes_in_batch: int = 8
    sizes: HeadSizes = field(default_factory=lambda: HeadSizes(48, 64))
    presence: float = 0.25
    boxes: float = 0.5


class JointLocator(nn.Module):
    """A trunk and everything that learns above it.

    The heads read maps standardised by the running mean and spread of training;
    ``settle`` writes these into them when it is over.
    """

    def __init__(
        self,
        trunk: nn.Sequential,
        architecture: Architecture,
        categories: tuple[str, ...],
        classes: int,
        sizes: HeadSizes,
    ) -> None:
        super().__init__()
        channels, window = architecture.channels, architecture.window
        self.trunk = trunk
        early = early_layers(trunk, architecture.stride)
        for parameter in early.parameters():
            parameter.requires_grad_(False)
        self.standardise = nn.BatchNorm2d(channels, affine=False, momentum=MEMORY)
        self.labels = nn.Sequential(
            nn.Conv2d(channels, LABELS_REDUCED, 1),
            nn.BatchNorm2d(LABELS_REDUCED),
            nn.ReLU(),
            nn.Conv2d(LABELS_REDUCED, classes, 1),
        )
        self.classifier = CropClassifier(channels, window, categories, sizes)
        self.regressors = BoxRegressors(channels, window, len(categories), sizes)

    def train(self, mode: bool = True) -> "JointLocator":
        """Training mode, but for the statistics of the trunk.

        They come from far more photographs than a batch has.
        """
        super().train(mode)
        self.trunk.eval()
        return self

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What cells and windows of crops say, all float32.

        Args:
            crops: (B, 3, height, width) normalised RGB.

        Returns:
            Logits of the labels of cells (B, classes, h, w), of the categories of
            windows (B, categories, rows, columns), and the outputs of the regressors
            (B, 4, 2 * categories, rows, columns).
        """
        cells = self.standardise(self.trunk(crops))
        sides = [self.regressors.network(side)(cells) for side in SIDES]
        return (
            self.labels(cells).float(),
            self.classifier.network(cells).float(),
            torch.stack(sides, dim=1).float(),
        )

    def settle(self) -> None:
        """Give the heads the standardisation under which they learnt."""
        running = self.standardise
        mean, variance = running.running_mean, running.running_var
        assert mean is not None and variance is not None
        assert running.num_batches_tracked is not None
        # They began as 0 and 1, of which a short training leaves a part in them.
        learnt = 1 - (1 - MEMORY) ** int(running.num_batches_tracked)
        variance = (variance - (1 - learnt)) / learnt
        spread = (variance + running.eps).sqrt()
        for head in (self.classifier, self.regressors):
            standardise_inputs(head, mean / learnt, spread)


@dataclass(frozen=True)
class JointTraining:
    """Everything that stays the same from batch to batch.

    Attributes:
        scenes: The photographs.
        locator: Trained in place.
        architecture: Of its trunk.
        classes: How many labels there are, the ground among them.
        dtype: Of the arithmetic: float32, or bfloat16 where it is fast.
        rules: How it is taught.
    """

    scenes: Sequence[Scene]
    locator: JointLocator
    architecture: Architecture
    classes: int
    dtype: torch.dtype = torch.float32
    rules: JointRules = field(default_factory=JointRules)

    def task(self) -> Task:
        """What ``training.fit`` trains."""
        rules = self.rules

        def batches(generator: np.random.Generator) -> Iterator[SceneBatch]:
            return draw_scenes(
                self.scenes, rules.scenes_in_batch, rules.scenes, generator
            )

        return Task(self.locator, batches, self.loss, rates={"trunk.": TRUNK_RATE})

    def loss(self, batch: SceneBatch) -> Mapping[str, Tensor]:
        """The weighted sum of three losses, "loss", and figures to watch.

        "cells" is the cross-entropy of the shares of labels, mean over cells, in nats,
        and "right" the share of cells whose largest label is told. "presence" and
        "boxes" are the losses of the heads, "error" that of the coordinates in window
        units.
        """
        crops = self._crops(batch)
        half = self.dtype == torch.bfloat16
        with torch.autocast(crops.device.type, torch.bfloat16, enabled=half):
            labels, categories, sides = self.locator(crops)
        cells, right = self._label_loss(batch, labels)
        presence, boxes, error = self._window_losses(batch, categories, sides)
        total = cells + self.rules.presence * presence + self.rules.boxes * boxes
        return {
            "loss": total,
            "cells": cells,
            "right": right,
            "presence": presence,
            "boxes": boxes,
            "error": error,
        }

    def _crops(self, batch: SceneBatch) -> Tensor:
        photos = batch.pixels.permute(0, 3, 1, 2).float() / 255.0
        generator = torch.Generator().manual_seed(batch.seed)
        crops = normalise(disturb_colours(photos, generator))
        return crops.to(next(self.locator.parameters()).device)

    def _label_loss(self, batch: SceneBatch, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Cross-entropy and share of cells told, of those that are labelled."""
        numbers = batch.labels.long()
        known = (numbers != UNLABELLED)[..., None]
        samples = functional.one_hot(numbers.clamp_max(self.classes - 1), self.classes)
        samples = torch.cat([samples * known, ~known], dim=-1)
        shares = shares_around_cells(
            samples.permute(0, 3, 1, 2).float().to(logits.device),
            (logits.shape[2], logits.shape[3]),
            self.architecture.first_centre,
            self.architecture.stride,
            CELL_SQUARE,
        )
        wanted, labelled = shares[:, :-1], shares[:, -1] == 0
        count = labelled.sum().clamp_min(1)
        surprise = -(wanted * logits.log_softmax(dim=1)).sum(dim=1)
        right = (logits.argmax(dim=1) == wanted.argmax(dim=1)) & labelled
        return (surprise * labelled).sum() / count, right.sum() / count

    def _window_losses(
        self, batch: SceneBatch, categories: Tensor, sides: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        rows, columns = categories.shape[-2:]
        windows = canvas_windows(rows, columns, self.architecture.stride)
        names = self.locator.classifier.categories
        pairs = [window_targets(windows, found, names) for found in batch.garments]
        device = categories.device
        present = torch.from_numpy(np.concatenate([one for one, _ in pairs])).to(device)
        wanted = np.concatenate([targets for _, targets in pairs])
        targets = torch.from_numpy(wanted).float().to(device)
        # (B, ..., rows, columns) -> (B * rows * columns, ...), as the windows come
        logits = categories.permute(0, 2, 3, 1).flatten(0, 2)
        outputs = sides.permute(0, 3, 4, 1, 2).flatten(0, 2)
        loss, error = box_loss(outputs, targets, present > 0)
        return presence_loss(logits, present), loss, error


def canvas_windows(rows: int, columns: int, stride: int) -> Boxes:
    """The crops (rows * columns, 4) of a map's windows, in pixels of its canvas."""
    y0, x0 = (grid.ravel() for grid in np.mgrid[:rows, :columns] * float(stride))
    return np.stack([x0, y0, x0 + CROP_SIDE, y0 + CROP_SIDE], axis=-1)


@torch.no_grad()
def early_layers(trunk: nn.Sequential, stride: int) -> nn.Sequential:
    """The layers of a trunk that run before its map has its stride."""
    pixels = torch.zeros(1, 3, CROP_SIDE, CROP_SIDE)
    trunk.eval()
    for number, layer in enumerate(trunk):
        pixels = layer(pixels)
        if CROP_SIDE // pixels.shape[-1] >= stride:
            return trunk[:number]
    return trunk
