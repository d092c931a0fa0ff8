"""Counting floating-point operations; a multiplication and an addition count as two."""

import torch
from torch.utils.flop_counter import FlopCounterMode

from tiefvision.benchmarks.timing import Work

GIGA = 1e9


def count_operations(work: Work) -> int:
    """Run a work and count the operations of its convolutions and matrix products.

    Operators of oneDNN, which a fused encoder uses, are not counted; use
    ``tiefvision.encoders.cost`` for encoders.
    """
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        work()
    return int(counter.get_total_flops())
