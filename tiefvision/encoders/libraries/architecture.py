"""The network of a library as an architecture: its geometry, its weights, its runs."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from tiefvision.devices import limit_threads
from tiefvision.encoders.architectures import CROP_SIDE, Architecture
from tiefvision.encoders.libraries.names import (
    OPEN_CLIP,
    TIMM,
    library_of,
)
from tiefvision.encoders.libraries.open_clip_towers import open_clip_tower
from tiefvision.encoders.libraries.timm_networks import timm_tower
from tiefvision.encoders.libraries.towers import (
    MapNetwork,
    Survey,
    Tower,
    survey_tower,
)
from tiefvision.engines.choice import OpenVinoEngine
from tiefvision.engines.folding import Arrays, take_array
from tiefvision.engines.layers import Shape
from tiefvision.engines.protocol import Engine, Format, Run
from tiefvision.errors import BadWeights
from tiefvision.machine import free_memory

CPU = torch.device("cpu")

COPIES = 2
"""Copies of the weights in memory: arrays, and random ones until they are given."""

TOWERS: dict[str, Callable[[str], Tower]] = {
    TIMM: timm_tower,
    OPEN_CLIP: open_clip_tower,
}


@dataclass(frozen=True, kw_only=True)
class LibraryArchitecture(Architecture):
    """A network of timm or open_clip, cut behind its feature map.

    It runs with torch, whatever the engine is, and has no layers that this project
    could train.

    Attributes:
        tower: the library's network.
        survey: facts about its feature map.
        shapes: shape of each array of weights, by the network's own name.
    """

    tower: Tower = field(compare=False)
    survey: Survey
    shapes: dict[str, tuple[int, ...]] = field(compare=False)

    @property
    def stride(self) -> int:
        """Pixels from one cell to the next, on both axes."""
        return self.survey.stride

    @property
    def channels(self) -> int:
        """Number of channels C of a feature map."""
        return self.survey.channels

    @property
    def window(self) -> int:
        """Cells along a side of the window that encodes a 224 px crop."""
        return CROP_SIDE // self.survey.stride

    @property
    def parameters(self) -> int:
        """Number of parameters as far as the feature map."""
        return sum(map(math.prod, self.shapes.values()))

    def count_operations(self, shape: Shape) -> int:
        """Multiplications and additions for a photograph of (3, h, w)."""
        from torch.utils.flop_counter import FlopCounterMode

        with torch.device("meta"), FlopCounterMode(display=False) as counted:
            self.build().eval()(whole_cells(torch.zeros(1, *shape), self.stride))
        return int(counted.get_total_flops())

    def build(self) -> MapNetwork:
        """Build the network with random weights."""
        return MapNetwork(self.tower.build(), self.survey)

    def take_weights(self, arrays: Arrays, where: str) -> dict[str, NDArray[Any]]:
        """Weights by the network's own names, as an artifact holds them; checked.

        Raises:
            BadWeights: An array is missing or has another shape.
        """
        return {
            name: take_array(arrays, name, shape, where)
            for name, shape in self.shapes.items()
        }

    def compile(self, weights: Arrays, engine: Engine, number_format: Format) -> Run:
        """Load weights into the network, on the device of an engine.

        Args:
            weights: weights by the network's own names.
            engine: engine whose device, or number of threads, is used.
            number_format: format of the arithmetic.

        Returns:
            A function from standardised pixels, (1, h, w, 3) float32, to a map,
            (1, C, h // stride, w // stride) float32.

        Raises:
            BadWeights: The machine lacks the memory.
        """
        require_memory(self.name, self.shapes)
        device = device_of(engine)
        dtype = torch.bfloat16 if number_format == "bfloat16" else torch.float32
        network = self.build()
        give_weights(network.network, weights)
        network = network.to(device, dtype)

        @torch.inference_mode()
        def run(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
            images = torch.from_numpy(pixels).permute(0, 3, 1, 2).to(device, dtype)
            maps = network(whole_cells(images.contiguous(), self.stride))
            return np.ascontiguousarray(maps.float().cpu().numpy())

        return run


def require_memory(name: str, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Refuse a network that the machine has no memory for.

    Args:
        name: name of the encoder, for the message.
        shapes: shapes of the network's weights.

    Raises:
        BadWeights: The message tells what it takes and what there is.
    """
    needed = 4 * COPIES * sum(map(math.prod, shapes.values()))
    there = free_memory(CPU)
    if there is not None and needed > there:
        raise BadWeights(
            f"{name} takes {needed / 2**30:.1f} GiB of memory, and "
            f"{there / 2**30:.1f} GiB are free.",
            "Use a smaller network, or a machine with more memory.",
        )


@cache
def library_architecture(name: str) -> LibraryArchitecture:
    """The architecture of a library's network; surveyed once, in about a second.

    Args:
        name: name with the library, such as "timm:resnet50".

    Raises:
        BadUsage: The library is not installed, does not know the name, or the network
            has no feature map that locating could use.
    """
    library = library_of(name)
    tower = TOWERS[library](name.removeprefix(f"{library}:"))
    survey = survey_tower(tower)
    with torch.device("meta"):
        network = MapNetwork(tower.build(), survey).network
    return LibraryArchitecture(
        name=name,
        layers=(),
        preprocessing=tower.preprocessing,
        first_centre=survey.stride // 2,
        tower=tower,
        survey=survey,
        shapes=shapes_of(network),
    )


def shapes_of(network: nn.Module) -> dict[str, tuple[int, ...]]:
    """Shapes of a network's weights, but for counters that only training reads."""
    return {
        name: tuple(tensor.shape)
        for name, tensor in network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }


def give_weights(network: nn.Module, weights: Arrays) -> None:
    """Give a network its weights, without a copy where it can do without.

    Args:
        network: network, changed in place and only to be run from now on.
        weights: all its weights by name, but for counters that only training reads.
    """
    state = {
        name: torch.from_numpy(array) if array.flags.writeable else torch.tensor(array)
        for name, array in weights.items()
    }
    network.load_state_dict(state, strict=False, assign=True)
    network.eval().requires_grad_(False)


def whole_cells(images: Tensor, stride: int) -> Tensor:
    """Crop images at the right and below to whole cells, or fill one with zeros.

    The other encoders leave out an incomplete cell as well.

    Args:
        images: standardised photographs, (B, 3, h, w).
        stride: side of a cell in pixels.
    """
    height, width = images.shape[-2:]
    images = images[..., : height // stride * stride or height, :]
    images = images[..., : width // stride * stride or width]
    return functional.pad(
        images, (0, max(stride - width, 0), 0, max(stride - height, 0))
    )


def device_of(engine: Engine) -> torch.device:
    """The device of a library's network; an engine of processors limits the threads."""
    from tiefvision.engines.torch import TorchEngine

    if isinstance(engine, TorchEngine):
        return engine.device
    if isinstance(engine, OpenVinoEngine):
        limit_threads(engine.threads)
    return CPU
