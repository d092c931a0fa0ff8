"""Floating-point operations of a work: a multiplication and an addition are two."""

import torch
from torch.utils.flop_counter import FlopCounterMode

from tiefvision.benchmarks.timing import Work

GIGA = 1e9


def count_operations(work: Work) -> int:
    """Operations of the convolutions and matrix products of a work, which is run.

    What oneDNN computes by operators of its own, as a fused encoder does, is missed;
    ``tiefvision.encoders.cost`` counts that.
    """
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        work()
    return int(counter.get_total_flops())
