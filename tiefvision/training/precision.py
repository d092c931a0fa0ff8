"""The number format of training, chosen by timing."""

import time

import torch
from torch import nn

from tiefvision.engines.formats import (
    AUTO,
    check_precision,
    remember_formats,
    remembered_formats,
)
from tiefvision.engines.torch import TorchEngine
from tiefvision.machine import processor_name

BATCH = (8, 32, 56, 56)
"""Shape of the maps that are timed: some milliseconds of work on two cores."""

ROUNDS = 3
"""Steps of each format, in turns; the fastest counts."""


def training_dtype(device: torch.device) -> torch.dtype:
    """The format in which a step of training is fastest: float32 or bfloat16.

    The rounding of bfloat16 is small compared with the noise between batches. GPUs
    since Ampere multiply it at twice the rate; processors are timed, since some emulate
    it and some that have instructions for it are still slower.

    Args:
        device: device of the training.
    """
    if "bfloat16" not in TorchEngine(device).formats():
        return torch.float32
    if device.type != "cpu":
        return torch.bfloat16
    times = dict.fromkeys((torch.float32, torch.bfloat16), float("inf"))
    layer = nn.Conv2d(BATCH[1], BATCH[1], 3).to(memory_format=torch.channels_last)
    maps = torch.zeros(BATCH).contiguous(memory_format=torch.channels_last)
    for _ in range(ROUNDS):
        for dtype in times:
            start = time.perf_counter()
            with torch.autocast("cpu", dtype, enabled=dtype == torch.bfloat16):
                layer(maps).float().mean().backward()
            times[dtype] = min(times[dtype], time.perf_counter() - start)
    return min(times, key=times.__getitem__)


def settled_dtype(precision: str, device: torch.device) -> torch.dtype:
    """The format of a training that may be killed and continued.

    Timings of a busy machine differ, so the answer for a processor is remembered.

    Args:
        precision: "auto", "float32" or "bfloat16".
        device: device of the training.

    Raises:
        BadUsage: There is no such precision.
    """
    formats = {"float32": torch.float32, "bfloat16": torch.bfloat16}
    if check_precision(precision) != AUTO:
        return formats[precision]
    if device.type != "cpu":
        return training_dtype(device)
    key, known = f"training / {processor_name()}", remembered_formats()
    if known.get(key) not in formats:
        chosen = training_dtype(device)
        known[key] = next(name for name, dtype in formats.items() if dtype == chosen)
        remember_formats(known)
    return formats[known[key]]
