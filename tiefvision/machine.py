"""The machine and the versions that the figures of a benchmark depend on."""

import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tiefvision.version import __version__

if TYPE_CHECKING:
    import torch

FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "asimd", "bf16")
"""Processor flags, in the spelling of Linux, that decide the speed of arithmetic."""

CPU_INFO = Path("/proc/cpuinfo")
"""File in which Linux describes each processor."""

MEMORY_INFO = Path("/proc/meminfo")
"""File in which Linux tells how much memory is free."""


@dataclass(frozen=True)
class Machine:
    """Hardware, thread counts and versions of a benchmark.

    Attributes:
        processor: name of the processor, or its architecture where the system reports
            no name.
        flags: the flags in ``FLAGS`` that the processor has.
        cores: processor cores that this process may use.
        threads: threads that torch uses for one operation.
        device: name of the accelerator, or the type of the torch device ("cpu").
        torch: version of torch.
        python: version of Python.
        tiefvision: version of this package.
    """

    processor: str
    flags: tuple[str, ...]
    cores: int
    threads: int
    device: str
    torch: str
    python: str
    tiefvision: str

    def to_dict(self) -> dict[str, Any]:
        """The attributes as a dictionary for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        return (
            f"{self.processor} ({', '.join(self.flags)}), cores: {self.cores}, "
            f"threads: {self.threads}, device: {self.device}; torch {self.torch}, "
            f"Python {self.python}, tiefvision {self.tiefvision}"
        )


def processor_name() -> str:
    """Name of the processor, or its architecture where the system reports none."""
    name = _processor_facts().get("model name")
    return name or platform.processor() or platform.machine()


def this_machine(device: "torch.device") -> Machine:
    """Describe the machine that this process runs on.

    Args:
        device: torch device on which the networks run.
    """
    import torch

    facts = _processor_facts()
    # On ARM, Linux lists the flags under "Features".
    flags = facts.get("flags", facts.get("Features", "")).split()
    cuda = device.type == "cuda"
    return Machine(
        processor_name(),
        tuple(flag for flag in FLAGS if flag in flags),
        usable_cores(),
        torch.get_num_threads(),
        torch.cuda.get_device_name(device) if cuda else device.type,
        torch.__version__,
        platform.python_version(),
        __version__,
    )


def _processor_facts() -> dict[str, str]:
    """The entries of the last processor in ``CPU_INFO``; empty where there is none."""
    if not CPU_INFO.exists():
        return {}
    lines = CPU_INFO.read_text(encoding="utf-8").splitlines()
    pairs = (line.partition(":") for line in lines)
    return {name.strip(): value.strip() for name, _, value in pairs}


def available_memory() -> int | None:
    """Bytes of memory that are free; None where the system does not say."""
    if not MEMORY_INFO.exists():
        return None
    for line in MEMORY_INFO.read_text(encoding="utf-8").splitlines():
        name, _, size = line.partition(":")
        if name == "MemAvailable":
            return int(size.split()[0]) * 1024  # "kB" are KiB
    return None


def usable_cores() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
