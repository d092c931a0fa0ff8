"""Joint training of a locator: the last layers of the encoder and all heads.

Stages 3 and 4 train heads on fixed maps of three sizes. Here the encoder is trained
with the heads, and every epoch draws photographs at other sizes and positions.

A photograph has few boxes, from which an encoder learns slowly. Where a photograph also
has pixel labels, an auxiliary loss predicts for every cell the shares of the labels in
the square around it. This is semantic segmentation by a fully convolutional network
(Long, Shelhamer & Darrell, arXiv:1411.4038) with shares instead of a single label; it
teaches whether a cell shows a sleeve or a wall, which a box does not tell.
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
from tiefvision.distilling.student_training import normalise
from tiefvision.encoders.architectures import Architecture
from tiefvision.locating.head_training import window_targets
from tiefvision.locating.heads import (
    HeadSizes,
    box_loss,
    presence_loss,
)
from tiefvision.locating.windows import windows_on_canvas
from tiefvision.training.loop import Task
from tiefvision.tuning.joint_locator import JointLocator

CELL_SQUARE = 24
"""Side in pixels of the square around a cell whose label shares are predicted: one and
a half strides, so that squares overlap and an edge changes the shares of two cells."""

TRUNK_RATE = 0.15
"""Learning rate of the trunk, as a share of that of the new layers: the trunk is
already trained."""


@dataclass(frozen=True)
class JointRules:
    """Augmentation, batches and loss weights of joint training.

    Attributes:
        scenes: rules by which photographs are augmented.
        scenes_in_batch: photographs per batch, all at one size.
        sizes: widths of the heads' hidden layers.
        presence: weight of the classifier's loss; the label loss has weight 1.
        boxes: weight of the regressors' loss.
    """

    scenes: SceneRules = field(default_factory=SceneRules)
    scenes_in_batch: int = 4
    sizes: HeadSizes = field(default_factory=lambda: HeadSizes(48, 64))
    presence: float = 0.25
    boxes: float = 0.5


@dataclass(frozen=True)
class JointTraining:
    """Photographs, network and rules of a joint training.

    Attributes:
        scenes: training photographs.
        locator: network, trained in place.
        architecture: architecture of its trunk.
        classes: number of classes of pixel labels, including the background.
        dtype: dtype of the forward pass: torch.bfloat16 (mixed precision) or
            torch.float32.
        rules: augmentation, batches and loss weights.
    """

    scenes: Sequence[Scene]
    locator: JointLocator
    architecture: Architecture
    classes: int
    dtype: torch.dtype = torch.float32
    rules: JointRules = field(default_factory=JointRules)

    def task(self) -> Task:
        """The task for ``training.loop.fit``."""
        rules = self.rules

        def batches(generator: np.random.Generator) -> Iterator[SceneBatch]:
            return draw_scenes(
                self.scenes, rules.scenes_in_batch, rules.scenes, generator
            )

        return Task(self.locator, batches, self.loss, rates={"trunk.": TRUNK_RATE})

    def loss(self, batch: SceneBatch) -> Mapping[str, Tensor]:
        """The loss of a batch and the figures that are recorded.

        Returns:
            "loss": weighted sum of "cells", "presence" and "boxes".
            "cells": cross-entropy of the label shares in nats, mean over cells.
            "right": share of cells whose largest label is predicted, in [0, 1].
            "presence": loss of the classifier (``presence_loss``).
            "boxes": loss of the regressors (``box_loss``).
            "error": mean absolute error of coordinates in window units.
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
        device = next(self.locator.parameters()).device
        photos = batch.pixels.to(device).permute(0, 3, 1, 2).float() / 255.0
        generator = torch.Generator(device).manual_seed(batch.seed)
        disturbed = disturb_colours(photos, generator)
        return normalise(disturbed, self.architecture.preprocessing)

    def _label_loss(self, batch: SceneBatch, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Cross-entropy and accuracy over the cells whose squares are fully labelled.

        Args:
            batch: batch with the labels of pixels.
            logits: logits of the classes for each cell, (B, classes, h, w).
        """
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
        entropy = -(wanted * logits.log_softmax(dim=1)).sum(dim=1)  # (B, h, w)
        right = (logits.argmax(dim=1) == wanted.argmax(dim=1)) & labelled
        return (entropy * labelled).sum() / count, right.sum() / count

    def _window_losses(
        self, batch: SceneBatch, categories: Tensor, sides: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Losses of classifier and regressors, and the error of the coordinates.

        Args:
            batch: batch with the annotated garments.
            categories: logits of the classifier, (B, categories, rows, columns).
            sides: outputs of the regressors, (B, 4, 2 * categories, rows, columns).
        """
        rows, columns = categories.shape[-2:]
        windows = windows_on_canvas(rows, columns, self.architecture.stride)
        names = self.locator.classifier.categories
        pairs = [window_targets(windows, found, names) for found in batch.garments]
        device = categories.device
        present = torch.from_numpy(np.concatenate([one for one, _ in pairs])).to(device)
        wanted = np.concatenate([targets for _, targets in pairs])
        targets = torch.from_numpy(wanted).float().to(device)
        # (B, ..., rows, columns) -> (B * rows * columns, ...), the order of ``windows``
        logits = categories.permute(0, 2, 3, 1).flatten(0, 2)
        outputs = sides.permute(0, 3, 4, 1, 2).flatten(0, 2)
        loss, error = box_loss(outputs, targets, present > 0)
        return presence_loss(logits, present), loss, error
