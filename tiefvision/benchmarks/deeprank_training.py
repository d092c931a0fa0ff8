"""Benchmark of training DeepRank: computing a step, reading the data of an epoch."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from tiefvision.benchmarks.limits import dtype_name, matrix_product
from tiefvision.benchmarks.measured import GIGA, Measured
from tiefvision.benchmarks.timing import Repetition, Work, time_in_turns
from tiefvision.evaluation.searches import Search
from tiefvision.ranking.colours.histogram import lab_bins
from tiefvision.ranking.garments import GarmentBatch, GarmentsOf
from tiefvision.ranking.similarity import normalise_cells
from tiefvision.records import View
from tiefvision.store.artifact import Artifact, ArtifactWriter
from tiefvision.store.header import Header
from tiefvision.training.loop import Schedule, Task, make_optimiser, take_step
from tiefvision.triplets.deeprank_training import (
    TripletBatch,
    TripletRules,
    deeprank_task,
)
from tiefvision.triplets.garment_tensors import GarmentTensors
from tiefvision.triplets.networks import RankNetwork, build_network
from tiefvision.triplets.sampling import ViewTriplet
from tiefvision.workspace.garments import (
    garment_tensors,
    garments_reader,
    view_name,
)

ROUNDS = Repetition(seconds=8.0, least=3, most=12)
"""Rounds of an epoch; one of eight batches takes a quarter of a second."""

STEP, MEMORY, STORED = "one step", "steps from memory", "steps from LMDB"
COMPUTED = f"{STEP}, what is computed"
PRODUCT = "matrix product"


@dataclass(frozen=True)
class TrainingLoad:
    """The data and the sizes of a training.

    Attributes:
        channels: channels of a feature map.
        grid: side of a feature map in cells.
        colours: bins of a colour histogram; by default those of ``lab_histogram``.
        size: numbers of an embedding of ``ColourRank``.
        photos: number of photographs.
        alterations: augmented views of each photograph, besides the crop and its mirror
            image.
        triplets: triplets per batch.
        batches: batches per epoch.
    """

    channels: int = 256
    grid: int = 11
    colours: int = field(default_factory=lambda: len(lab_bins()))
    size: int = 512
    photos: int = 96
    alterations: int = 4
    triplets: int = TripletRules.batch
    batches: int = 8

    def views(self, path: str) -> list[View]:
        """All views of the photograph ``path``."""
        altered = [View(path, alteration=n + 1) for n in range(self.alterations)]
        return [View(path), View(path, mirrored=True), *altered]


def training(
    network: str,
    device: torch.device,
    repetition: Repetition | None = None,
    load: TrainingLoad | None = None,
) -> Iterator[Measured]:
    """Measure the training of a DeepRank network.

    Args:
        network: name of the network, one of ``models.networks.NETWORKS``.
        device: torch device of the training.
        repetition: number of rounds; ``ROUNDS`` if None.
        load: data and sizes; the defaults if None.

    Yields:
        Two rows for a step, which differ in the operations they count, then a row for
        an epoch with all batches in memory and one for an epoch read from a LMDB file.
    """
    load = load or TrainingLoad()
    module = build_network(
        {
            "network": network,
            "channels": load.channels,
            "colours": load.colours,
            "size": load.size,
        }
    ).to(device)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "crops.lmdb"
        write_garments(file, load)
        with Artifact(file) as artifact:
            task = _task(module, garments_reader(artifact), load)
            yield from _measure(network, task, device, repetition or ROUNDS, load)


def write_garments(file: Path, load: TrainingLoad) -> None:
    """Write an artifact of random garments in the layout of stage 6."""
    generator = np.random.default_rng(0)
    side = load.grid
    with ArtifactWriter(file, Header("bench", 0, {}, {})) as writer:
        for number in range(load.photos):
            path = str(number)
            views = {
                view_name(view): GarmentBatch(
                    normalise_cells(
                        generator.random((1, load.channels, side, side), np.float32)
                    ),
                    generator.random((1, load.colours), np.float32),
                )
                for view in load.views(path)
            }
            writer.write(tensors=garment_tensors(path, views))
        writer.finish()


def draw_triplets(load: TrainingLoad) -> list[ViewTriplet]:
    """Draw the triplets of an epoch: two views of a photograph and one of another."""
    generator = np.random.default_rng(0)
    triplets = []
    for number in range(load.triplets * load.batches):
        own = number % load.photos
        other = (own + 1 + int(generator.integers(load.photos - 1))) % load.photos
        views, others = load.views(str(own)), load.views(str(other))
        anchor, positive = generator.permutation(len(views))[:2]
        negative = generator.integers(len(others))
        triplets.append(
            ViewTriplet(views[anchor], views[positive], others[int(negative)])
        )
    return triplets


def forward_operations(module: nn.Module, cells: int) -> int:
    """Floating-point operations of the forward pass for one view.

    1x1 convolutions count once per cell, fully connected layers once.

    Args:
        module: DeepRank network.
        cells: cells of a feature map.
    """
    return sum(_operations(layer, cells) for layer in _layers(module))


def computed_operations(module: nn.Module, garments: GarmentTensors, cells: int) -> int:
    """Floating-point operations that a training step really computes for one view.

    A layer computes its forward pass and the gradient of its weights, which costs as
    much. The gradient of its input costs as much again, and is only computed for layers
    that follow trainable ones: feature maps need no gradient.

    Args:
        module: DeepRank network.
        garments: garments that the network accepts, used for one forward pass.
        cells: cells of a feature map.
    """
    with_input_gradient: list[nn.Module] = []

    def watch(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        if inputs[0].requires_grad:
            with_input_gradient.append(layer)

    hooks = [layer.register_forward_pre_hook(watch) for layer in _layers(module)]
    module(garments)
    for hook in hooks:
        hook.remove()
    return 2 * forward_operations(module, cells) + sum(
        _operations(layer, cells)
        for layer in _layers(module)
        if layer in with_input_gradient
    )


def _layers(module: nn.Module) -> list[nn.Conv2d | nn.Linear]:
    layers = module.modules()
    return [layer for layer in layers if isinstance(layer, nn.Conv2d | nn.Linear)]


def _operations(layer: nn.Conv2d | nn.Linear, cells: int) -> int:
    return 2 * layer.weight.numel() * (cells if isinstance(layer, nn.Conv2d) else 1)


def _task(module: RankNetwork, garments_of: GarmentsOf, load: TrainingLoad) -> Task:
    """The task of stage 8, with drawn triplets."""
    no_search = Search("mirror", (), (), (), ())
    rules = TripletRules(batch=load.triplets)
    triplets = draw_triplets(load)
    return deeprank_task(module, [], triplets, no_search, garments_of, rules)


def _measure(
    network: str,
    task: Task,
    device: torch.device,
    repetition: Repetition,
    load: TrainingLoad,
) -> Iterator[Measured]:
    ready: list[TripletBatch] = list(task.batches(np.random.default_rng(0)))
    optimiser = make_optimiser(task, Schedule(1, 1e-3))
    product = matrix_product(torch.float32, device)

    def learn(batches: Sequence[TripletBatch] | Iterator[TripletBatch]) -> None:
        for batch in batches:
            take_step(task, optimiser, batch)

    works: dict[str, Work] = {
        STEP: lambda: learn(ready[:1]),
        MEMORY: lambda: learn(ready),
        STORED: lambda: learn(iter(task.batches(np.random.default_rng(0)))),
        PRODUCT: product,
    }
    task.module.train()
    timings = time_in_turns(works, device, repetition)
    limit = product.operations / timings[PRODUCT].best
    name = f"training DeepRank ({network}), batches of {load.triplets} triplets"
    seconds = timings[STEP].seconds
    yield from _steps(name, task.module, ready[0].garments, seconds, limit)
    triplets = sum(len(batch.triplets) for batch in ready)
    for work in (MEMORY, STORED):
        seconds = timings[work].seconds
        yield Measured(
            f"{name}: {len(ready)} {work}",
            dtype_name(torch.float32),
            seconds,
            triplets / seconds,
            "triplets/s",
            share=timings[MEMORY].seconds / seconds if work == STORED else None,
            note="the limit is memory alone" if work == STORED else "",
        )


def _steps(
    name: str, module: nn.Module, garments: GarmentTensors, seconds: float, limit: float
) -> Iterator[Measured]:
    """Rows of one step, by the usual count of operations and by those computed."""
    views, cells = len(garments.maps), garments.maps[0, 0].numel()
    # By the usual count the backward pass costs twice the forward pass, including
    # gradients of the input, which this network does not compute.
    counts = {
        STEP: (
            3 * forward_operations(module, cells),
            f"{views} views; the usual count, 3 x forward, includes gradients of the "
            "input that are never computed",
        ),
        COMPUTED: (
            computed_operations(module, garments, cells),
            "the same seconds; only operations that are computed count",
        ),
    }
    for work, (operations, note) in counts.items():
        rate = views * operations / seconds
        yield Measured(
            f"{name}: {work}",
            dtype_name(torch.float32),
            seconds,
            rate / GIGA,
            "GFLOP/s",
            share=rate / limit,
            note=note,
        )
