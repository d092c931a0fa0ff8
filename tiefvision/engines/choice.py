"""The choice of the engine, and of the device on which networks train."""

import importlib.util
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tiefvision.devices import choose_device, limit_threads
from tiefvision.errors import BadUsage
from tiefvision.machine import usable_cores

if TYPE_CHECKING:  # checking an option must not import NumPy or torch
    import torch

    from tiefvision.engines.folding import Arrays
    from tiefvision.engines.layers import Layer
    from tiefvision.engines.protocol import Engine, Format, Run

AUTO, OPENVINO, TORCH = "auto", "openvino", "torch"

ENGINES = (AUTO, OPENVINO, TORCH)

INSTALL = "Run: pip install openvino"

_GPUS = (Path("/dev/nvidiactl"), Path("/dev/dxg"))
"""Files that Linux has where there is an NVIDIA GPU. Asking torch takes seconds."""


@dataclass(frozen=True)
class Backend:
    """What networks run on.

    Attributes:
        device: name of the device, one of ``devices.DEVICES``.
        engine: name of the engine, one of ``ENGINES``. "auto" is torch on a GPU, and
            OpenVINO on a CPU, or torch where OpenVINO is not installed.
        threads: most threads; 0 for the number of cores.
    """

    device: str = AUTO
    engine: str = AUTO
    threads: int = 0

    @cached_property
    def inference(self) -> "Engine":
        """The engine of trained networks; imports torch only if it is the engine.

        Raises:
            BadUsage: Device or engine is unknown, not installed, or not here.
        """
        require_engine(self.engine, self.device)
        if self._wants_openvino():
            return OpenVinoEngine(self.threads)
        from tiefvision.engines.torch import TorchEngine

        return TorchEngine(self.training)

    @cached_property
    def training(self) -> "torch.device":
        """The device on which torch trains. Raises BadUsage."""
        limit_threads(self.threads)
        return choose_device(self.device)

    def among(self, processes: int) -> "Backend":
        """The backend of each of several processes that share the processor."""
        share = max(1, usable_cores() // max(1, processes))
        return replace(self, threads=self.threads or _limited_threads() or share)

    def _wants_openvino(self) -> bool:
        if self.engine != AUTO:
            return self.engine == OPENVINO
        if not has_openvino() or self.device not in (AUTO, "cpu"):
            return False
        if self.device == "cpu" or not any(gpu.exists() for gpu in _GPUS):
            return True
        return self.training.type == "cpu"


@dataclass(frozen=True)
class OpenVinoEngine:
    """OpenVINO on the CPU, imported when the first network is compiled.

    Attributes:
        threads: most threads; 0 for the number of cores.
    """

    threads: int = 0

    @property
    def name(self) -> str:
        """Name of the engine for messages."""
        from importlib.metadata import version

        return f"OpenVINO {version('openvino')}"

    def compile(
        self,
        layers: "Sequence[Layer]",
        weights: "Arrays",
        channels: int,
        *,
        channels_last: bool = False,
        number_format: "Format" = "float32",
    ) -> "Run":
        """Compile a network; see ``Engine.compile``."""
        from tiefvision.engines.openvino import compile_network

        return compile_network(
            layers,
            weights,
            channels,
            channels_last=channels_last,
            number_format=number_format,
            threads=self.threads or _limited_threads(),
        )

    def formats(self) -> "tuple[Format, ...]":
        """Number formats that the processor computes in."""
        from tiefvision.engines.openvino import formats

        return formats()


def require_engine(engine: str, device: str = AUTO) -> None:
    """Refuse an engine that cannot be used; imports no engine.

    Args:
        engine: name of the engine.
        device: name of the device.

    Raises:
        BadUsage: The engine is unknown, not installed, or not for this device.
    """
    if engine not in ENGINES:
        raise BadUsage(f"There is no engine {engine!r}.", f"Use {', '.join(ENGINES)}.")
    if engine == OPENVINO and not has_openvino():
        raise BadUsage("The engine openvino is not installed.", INSTALL)
    if engine == OPENVINO and device not in (AUTO, "cpu"):
        raise BadUsage(
            f"The engine openvino runs on the CPU, not on {device}.",
            "Use --device cpu or --engine torch.",
        )


def has_openvino() -> bool:
    """Whether OpenVINO is installed; does not import it."""
    return importlib.util.find_spec("openvino") is not None


def _limited_threads() -> int:
    """The number of threads that the environment asks of numerical libraries; or 0."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return int(asked) if asked.isdigit() else 0
