"""Several processes that train one network, as torchrun starts them.

Each process computes a part of every batch; gradients are averaged by
``DistributedDataParallel`` (Li et al., arXiv:2006.15704). Only the first process reads
and writes snapshots.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

T = TypeVar("T")

PATIENCE = timedelta(hours=12)
"""How long a process waits for another one, which may be writing a large snapshot."""


@dataclass(frozen=True)
class Processes:
    """This process among those that train together.

    Attributes:
        rank: number of this process, from 0.
        size: number of processes; 1 without torchrun.
    """

    rank: int = 0
    size: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process writes files and messages."""
        return self.rank == 0

    def shared(self, module: nn.Module) -> nn.Module:
        """The module to call in training; its gradients are means over the processes.

        It starts with the weights of the first process, and has the same parameters as
        ``module``, which may be called for other purposes.
        """
        if self.size == 1:
            return module
        return DistributedDataParallel(module)

    def from_first(self, make: Callable[[], T]) -> T:
        """What a function returns in the first process; the others do not call it."""
        if self.size == 1:
            return make()
        values = [make() if self.is_first else None]
        distributed.broadcast_object_list(values, src=0)
        return values[0]  # type: ignore[return-value]

    def mean(self, figures: Mapping[str, float]) -> dict[str, float]:
        """Means over all processes of figures with equal names."""
        if self.size == 1:
            return dict(figures)
        values = self.total(torch.tensor(list(figures.values()), dtype=torch.float64))
        return dict(zip(figures, (values / self.size).tolist(), strict=True))

    def total(self, tensor: Tensor) -> Tensor:
        """Sum over all processes of tensors of equal shape."""
        if self.size == 1:
            return tensor
        backend = distributed.get_backend()
        moved = tensor.cuda() if backend == "nccl" else tensor.cpu()
        distributed.all_reduce(moved)
        return moved.to(tensor.device)

    def align(self, module: nn.Module) -> None:
        """Give all processes the running statistics of the first, before validation."""
        if self.size > 1:
            for buffer in module.buffers():
                distributed.broadcast(buffer, src=0)


ALONE = Processes()
"""A training in one process."""


@contextmanager
def joined_processes(device: torch.device) -> Iterator[Processes]:
    """Join the processes that torchrun started, until the end of the block.

    Args:
        device: device of the training. With several processes on "cuda", each takes the
            GPU of its local number.

    Yields:
        ``ALONE`` where torchrun started none, or one.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield ALONE
        return
    on_gpu = device.type == "cuda"
    if on_gpu:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    distributed.init_process_group("nccl" if on_gpu else "gloo", timeout=PATIENCE)
    try:
        yield Processes(distributed.get_rank(), size)
    finally:
        distributed.destroy_process_group()
