"""An encoder learns what stands where: its cells have to tell the labels of pixels.

A locator needs to know whether a cell shows a sleeve or a wall, and which part of it
the sleeve fills; pooled meaning does not tell. The shares that the labels have of the
square around each cell say both, for tens of thousands of cells of a photograph where
its boxes are a few numbers (fully convolutional networks: Long, Shelhamer and Darrell,
arXiv:1411.4038, with shares in place of one label a cell).

The first layers stay as they are: they see edges and colours, which are the same
everywhere, and their gradients would cost as much as all others.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tiefvision.distilling.cells import shares_around_cells
from tiefvision.distilling.colours import disturb_colours
from tiefvision.distilling.scenes import Scene, SceneBatch, SceneRules, draw_scenes
from tiefvision.distilling.training import normalise
from tiefvision.encoders.architectures import Architecture
from tiefvision.training import Task

CELL_SQUARE = 24
"""Side in pixels of the square whose labels a cell tells: a stride and a half, so that
squares overlap and an edge moves the shares of two cells."""

FROZEN_CONVOLUTIONS = 2
"""At the start of a trunk."""

TRUNK_RATE = 0.15
"""Of the learning rate of the new layers: the trunk knows a lot already."""

MEMORY = 0.02
"""Weight of a batch in the running mean and spread of channels: batches are small."""


@dataclass(frozen=True)
class LabellingRules:
    """How the cells are taught.

    Attributes:
        scenes: How they are seen.
        scenes_in_batch: Of one size.
        reduced: Channels between the map and the labels: few, so that the map itself
            has to say what a label needs.
    """

    scenes: SceneRules = field(default_factory=SceneRules)
    scenes_in_batch: int = 8
    reduced: int = 64


class Labeller(nn.Module):
    """A trunk, and the layers above it that only training needs."""

    def __init__(
        self, trunk: nn.Sequential, channels: int, reduced: int, classes: int
    ) -> None:
        super().__init__()
        self.trunk = trunk
        for parameter in _first_layers(trunk, FROZEN_CONVOLUTIONS).parameters():
            parameter.requires_grad_(False)
        self.labels = nn.Sequential(
            nn.BatchNorm2d(channels, affine=False, momentum=MEMORY),
            nn.Conv2d(channels, reduced, 1),
            nn.BatchNorm2d(reduced),
            nn.ReLU(),
            nn.Conv2d(reduced, classes, 1),
        )

    def forward(self, crops: Tensor) -> Tensor:
        """(B, 3, h, w) normalised RGB -> (B, classes, rows, columns) logits."""
        logits: Tensor = self.labels(self.trunk(crops))
        return logits


@dataclass(frozen=True)
class Labelling:
    """Everything that stays the same from batch to batch.

    Attributes:
        scenes: The photographs.
        labeller: Trained in place.
        architecture: Of its trunk.
        classes: How many labels there are, the ground among them.
        dtype: Of the arithmetic: float32, or bfloat16 where it is fast.
        rules: How it is taught.
    """

    scenes: Sequence[Scene]
    labeller: Labeller
    architecture: Architecture
    classes: int
    dtype: torch.dtype = torch.float32
    rules: LabellingRules = field(default_factory=LabellingRules)

    def task(self) -> Task:
        """What ``training.fit`` trains."""
        rules = self.rules

        def batches(generator: np.random.Generator) -> Iterator[SceneBatch]:
            return draw_scenes(
                self.scenes, rules.scenes_in_batch, rules.scenes, generator
            )

        return Task(self.labeller, batches, self.loss, rates={"trunk.": TRUNK_RATE})

    def loss(self, batch: SceneBatch) -> Mapping[str, Tensor]:
        """Cross-entropy of the shares of labels, mean over cells: "loss", in nats.

        "right" is the share of cells whose largest label is told.
        """
        crops = self._crops(batch)
        half = self.dtype == torch.bfloat16
        with torch.autocast(crops.device.type, torch.bfloat16, enabled=half):
            logits = self.labeller(crops)
        logits = logits.float()
        wanted = self._shares(batch, logits)
        loss = -(wanted * logits.log_softmax(dim=1)).sum(dim=1).mean()
        right = logits.argmax(dim=1) == wanted.argmax(dim=1)
        return {"loss": loss, "right": right.float().mean()}

    def _crops(self, batch: SceneBatch) -> Tensor:
        photos = batch.pixels.permute(0, 3, 1, 2).float() / 255.0
        generator = torch.Generator().manual_seed(batch.seed)
        crops = normalise(disturb_colours(photos, generator))
        return crops.to(next(self.labeller.parameters()).device)

    def _shares(self, batch: SceneBatch, logits: Tensor) -> Tensor:
        samples = functional.one_hot(batch.labels.long(), self.classes)
        return shares_around_cells(
            samples.permute(0, 3, 1, 2).float().to(logits.device),
            (logits.shape[2], logits.shape[3]),
            self.architecture.first_centre,
            self.architecture.stride,
            CELL_SQUARE,
        )


def _first_layers(trunk: nn.Sequential, convolutions: int) -> nn.Sequential:
    """The layers of a trunk up to so many convolutions, however they are nested."""
    seen = 0
    for number, layer in enumerate(trunk):
        seen += sum(isinstance(part, nn.Conv2d) for part in layer.modules())
        if seen >= convolutions:
            return trunk[: number + 1]
    return trunk
