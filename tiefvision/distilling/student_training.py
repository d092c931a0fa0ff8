"""Distillation: a student learns a teacher's feature maps and the look of garments.

Meaning and position come from the teacher's feature maps, cell by cell (Romero et al.,
FitNets, arXiv:1412.6550, eq. 3, with a cosine). Appearance, which pooled ImageNet
features discard, comes from the colours of every cell and from the agreement of two
views of one photograph.

Meaning and appearance disagree: a red dress is near a blue dress by meaning, and near a
red coat by appearance, and one cosine cannot express both. The feature map therefore
holds both, the target of its own cosine is the mean of the two similarities, and two
linear read-outs, trained with it, extract one each.
"""

import os
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
from tiefvision.encoders.architectures import Architecture, architecture_named
from tiefvision.encoders.preprocessing import Preprocessing
from tiefvision.engines.folding import Arrays
from tiefvision.engines.modules import trained_modules
from tiefvision.training.loop import Task

APPEARANCE = 256
"""Dimension of the embedding by appearance."""

DRAWING = max(1, (os.cpu_count() or 1) // 2)
"""Threads that draw the next batches. Each batch has a seed of its own, so that their
number changes no view."""

CELL_NEIGHBOURHOOD = 48
"""Side in pixels of the square around a cell whose colours the cell has to predict:
three strides, less than the receptive field of a cell."""


@dataclass(frozen=True)
class Goals:
    """The weights of the losses, and their temperatures.

    "Meaning" and "appearance" are the two read-outs of the student.

    Attributes:
        cells: weight of the direction loss of the teacher's cells.
        earlier: weight, within ``cells``, of the teacher's earlier layer; its last
            layer has the weight 1.
        pooled: weight of the direction loss of the teacher's mean over the cells, which
            the meaning predicts.
        relations: weight of the relation loss. Its targets are the teacher's
            similarities for the meaning, those of colour histograms for the appearance,
            and their mean for the feature map itself.
        agreement: weight of the agreement loss of the appearance.
        classes: weight of the class loss of the meaning.
        colours: weight of the histogram loss of the cells.
        relation_temperature: temperature of the relation loss.
        agreement_temperature: temperature of the agreement loss.
        class_temperature: temperature of the class loss.
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
        views: RGB crops, (2 n, side, side, 3) uint8; rows i and n + i are of one
            photograph.
        classes: class numbers, (2 n,) int64; -1 where the class is unknown.
        seed: seed of the changes of colour that ``as_photos`` draws.
    """

    views: Tensor
    classes: Tensor
    seed: int


class Student(nn.Module):
    """The trunk in its trainable form, and the read-outs of its losses.

    Args:
        architecture: architecture of the trunk.
        teacher: any feature maps of the teacher, which give its numbers of channels.
        start: weights of the trunk to start from; random ones, with normalisation that
            is folded after training, if None.
    """

    def __init__(
        self, architecture: Architecture, teacher: Lesson, start: Arrays | None = None
    ) -> None:
        super().__init__()
        self.trunk = (
            trainable_form(architecture.layers)
            if start is None
            else trained_modules(architecture.layers, start, "The start")
        )
        self.last = nn.Conv2d(architecture.channels, teacher.last.shape[1], 1)
        self.earlier = nn.Conv2d(architecture.channels, teacher.earlier.shape[1], 1)
        self.meaning = nn.Linear(architecture.channels, teacher.last.shape[1])
        self.appearance = nn.Linear(architecture.channels, APPEARANCE)
        self.colours = nn.Conv2d(architecture.channels, BINS, 1)

    def forward(self, crops: Tensor) -> Tensor:
        """Encode normalised RGB crops, (B, 3, H, W), to feature maps, (B, C, h, w)."""
        encoded: Tensor = self.trunk(crops)
        return encoded


@dataclass(frozen=True)
class Distillation:
    """The photographs, networks and weights of losses of a training.

    Attributes:
        sources: training photographs.
        student: network to train, changed in place.
        architecture: architecture of the student.
        teacher: encoder that the student learns from.
        dtype: dtype of the student's forward pass, float32 or bfloat16.
        goals: weights of the losses.
        trunk_rate: learning rate of the trunk, as a share of that of the read-outs.
    """

    sources: Sequence[SourcePhoto]
    student: Student
    architecture: Architecture
    teacher: Teacher
    dtype: torch.dtype = torch.float32
    goals: Goals = field(default_factory=Goals)
    trunk_rate: float = 1.0

    def task(self, rules: ViewRules, photos_in_batch: int) -> Task:
        """The task for ``training.loop.fit`` at one size of views.

        Args:
            rules: size of the views, and how they are drawn.
            photos_in_batch: number of photographs in a batch, each in two views.
        """

        def batches(generator: np.random.Generator) -> Iterator[Batch]:
            return draw_batches(self.sources, photos_in_batch, rules, generator)

        return Task(
            self.student, batches, self.losses, rates={"trunk.": self.trunk_rate}
        )

    def losses(self, batch: Batch) -> Mapping[str, Tensor]:
        """Each unweighted loss of a batch by name, and "loss", their weighted sum."""
        goals, student = self.goals, self.student
        photos = as_photos(batch, next(student.parameters()).device)
        crops = normalise(photos, self.architecture.preprocessing)
        lesson = self.teacher.lesson(crops)
        half = self.dtype == torch.bfloat16
        with torch.autocast(crops.device.type, torch.bfloat16, enabled=half):
            maps = student(crops)
        maps = maps.float()
        cells, last = self._aligned(maps, lesson.last)
        _, earlier = self._aligned(maps, lesson.earlier)
        pooled = maps.mean(dim=(2, 3))
        meaning, appearance = student.meaning(pooled), student.appearance(pooled)
        rows = functional.normalize(appearance, dim=1)
        wanted = self.teacher.pooled(lesson)
        colours = soft_colours(photos)
        losses = {
            "cells": direction_loss(student.last(cells), last)
            + goals.earlier * direction_loss(student.earlier(cells), earlier),
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

    def _aligned(self, maps: Tensor, taught: Tensor) -> tuple[Tensor, Tensor]:
        """The cells of student and teacher at the positions that both have."""
        teacher = architecture_named(self.teacher.name)
        apart = self.architecture.first_centre - teacher.first_centre
        start = round(apart / self.architecture.stride)
        first, taught_first = max(0, -start), max(0, start)
        mine, theirs = (
            maps[..., first:, first:],
            taught[..., taught_first:, taught_first:],
        )
        rows, columns = map(min, mine.shape[2:], theirs.shape[2:])
        return mine[..., :rows, :columns], theirs[..., :rows, :columns]

    def _relations(
        self,
        itself: Tensor,
        meaning: Tensor,
        appearance: Tensor,
        taught: Tensor,
        colours: Tensor,
    ) -> Tensor:
        """The mean relation loss of the feature map and of both read-outs.

        Args:
            itself: pooled feature maps of the student, rows of unit length.
            meaning: read-out by meaning, rows of unit length.
            appearance: read-out by appearance, rows of unit length.
            taught: pooled feature maps of the teacher, rows of unit length.
            colours: embedded colour histograms of the crops, rows of unit length.
        """
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
        """The colour histogram around each cell of ``maps``, (B, bins, h, w)."""
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
    """Batches of one epoch: every photograph once, in two random views.

    A second thread draws the next batch while the student trains on the current one.

    Args:
        sources: training photographs.
        photos_in_batch: number of photographs in a batch, about.
        rules: size of the views, and how they are drawn.
        generator: random generator of the order and of the views.
    """
    order = generator.permutation(len(sources))
    # Batches of nearly equal size: a small last batch would lack photographs to
    # compare.
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

    return read_ahead(draw, list(zip(parts, seeds, strict=True)), workers=DRAWING)


def steps_of_epoch(photos: int, photos_in_batch: int) -> int:
    """Number of batches in an epoch, in which every photograph occurs once."""
    return max(1, round(photos / photos_in_batch))


def as_photos(batch: Batch, device: torch.device) -> Tensor:
    """The views of a batch with randomly changed light and colour.

    Args:
        batch: views of photographs.
        device: device of the result.

    Returns:
        RGB in [0, 1], (2 n, 3, side, side) float32.
    """
    generator = torch.Generator(device).manual_seed(batch.seed)
    photos = batch.views.to(device).permute(0, 3, 1, 2).float() / 255.0
    return disturb_colours(photos, generator)


def normalise(photos: Tensor, preprocessing: Preprocessing) -> Tensor:
    """Standardise RGB by mean and deviation, as the trunk of an encoder expects it.

    Args:
        photos: RGB in [0, 1], (B, 3, H, W) float32.
        preprocessing: preprocessing of the encoder.

    Returns:
        Standardised RGB, (B, 3, H, W) float32 in channels-last memory format.
    """
    mean, spread = (
        torch.tensor(part, device=photos.device).view(3, 1, 1) / 255
        for part in (preprocessing.mean, preprocessing.spread)
    )
    return ((photos - mean) / spread).contiguous(memory_format=torch.channels_last)


def _draw_pair(
    sources: Sequence[SourcePhoto],
    row: int,
    rules: ViewRules,
    generator: np.random.Generator,
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Two random views of one photograph, (side, side, 3) uint8 RGB each.

    With probability ``rules.zoomed`` the second shows a detail of the first.
    """
    source = sources[row]
    region = draw_region(source, rules, generator)
    first = draw_view(source, region, sources, rules, generator)
    if generator.random() < rules.zoomed:
        region = draw_detail(region, rules, generator)
    return first, draw_view(source, region, sources, rules, generator)
