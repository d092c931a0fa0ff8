"""Training of the networks of the literature on triplets of crops.

A batch is divided among processes, and in each of them into parts that fit into memory.
Every distinct view of a part is embedded once, however many triplets it is in.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tiefvision.ahead import read_ahead
from tiefvision.augmenting.affine import change_affinely
from tiefvision.evaluation.searches import Search
from tiefvision.machine import usable_cores
from tiefvision.networks.building import ImageNetwork
from tiefvision.networks.preparing import to_images
from tiefvision.networks.ranker import LEAST_LENGTH
from tiefvision.ranking.garments import Garments, GarmentsOf
from tiefvision.records import View
from tiefvision.training.loop import Figures, Schedule, Task
from tiefvision.training.optimisers import Optimiser
from tiefvision.training.processes import ALONE, Processes
from tiefvision.training.schedules import SteppedSchedule
from tiefvision.triplets.losses import (
    euclidean_distances,
    reduced,
    triplet_losses,
)
from tiefvision.triplets.recipes import AUGMENTATIONS, Recipe
from tiefvision.triplets.sampling import ViewTriplet
from tiefvision.triplets.validation import (
    RECIPROCAL_RANK,
    TRIPLET_ACCURACY,
    search_figures,
)

DrawTriplets = Callable[[np.random.Generator], Sequence[ViewTriplet]]
"""Function that draws the triplets of an epoch."""

RUNS = 3
"""Runs in which the time of embedding is taken; the fastest counts."""

BLOCK = 64
"""Images embedded, and triplets compared, at a time outside of training."""


@dataclass(frozen=True, eq=False)
class Part:
    """Triplets of a batch that are computed at once.

    Attributes:
        pixels: crops of the V distinct views, (V, S, S, 3) uint8 RGB.
        rows: rows of anchor, positive and negative in ``pixels``, (T, 3) int64.
        triplets: number of triplets of the whole batch, in all processes.
        seed: seed of the augmentation.
    """

    pixels: NDArray[np.uint8]
    rows: NDArray[np.int64]
    triplets: int
    seed: int


@dataclass(frozen=True, eq=False)
class ImageTraining:
    """What a network is trained with.

    Attributes:
        network: network on the device of the training, changed in place.
        recipe: loss, optimiser and augmentation.
        draw: draws the triplets of an epoch.
        validation: triplets of photographs that are not trained on; may be empty.
        garments_of: reader of the crops of views.
        search: search among photographs that are not trained on; None for none.
        accumulate: parts in which each process computes a batch.
        dtype: dtype of the forward pass: torch.bfloat16 (mixed precision) or
            torch.float32. Losses are computed in float32.
        processes: processes that train together.
        took: seconds of the training of each epoch so far, without validation; grows.
    """

    network: ImageNetwork
    recipe: Recipe
    draw: DrawTriplets
    validation: Sequence[ViewTriplet]
    garments_of: GarmentsOf
    search: Search | None = None
    accumulate: int = 1
    dtype: torch.dtype = torch.float32
    processes: Processes = ALONE
    took: list[float] = field(default_factory=list)

    def task(self) -> Task:
        """The task for ``training.loop.fit``.

        The weights with the highest mean reciprocal rank of ``search`` are kept. If it
        has no queries, triplet accuracy on ``validation`` decides; without validation
        the weights of the last epoch are kept.
        """
        recipe, network = self.recipe, self.network
        together = self.processes.shared(network)
        rates = {
            name: recipe.bias_rate
            for name, _ in network.named_parameters()
            if name.endswith(".bias") and recipe.bias_rate != 1
        }
        return Task(
            network,
            self._batches,
            lambda part: self._losses(together, part),
            self._validate if self._selection_figure else None,
            self._selection_figure,
            rates,
            Optimiser(recipe.optimiser, recipe.momentum),
            lambda parts: parts,
            recipe.reduction == "hinge_of_mean",
            self.processes,
        )

    @property
    def _selection_figure(self) -> str:
        if self.search and self.search.queries:
            return RECIPROCAL_RANK
        return TRIPLET_ACCURACY if self.validation else ""

    def _batches(
        self, generator: np.random.Generator
    ) -> Iterator[list[tuple[Part, float]]]:
        def draw() -> list[tuple[list[ViewTriplet], int]]:
            with evaluating(self.network):  # a sampling may ask the network
                triplets = self.draw(generator)
            order = generator.permutation(len(triplets))
            size = self.recipe.batch
            return [
                (
                    [triplets[number] for number in order[start : start + size]],
                    int(generator.integers(2**62)),
                )
                for start in range(0, len(order), size)
            ]

        # Only the first process draws: GPUs may differ in the last digit of what a
        # network in training finds close.
        started = time.monotonic()
        drawn = self.processes.from_first(draw)
        yield from read_ahead(self._own_parts, drawn, max(1, usable_cores() // 2))
        self.took.append(time.monotonic() - started)

    def _own_parts(
        self, drawn: tuple[list[ViewTriplet], int]
    ) -> list[tuple[Part, float]]:
        """The parts of a batch that this process computes, and their shares of it."""
        triplets, seed = drawn
        count = self.processes.size * self.accumulate
        parts = []
        for number in range(self.processes.rank, count, self.processes.size):
            own = triplets[number::count]
            if own:
                share = len(own) / len(triplets) * self.processes.size
                part = gather_part(own, self.garments_of, len(triplets), seed + number)
                parts.append((part, share))
        if not parts:  # every process computes something, since the others wait for it
            part = gather_part(triplets[:1], self.garments_of, len(triplets), seed)
            parts.append((part, 0.0))
        return parts

    def _losses(self, module: torch.nn.Module, part: Part) -> dict[str, Tensor]:
        """The loss of a part, and the share of its triplets that are in order."""
        recipe, device = self.recipe, device_of(self.network)
        images = to_images(torch.from_numpy(part.pixels), self.network.side, device)
        rules = AUGMENTATIONS[recipe.augmentation]
        if rules:
            generator = torch.Generator().manual_seed(part.seed)
            images = change_affinely(images, rules, generator)
        half = is_half(self.dtype)
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            embeddings: Tensor = module(images)
        embeddings = embeddings.float()
        rows = torch.from_numpy(part.rows).to(device)
        clip = recipe.reduction != "hinge_of_mean"
        losses = triplet_losses(recipe.loss, embeddings, rows, recipe.margin, clip=clip)
        with torch.no_grad():
            right = in_order(embeddings, rows)
        return {
            "loss": reduced(losses, recipe.reduction, part.triplets),
            "triplet_accuracy": right.float().mean(),
        }

    @torch.no_grad()
    def _validate(self) -> Figures:
        """Figures of the validation; each process embeds a share of the views."""
        figures: Figures = {}
        if self.validation:
            figures |= self._triplet_figures()
        if self.search and self.search.queries:
            figures |= search_figures(self._similarities(self.search), self.search)
        return figures

    def _triplet_figures(self) -> Figures:
        """Mean loss and triplet accuracy of the validation."""
        views, rows = number_views(self.validation)
        embeddings = torch.zeros(len(views), self.network.size)
        for block, outputs in self._own_outputs(views):
            embeddings[list(block)] = outputs
        embeddings = self.processes.total(embeddings)
        loss = right = 0.0
        for part in torch.split(torch.from_numpy(rows), BLOCK):
            losses = triplet_losses(
                self.recipe.loss, embeddings, part, self.recipe.margin
            )
            loss += float(losses.sum())
            right += float(in_order(embeddings, part).sum())
        return {"val_loss": loss / len(rows), TRIPLET_ACCURACY: right / len(rows)}

    def _similarities(self, search: Search) -> NDArray[np.float32]:
        """Cosines of the queries of a search to its gallery, (Q, N) float32.

        The queries are embedded first, so that the gallery, which may be too large for
        memory, is embedded once and block by block.
        """
        queries = torch.zeros(len(search.queries), self.network.size)
        for block, outputs in self._own_outputs(search.queries):
            queries[list(block)] = _of_unit_length(outputs)
        queries = self.processes.total(queries)
        table = torch.zeros(len(search.queries), len(search.gallery))
        for block, outputs in self._own_outputs(search.gallery):
            table[:, list(block)] = queries @ _of_unit_length(outputs).T
        return self.processes.total(table).numpy()

    def _own_outputs(self, views: Sequence[View]) -> Iterator[tuple[range, Tensor]]:
        """The numbers of this process's share of views, and their published outputs."""
        own = range(self.processes.rank, len(views), self.processes.size)
        for start in range(0, len(own), BLOCK):
            block = own[start : start + BLOCK]
            pixels = self.garments_of([views[number] for number in block]).pixels
            yield block, embed_images(self.network, pixels)


def schedule_of(recipe: Recipe) -> Schedule:
    """The schedule of a recipe."""
    common = (recipe.epochs, recipe.learning_rate, recipe.weight_decay)
    if recipe.schedule == "cosine":
        return Schedule(*common, patience=recipe.patience)
    parts = recipe.parts if recipe.schedule == "steps" else 1
    return SteppedSchedule(*common, patience=recipe.patience, parts=parts)


def in_order(embeddings: Tensor, rows: Tensor) -> Tensor:
    """Whether the positive of each triplet is closer than the negative, (T,) bool.

    By the Euclidean distance of the published outputs. Equal distances are not in
    order, so that a network whose outputs are all equal is right in nothing.
    """
    distances = euclidean_distances(embeddings, rows)
    return distances[:, 0] < distances[:, 1]


def _of_unit_length(outputs: Tensor) -> Tensor:
    """Published outputs as the embeddings of a ranker."""
    return torch.nn.functional.normalize(outputs, eps=LEAST_LENGTH)


def number_views(
    triplets: Sequence[ViewTriplet],
) -> tuple[list[View], NDArray[np.int64]]:
    """The distinct views of triplets, sorted, and the numbers of each triplet's.

    Returns:
        V views, and rows of anchor, positive and negative among them, (T, 3) int64.
    """
    named = [triplet.views() for triplet in triplets]
    views = sorted({view for triple in named for view in triple})
    row = {view: number for number, view in enumerate(views)}
    rows = np.array([[row[view] for view in triple] for triple in named])
    return views, rows.reshape(-1, 3).astype(np.int64)


def gather_part(
    triplets: Sequence[ViewTriplet], garments_of: GarmentsOf, whole: int, seed: int
) -> Part:
    """Read the pixels of each distinct view of triplets.

    Args:
        triplets: triplets of the part, at least one.
        garments_of: reader of the crops of views.
        whole: number of triplets of the whole batch.
        seed: seed of the augmentation.
    """
    views, rows = number_views(triplets)
    return Part(garments_of(views).pixels, rows, whole, seed)


def is_half(dtype: torch.dtype) -> bool:
    """Whether a forward pass is in mixed precision."""
    return dtype == torch.bfloat16


def placed(network: ImageNetwork, device: torch.device) -> ImageNetwork:
    """The same network in evaluation mode on a device, its channels last in memory."""
    network.eval().to(device)
    network.to(memory_format=torch.channels_last)
    return network


def device_of(network: ImageNetwork) -> torch.device:
    """The device on which a network lies."""
    return next(network.parameters()).device


@torch.inference_mode()
def embed_images(network: ImageNetwork, pixels: NDArray[np.uint8]) -> Tensor:
    """The published outputs of crops.

    Args:
        network: network on any device, in evaluation mode.
        pixels: crops, (B, S, S, 3) uint8 RGB.

    Returns:
        (B, D) float32 on the CPU.
    """
    device = device_of(network)
    outputs = [
        network(to_images(part, network.side, device)).float().cpu()
        for part in torch.split(torch.from_numpy(pixels), BLOCK)
    ]
    return torch.cat(outputs)


@contextmanager
def evaluating(network: ImageNetwork) -> Iterator[None]:
    """Switch dropout off in the block, and normalise by what was seen before."""
    was_training = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(was_training)


def embedding_time(network: ImageNetwork, garments: Garments) -> float:
    """Milliseconds in which a network embeds one of B crops, the best of three runs."""
    pixels, times = garments.pixels, []
    for _ in range(RUNS):
        started = time.perf_counter()
        embed_images(network, pixels)
        times.append(time.perf_counter() - started)
    return 1000 * min(times) / len(pixels)
