"""The memory that the training of a network needs, counted before it is allocated.

A network is built on torch's device "meta" and called once, which allocates and
computes nothing; what autograd would keep for the backward pass is added up.
"""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from tiefvision.errors import BadUsage
from tiefvision.networks.building import build_network
from tiefvision.training.optimisers import MOMENTS
from tiefvision.wording import counted

FLOAT = 4
"""Bytes of a number in float32."""

AROUND = 0.3e9
"""Bytes for what is around a training: batches that are read ahead, a table, a page."""

SPARE = 1.2
"""Factor for what nobody counts: buffers of convolutions, and gaps between blocks. On a
CPU seven networks took 0.96 to 1.2 times what is counted, a narrow one 1.5 times."""

GIGABYTE = 1e9


@dataclass(frozen=True)
class Footprint:
    """Memory of a training, in bytes.

    Attributes:
        fixed: weights, gradients and moments of the optimiser; on a CPU also the copies
            of a snapshot.
        triplet: what one triplet of a batch adds: what is kept of its three images for
            the backward pass, and gradients of the largest of it.
    """

    fixed: float
    triplet: float

    def of(self, triplets: int) -> float:
        """Bytes for a number of triplets that are computed at once."""
        return AROUND + SPARE * (self.fixed + triplets * self.triplet)

    def most(self, free: float) -> int:
        """The most triplets at once that fit into free memory; 0 if none does."""
        left = (free - AROUND) / SPARE - self.fixed
        return max(0, math.floor(left / self.triplet))


def measure_footprint(
    name: str, width: float, optimiser: str, *, half: bool, on_cpu: bool
) -> Footprint:
    """Count the memory of a training.

    Args:
        name: name of the network, one of ``NETWORKS``.
        width: channels, relative to the published ones.
        optimiser: name of the optimiser, one of ``MOMENTS``.
        half: whether the forward pass is in bfloat16.
        on_cpu: whether snapshots lie in the same memory.
    """
    with torch.device("meta"):
        network = build_network(name, width).train()
        images = torch.empty(2, 3, network.side, network.side)
    network.to("meta")
    weights = [*network.parameters(), *network.buffers()]
    own = {_storage(tensor) for tensor in weights}
    kept: dict[int, Tensor] = {}  # the tensors themselves: numbers are used again

    def keep(tensor: Tensor) -> Tensor:
        if _storage(tensor) not in own:
            kept.setdefault(_storage(tensor), tensor)
        return tensor

    outputs = [0]
    for module in network.modules():
        module.register_forward_hook(
            lambda module, read, output: outputs.append(_bytes(output))
        )
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        network(images)
    sizes = [_bytes(tensor) for tensor in kept.values()] or [0]
    # The largest map comes beside what it is made of: in layers that are not trained,
    # which keep nothing, or as a gradient beside all that is kept.
    largest = max(2 * max(outputs), sum(sizes) + 2 * max(sizes))
    image = largest / len(images) * (0.5 if half else 1.0)
    numbers = sum(tensor.numel() for tensor in weights)
    trained = sum(one.numel() for one in network.parameters() if one.requires_grad)
    state = numbers + MOMENTS[optimiser] * trained
    # A snapshot: weights, best weights and moments, as arrays and as what is written.
    copies = 2 * (state + numbers) if on_cpu else 0
    # autocast keeps the weights in bfloat16 as well.
    working = state + trained + (numbers / 2 if half else 0)
    return Footprint(FLOAT * (working + copies), 3 * image)


def require_memory(
    name: str,
    footprint: Footprint,
    batch: int,
    accumulate: int,
    processes: int,
    free: float | None,
) -> None:
    """Refuse a training that would not fit into memory.

    Args:
        name: name of the network, for the message.
        footprint: memory that it needs.
        batch: triplets of a step.
        accumulate: parts in which each process computes its share of a batch.
        processes: number of processes.
        free: free memory of the device in bytes; None if it is unknown, which refuses
            nothing.

    Raises:
        BadUsage: It does not fit; the message says what would.
    """
    at_once = math.ceil(batch / (processes * accumulate))
    needed = footprint.of(at_once)
    if free is None or needed <= free:
        return
    raise BadUsage(
        f"{name} needs {needed / GIGABYTE:.1f} GB for {counted(at_once, 'triplet')} at "
        f"once, and {free / GIGABYTE:.1f} GB are free.",
        what_fits(footprint, batch, processes, free),
    )


def what_fits(
    footprint: Footprint, batch: int, processes: int, free: float, below: int = 0
) -> str:
    """A sentence with the options with which a training fits into memory.

    Args:
        footprint: memory that it needs.
        batch: triplets of a step.
        processes: number of processes.
        free: free memory in bytes.
        below: triplets at once that were tried and did not fit; 0 if none was.
    """
    most = min(footprint.most(free), math.ceil(batch / processes))
    if below:
        most = min(most, below // 2)
    if most:
        parts = math.ceil(batch / (processes * most))
        return (
            f"Use --accumulate {parts}: {counted(most, 'triplet')} at once take "
            f"{footprint.of(most) / GIGABYTE:.1f} GB."
        )
    return (
        f"A single triplet takes {footprint.of(1) / GIGABYTE:.1f} GB: use a smaller "
        "network, such as --width 0.5, or another device."
    )


def out_of_memory(error: BaseException) -> bool:
    """Whether an error of torch says that memory ran out, on a GPU or a CPU."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)


def _storage(tensor: Tensor) -> int:
    storage: Any = tensor.untyped_storage()
    return int(storage._cdata)


def _bytes(tensor: Tensor) -> int:
    return tensor.untyped_storage().nbytes()
