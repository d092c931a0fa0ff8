"""A locator learns from whole photographs: the encoder's last layers with all heads.

Stages 3 and 4 train heads over maps that stay as they are, at three sizes. Here the
maps move with the heads, and every pass sees photographs at other sizes and places.

Boxes are a few numbers a photograph, from which an encoder learns slowly. Where a
photograph has labels of pixels, the cells have to tell them as well: the shares that
labels have of the square around a cell, for hundreds of cells (fully convolutional
networks: Long, Shelhamer and Darrell, arXiv:1411.4038, with shares in place of one
label). They say whether a cell shows a sleeve or a wall, which a box does not.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from tiefvision.augmenting.canvases import SceneBatch, SceneRules, draw_scenes
from tiefvision.augmenting.cells import shares_around_cells
from tiefvision.augmenting.colours import disturb_colours
from tiefvision.augmenting.scenes import UNLABELLED, Scene
from tiefvision.distilling.training import normalise
from tiefvision.encoders.architectures import Architecture
from tiefvision.locating.heads import (
    HeadSizes,
    box_loss,
    presence_loss,
)
from tiefvision.locating.training import window_targets
from tiefvision.locating.windows import windows_on_canvas
from tiefvision.training.loop import Task
from tiefvision.tuning.joint_locator import JointLocator

CELL_SQUARE = 24
"""Side in pixels of the square whose labels a cell tells: a stride and a half, so that
squares overlap and an edge moves the shares of two cells."""

TRUNK_RATE = 0.15
"""Of the learning rate of the new layers: the trunk knows a lot already."""


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
    scenes_in_batch: int = 4
    sizes: HeadSizes = field(default_factory=lambda: HeadSizes(48, 64))
    presence: float = 0.25
    boxes: float = 0.5


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
        windows = windows_on_canvas(rows, columns, self.architecture.stride)
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
