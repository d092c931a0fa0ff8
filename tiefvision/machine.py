"""What the figures of a bench depend on."""

import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from tiefvision.version import __version__

FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "asimd", "bf16")
"""Of a processor, as Linux names them: those that decide how fast it multiplies."""

CPU_INFO = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class Machine:
    """Hardware, threads and versions.

    Attributes:
        processor: Its name, as far as the system tells.
        flags: Its instructions for arithmetic, of those in ``FLAGS``.
        cores: That this process may use.
        threads: That torch uses.
        device: Where the networks run.
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
        """As JSON shows it."""
        return asdict(self)

    def __str__(self) -> str:
        return (
            f"{self.processor} ({', '.join(self.flags)}), cores: {self.cores}, "
            f"threads: {self.threads}, device: {self.device}; torch {self.torch}, "
            f"Python {self.python}, tiefvision {self.tiefvision}"
        )


def this_machine(device: torch.device) -> Machine:
    """The machine that this process runs on."""
    facts = _processor_facts()
    # "Features" is what Linux calls them on ARM.
    flags = facts.get("flags", facts.get("Features", "")).split()
    cuda = device.type == "cuda"
    return Machine(
        facts.get("model name") or platform.processor() or platform.machine(),
        tuple(flag for flag in FLAGS if flag in flags),
        _cores(),
        torch.get_num_threads(),
        torch.cuda.get_device_name(device) if cuda else device.type,
        torch.__version__,
        platform.python_version(),
        __version__,
    )


def _processor_facts() -> dict[str, str]:
    """What Linux tells of the last processor; nothing elsewhere."""
    if not CPU_INFO.exists():
        return {}
    lines = CPU_INFO.read_text(encoding="utf-8").splitlines()
    pairs = (line.partition(":") for line in lines)
    return {name.strip(): value.strip() for name, _, value in pairs}


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
