"""The engine for GPUs, and for CPUs that OpenVINO does not run on: torch."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from tiefvision.engines.folding import Arrays
from tiefvision.engines.layers import Layer
from tiefvision.engines.modules import trained_modules
from tiefvision.engines.protocol import Format, Run


@dataclass(frozen=True)
class TorchEngine:
    """torch on a device; implements ``Engine``.

    Attributes:
        device: device of the networks.
    """

    device: torch.device

    @property
    def name(self) -> str:
        """Name of the engine for messages."""
        return f"torch {torch.__version__} on {self.device}"

    def compile(
        self,
        layers: Sequence[Layer],
        weights: Arrays,
        channels: int,
        *,
        channels_last: bool = False,
        number_format: Format = "float32",
    ) -> Run:
        """Compile a network; see ``Engine.compile``."""
        dtype = torch.bfloat16 if number_format == "bfloat16" else torch.float32
        network = trained_modules(layers, weights, "The state")
        network = network.eval().to(self.device, dtype)
        network = network.to(memory_format=torch.channels_last)

        @torch.inference_mode()
        def run(maps: NDArray[np.float32]) -> NDArray[np.float32]:
            given = torch.from_numpy(maps).to(self.device, dtype)
            if channels_last:
                given = given.permute(0, 3, 1, 2)
            given = given.contiguous(memory_format=torch.channels_last)
            result = network(given).float().cpu().contiguous()
            return np.asarray(result.numpy())

        return run

    def formats(self) -> tuple[Format, ...]:
        """Number formats that are worth timing on the device."""
        if self.device.type == "cuda":
            # GPUs since Ampere (compute capability 8) multiply bfloat16.
            able = torch.cuda.get_device_capability(self.device)[0] >= 8
            return ("float32", "bfloat16") if able else ("float32",)
        # Processors without instructions for bfloat16 emulate it; timing tells.
        return ("float32", "bfloat16") if self.device.type == "cpu" else ("float32",)
