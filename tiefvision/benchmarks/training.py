"""Training DeepRank: a step against matrix products, an epoch against reading."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from tiefvision.benchmarks.limits import dtype_name, matrix_product
from tiefvision.benchmarks.measured import Measured
from tiefvision.benchmarks.operations import GIGA
from tiefvision.benchmarks.timing import Patience, Work, time_in_turns
from tiefvision.ranking.garments import GarmentBatch, GarmentsOf
from tiefvision.ranking.searches import Search
from tiefvision.ranking.similarity import normalise_cells
from tiefvision.ranking.training import TripletBatch, TripletRules, deeprank_task
from tiefvision.ranking.triplets import View, ViewTriplet
from tiefvision.store.artifact import Artifact, ArtifactWriter
from tiefvision.store.header import Header
from tiefvision.training import Schedule, Task, make_optimiser, take_step
from tiefvision.workspace.garments import (
    garment_tensors,
    garments_reader,
    view_name,
)
from tiefvision.workspace.networks import build_deeprank

ROUNDS = Patience(seconds=8.0, least=3, most=12)
"""An epoch of eight batches takes a quarter of a second."""

STEP, MEMORY, STORED = "one step", "steps from memory", "steps from LMDB"
PRODUCT = "matrix product"


@dataclass(frozen=True)
class TrainingLoad:
    """What is trained on.

    Attributes:
        channels: Of a map.
        grid: Cells on its side.
        colours: Numbers of a histogram.
        size: Numbers of an embedding of ``ColourRank``.
        photos: Photographs in the file.
        alterations: Altered views of each, beside crop and mirror image.
        triplets: In a batch.
        batches: In an epoch.
    """

    channels: int = 256
    grid: int = 11
    colours: int = 512
    size: int = 512
    photos: int = 96
    alterations: int = 4
    triplets: int = TripletRules.batch
    batches: int = 8

    def views(self, path: str) -> list[View]:
        """All views of a photograph."""
        altered = [View(path, alteration=n + 1) for n in range(self.alterations)]
        return [View(path), View(path, mirrored=True), *altered]


def training(
    network: str,
    device: torch.device,
    patience: Patience | None = None,
    load: TrainingLoad | None = None,
) -> Iterator[Measured]:
    """Rows of a step, of steps from memory, and of the same with maps in a file.

    Args:
        network: One of ``workspace.networks.NETWORKS``.
        device: Where it is trained.
        patience: How long all of it is repeated.
        load: What it is trained on.
    """
    load = load or TrainingLoad()
    module = build_deeprank(
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
            task = _task(module, garments_reader(artifact, device), load)
            yield from _measure(network, task, device, patience or ROUNDS, load)


def write_garments(file: Path, load: TrainingLoad) -> None:
    """Garments of noise, kept as the sixth stage keeps them."""
    generator = torch.Generator().manual_seed(0)
    side = load.grid
    with ArtifactWriter(file, Header("bench", "", {}, {})) as writer:
        for number in range(load.photos):
            path = str(number)
            views = {
                view_name(view): GarmentBatch(
                    normalise_cells(
                        torch.rand(1, load.channels, side, side, generator=generator)
                    ),
                    torch.rand(1, load.colours, generator=generator),
                )
                for view in load.views(path)
            }
            writer.write(tensors=garment_tensors(path, views))
        writer.finish()


def draw_triplets(load: TrainingLoad) -> list[ViewTriplet]:
    """Triplets of an epoch: two views of a photograph and one of another."""
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
    """Floating-point operations of a network of DeepRank, for one view of so many
    cells: those of 1x1 convolutions at every cell, those of full layers once."""
    return sum(
        2 * layer.weight.numel() * (cells if isinstance(layer, nn.Conv2d) else 1)
        for layer in module.modules()
        if isinstance(layer, nn.Conv2d | nn.Linear)
    )


def _task(module: nn.Module, garments_of: GarmentsOf, load: TrainingLoad) -> Task:
    """As the eighth stage makes it, of triplets that are given."""
    no_search = Search("mirror", (), (), (), ())
    rules = TripletRules(batch=load.triplets)
    triplets = draw_triplets(load)
    return deeprank_task(module, [], triplets, no_search, garments_of, rules)  # type: ignore[arg-type]


def _measure(
    network: str,
    task: Task,
    device: torch.device,
    patience: Patience,
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
    timings = time_in_turns(works, device, patience)
    views = len(ready[0].garments.maps)
    # The way back costs twice the way there, if slopes by the maps are counted too.
    operations = 3 * views * forward_operations(task.module, load.grid**2)
    rate = operations / timings[STEP].seconds
    limit = product.operations / timings[PRODUCT].best
    name = f"training DeepRank ({network}), batches of {load.triplets} triplets"
    yield Measured(
        f"{name}: {STEP}",
        dtype_name(torch.float32),
        timings[STEP].seconds,
        rate / GIGA,
        "GFLOP/s",
        share=rate / limit,
        note=f"{views} views, forward once and back as twice that; no step needs the "
        "slopes by the maps of the first layer, which count",
    )
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
