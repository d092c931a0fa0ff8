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
"""File in which Linux counts the memory of the machine."""

CONTROL_GROUP = Path("/sys/fs/cgroup")
"""Folder in which Linux limits the memory of a container."""


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


def usable_cores() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def free_memory(device: "torch.device") -> int | None:
    """Free memory of a device in bytes; None where the system does not tell.

    Args:
        device: torch device. On a CPU it is the memory of the machine, or what the
            limit of the container leaves.
    """
    if device.type == "cuda":
        import torch

        return int(torch.cuda.mem_get_info(device)[0])
    if device.type != "cpu" or not MEMORY_INFO.exists():
        return None
    (free,) = _numbers(MEMORY_INFO, "MemAvailable:")
    return min(free * 1024, _left_in_container())


def _left_in_container() -> int:
    """Bytes up to the limit of the container; far more than any machine without one.

    Files that the system keeps in memory and may drop do not count as used.
    """
    limit = CONTROL_GROUP / "memory.max"
    if not limit.exists() or not limit.read_text().strip().isdigit():
        return 2**60
    used = int((CONTROL_GROUP / "memory.current").read_text())
    (droppable,) = _numbers(CONTROL_GROUP / "memory.stat", "inactive_file")
    return int(limit.read_text()) - used + droppable


def _numbers(file: Path, name: str) -> list[int]:
    """The numbers behind a name in a file of lines."""
    lines = (line.split() for line in file.read_text(encoding="utf-8").splitlines())
    return [int(words[1]) for words in lines if words and words[0] == name]
