"""Distillation: a student learns a teacher's maps and the look of garments.

The teacher's maps, cell by cell, give meaning and place (Romero et al., FitNets,
arXiv:1412.6550, eq. 3, with a cosine); colours of every cell, and the agreement of two
views of one photograph, keep the appearance that pooled ImageNet features unlearn.

What is near by meaning is far by appearance: a red dress and a blue one, a red dress
and a red coat. No one cosine can have both. So the map holds both, its own cosine is
asked for the mean of the two, and two linear read-outs, trained with it, bring out one
each.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from tiefvision.ahead import read_ahead
from tiefvision.augmenting.cells import shares_around_cells
from tiefvision.augmenting.colours import (
    BINS,
    disturb_colours,
    histogram_embeddings,
    soft_colours,
)
from tiefvision.augmenting.views import (
    SourcePhoto,
    ViewRules,
    draw_detail,
    draw_region,
    draw_view,
)
from tiefvision.distilling.losses import (
    agreement_loss,
    class_loss,
    direction_loss,
    histogram_loss,
    relation_loss,
)
from tiefvision.distilling.students import trainable_form
from tiefvision.distilling.teachers import Lesson, Teacher
from tiefvision.encoders.architectures import Architecture
from tiefvision.encoders.dense import IMAGENET_MEAN, IMAGENET_STD
from tiefvision.training.loop import Task

APPEARANCE = 256
"""Length of the embedding by appearance."""

CELL_NEIGHBOURHOOD = 48
"""Side in pixels of the square whose colours a cell is asked for: three strides, less
than what the cell can see."""


@dataclass(frozen=True)
class Goals:
    """How much each loss counts.

    Attributes:
        cells: Direction of the teacher's cells, of its last layer and, at
            ``earlier`` of this, of an earlier one.
        earlier: See ``cells``.
        pooled: Direction of the teacher's mean over the cells, by the meaning.
        relations: Similarities within the batch: the teacher's by the meaning, the
            histogram's by the appearance, the mean of both by the map itself.
        agreement: Two views of one photograph, by the appearance.
        classes: Photographs of one class, by the meaning.
        colours: Histograms of the cells.
        relation_temperature: Of the softmax over similarities.
        agreement_temperature: Of the softmax over views.
        class_temperature: Of the softmax over classes.
    """

    cells: float = 1.0
    earlier: float = 0.3
    pooled: float = 1.0
    relations: float = 1.0
    agreement: float = 0.5
    classes: float = 1.0
    colours: float = 0.5
    relation_temperature: float = 0.1
    agreement_temperature: float = 0.07
    class_temperature: float = 0.1


@dataclass(frozen=True)
class Batch:
    """Two views of each of n photographs.

    Attributes:
        views: (2 n, side, side, 3) uint8 RGB; rows i and n + i are of one photograph.
        classes: (2 n,) numbers, -1 where the class is not known.
        seed: Of whatever else is drawn for this batch.
    """

    views: Tensor
    classes: Tensor
    seed: int


class Student(nn.Module):
    """The trunk in its trainable form, and the read-outs that only training needs."""

    def __init__(self, architecture: Architecture, teacher: Lesson) -> None:
        super().__init__()
        self.trunk = trainable_form(architecture.build())
        self.last = nn.Conv2d(architecture.channels, teacher.last.shape[1], 1)
        self.earlier = nn.Conv2d(architecture.channels, teacher.earlier.shape[1], 1)
        self.meaning = nn.Linear(architecture.channels, teacher.last.shape[1])
        self.appearance = nn.Linear(architecture.channels, APPEARANCE)
        self.colours = nn.Conv2d(architecture.channels, BINS, 1)

    def forward(self, crops: Tensor) -> Tensor:
        """(B, 3, h, w) normalised RGB -> (B, C, h', w')."""
        encoded: Tensor = self.trunk(crops)
        return encoded


@dataclass(frozen=True)
class Distillation:
    """Everything that stays the same from batch to batch.

    Attributes:
        sources: The photographs.
        student: Trained in place.
        architecture: Of the student.
        teacher: What it learns from.
        dtype: Of the arithmetic: float32, or bfloat16 where it is fast.
        goals: How much each loss counts.
    """

    sources: Sequence[SourcePhoto]
    student: Student
    architecture: Architecture
    teacher: Teacher
    dtype: torch.dtype = torch.float32
    goals: Goals = field(default_factory=Goals)

    def task(self, rules: ViewRules, photos_in_batch: int) -> Task:
        """What ``training.fit`` trains, at one size of views."""

        def batches(generator: np.random.Generator) -> Iterator[Batch]:
            return draw_batches(self.sources, photos_in_batch, rules, generator)

        return Task(self.student, batches, self.losses)

    def losses(self, batch: Batch) -> Mapping[str, Tensor]:
        """The losses of a batch, and "loss", which is their weighted sum."""
        goals, student = self.goals, self.student
        photos = as_photos(batch)
        crops = normalise(photos).to(next(student.parameters()).device)
        lesson = self.teacher.lesson(crops)
        half = self.dtype == torch.bfloat16
        with torch.autocast(crops.device.type, torch.bfloat16, enabled=half):
            maps = student(crops)
        maps = maps.float()
        last, earlier = (self._aligned(part, maps) for part in _parts(lesson))
        pooled = maps.mean(dim=(2, 3))
        meaning, appearance = student.meaning(pooled), student.appearance(pooled)
        rows = functional.normalize(appearance, dim=1)
        wanted = self.teacher.pooled(lesson)
        colours = soft_colours(photos).to(crops.device)
        losses = {
            "cells": direction_loss(student.last(maps), last)
            + goals.earlier * direction_loss(student.earlier(maps), earlier),
            "pooled": direction_loss(meaning, wanted),
            "relations": self._relations(
                functional.normalize(pooled, dim=1),
                functional.normalize(meaning, dim=1),
                rows,
                functional.normalize(wanted, dim=1),
                histogram_embeddings(colours),
            ),
            "agreement": agreement_loss(rows, goals.agreement_temperature),
            "classes": class_loss(
                functional.normalize(meaning, dim=1),
                batch.classes.to(crops.device),
                goals.class_temperature,
            ),
            "colours": histogram_loss(
                student.colours(maps), self._colours_of_cells(colours, maps)
            ),
        }
        weighted = [getattr(goals, name) * loss for name, loss in losses.items()]
        return {"loss": torch.stack(weighted).sum(), **losses}

    def _aligned(self, taught: Tensor, maps: Tensor) -> Tensor:
        """The teacher's cells whose centres are those of the student's."""
        teacher = self.teacher.encoder.architecture
        apart = self.architecture.first_centre - teacher.first_centre
        start = round(apart / self.architecture.stride)
        rows = slice(start, start + maps.shape[2])
        return taught[:, :, rows, slice(start, start + maps.shape[3])]

    def _relations(
        self,
        itself: Tensor,
        meaning: Tensor,
        appearance: Tensor,
        taught: Tensor,
        colours: Tensor,
    ) -> Tensor:
        """Relation losses of the map and both read-outs, all unit rows; their mean."""
        meant, coloured = taught @ taught.T, colours @ colours.T
        pairs = (
            (itself, (meant + coloured) / 2),
            (meaning, meant),
            (appearance, coloured),
        )
        losses = [
            relation_loss(rows, target, self.goals.relation_temperature)
            for rows, target in pairs
        ]
        return torch.stack(losses).mean()

    def _colours_of_cells(self, colours: Tensor, maps: Tensor) -> Tensor:
        return shares_around_cells(
            colours,
            (maps.shape[2], maps.shape[3]),
            self.architecture.first_centre,
            self.architecture.stride,
            CELL_NEIGHBOURHOOD,
        )


def draw_batches(
    sources: Sequence[SourcePhoto],
    photos_in_batch: int,
    rules: ViewRules,
    generator: np.random.Generator,
) -> Iterator[Batch]:
    """Every photograph once, in an order and with views drawn from the generator.

    Drawing goes on in a second thread while the last batch is learnt from.
    """
    order = generator.permutation(len(sources))
    # Batches of one photograph would have nothing to be compared with.
    count = steps_of_epoch(len(sources), photos_in_batch)
    parts = np.array_split(order, count)
    seeds = generator.integers(0, 2**62, len(parts))

    def draw(part: tuple[NDArray[Any], int]) -> Batch:
        rows, seed = part
        drawn = np.random.default_rng(seed)
        pairs = [_draw_pair(sources, row, rules, drawn) for row in rows]
        views = [view for views in zip(*pairs, strict=True) for view in views]
        classes = [sources[row].label for row in rows]
        return Batch(
            torch.from_numpy(np.stack(views)), torch.tensor(classes * 2), int(seed)
        )

    return read_ahead(draw, list(zip(parts, seeds, strict=True)), workers=1)


def steps_of_epoch(photos: int, photos_in_batch: int) -> int:
    """Batches in which every photograph comes once."""
    return max(1, round(photos / photos_in_batch))


def as_photos(batch: Batch) -> Tensor:
    """Views with their light disturbed: (2 n, 3, side, side) RGB in [0, 1]."""
    generator = torch.Generator().manual_seed(batch.seed)
    photos = batch.views.permute(0, 3, 1, 2).float() / 255.0
    return disturb_colours(photos, generator)


def normalise(photos: Tensor) -> Tensor:
    """RGB in [0, 1] as every trunk here expects it: (B, 3, h, w), channels last."""
    mean = torch.tensor(IMAGENET_MEAN).view(3, 1, 1)
    spread = torch.tensor(IMAGENET_STD).view(3, 1, 1)
    return ((photos - mean) / spread).contiguous(memory_format=torch.channels_last)


def _draw_pair(
    sources: Sequence[SourcePhoto],
    row: int,
    rules: ViewRules,
    generator: np.random.Generator,
) -> tuple[NDArray[Any], NDArray[Any]]:
    source = sources[row]
    region = draw_region(source, rules, generator)
    first = draw_view(source, region, sources, rules, generator)
    if generator.random() < rules.zoomed:
        region = draw_detail(region, rules, generator)
    return first, draw_view(source, region, sources, rules, generator)


def _parts(lesson: Lesson) -> tuple[Tensor, Tensor]:
    return lesson.last, lesson.earlier
