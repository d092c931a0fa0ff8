"""Benchmark of dense encoding.

It is compared with matrix products (the limit of the machine), with eager torch, and
with encoding each crop by itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tiefvision.benchmarks.limits import Limits
from tiefvision.benchmarks.measured import GIGA, Measured, share_goal
from tiefvision.benchmarks.timing import (
    Repetition,
    Timings,
    Work,
    time_in_turns,
    times_faster,
)
from tiefvision.encoders.architectures import CROP_SIDE, Architecture
from tiefvision.encoders.dense import DenseEncoder, make_encoder
from tiefvision.encoders.weights import RANDOM, load_weights
from tiefvision.engines.layers import convolutions, count_operations
from tiefvision.engines.modules import trained_modules
from tiefvision.engines.protocol import Format

Size = tuple[int, int]
"""Width and height in pixels."""

STREET: Size = (437, 608)
"""A street photograph of 550 x 825 px at the locator's largest size, with its border;
at this size encoding is compared with encoding crops."""

SIZES: tuple[Size, ...] = ((CROP_SIDE, CROP_SIDE), STREET, (896, 1344))
"""Photographs that are measured by default."""

EAGER = "eager"
"""Engine of eager torch in the table."""

NEAR_THE_LIMIT = {"alexnet": 0.95}
"""Share of the limit to reach, by name of the architecture."""

DEPTHWISE = 0.5
"""Share of the limit to reach for networks with depthwise layers, whose arithmetic does
too little with each number to be as fast as a matrix product."""


@dataclass(frozen=True)
class EagerEncoder:
    """A trunk as torch runs it by default: float32, contiguous, layer by layer.

    Attributes:
        trunk: layers of the encoder.
        mean: mean of each colour channel in levels, (3, 1, 1).
        spread: standard deviation of each colour channel in levels, (3, 1, 1).
    """

    trunk: nn.Sequential
    mean: Tensor
    spread: Tensor

    @torch.inference_mode()
    def encode(self, photo: NDArray[np.uint8]) -> Tensor:
        """Encode (H, W, 3) uint8 RGB to a map (C, h, w), float32 on the CPU."""
        pixels = torch.from_numpy(photo).to(self.mean.device).permute(2, 0, 1)
        pixels = ((pixels.float() - self.mean) / self.spread).contiguous()
        encoded: Tensor = self.trunk(pixels.unsqueeze(0))[0]
        return encoded.cpu()


def eager_encoder(architecture: Architecture, device: torch.device) -> EagerEncoder:
    """An eager encoder with random weights, whose values do not affect the time."""
    weights, _ = load_weights(architecture, RANDOM)
    trunk = trained_modules(architecture.layers, weights, RANDOM)
    mean, spread = (
        torch.tensor(levels, device=device).view(3, 1, 1)
        for levels in (
            architecture.preprocessing.mean,
            architecture.preprocessing.spread,
        )
    )
    return EagerEncoder(trunk.eval().to(device), mean, spread)


def encoding(
    architecture: Architecture,
    limits: Limits,
    repetition: Repetition | None = None,
    sizes: Sequence[Size] = SIZES,
    compared: Size = STREET,
) -> Iterator[Measured]:
    """Measure dense encoding at every size, by every engine in every number format.

    Args:
        architecture: architecture of the encoders.
        limits: engines, and the limits of their device.
        repetition: number of rounds of each size; the defaults if None.
        sizes: sizes of the photographs.
        compared: size at which encoding is compared with encoding crops.

    Yields:
        A row for each size of each engine and number format, and of eager torch.
    """
    eager = eager_encoder(architecture, limits.device)
    encoders = list(_encoders(architecture, limits))
    default = next(iter(limits.engines))
    for size in sizes:
        photo = noise(size)
        crop = photo[:CROP_SIDE, :CROP_SIDE].copy()
        works: dict[str, Work] = {EAGER: partial(eager.encode, photo)}
        for engine, encoder in encoders:
            one = encoder.number_format
            works[_product(one)] = limits.product(one)
            works[_dense(engine, one)] = partial(encoder.encode, photo)
            if size == compared:
                works[_by_crop(engine, one)] = partial(encoder.encode, crop)
        timings = time_in_turns(works, limits.device, repetition)
        timed = _Timed(architecture, size, limits, timings)
        for engine, encoder in encoders:
            yield timed.row(engine, encoder.number_format, engine == default)
        yield timed.eager_row()


def share_to_reach(architecture: Architecture) -> float | None:
    """Share of the limit that an architecture should reach; None without a goal."""
    if any(layer.groups > 1 for _, layer in convolutions(architecture.layers)):
        return DEPTHWISE
    return NEAR_THE_LIMIT.get(architecture.name)


def count_crops(size: Size, stride: int) -> int:
    """Number of crops of a photograph at multiples of the stride (pixels)."""
    across, down = ((side - CROP_SIDE) // stride + 1 for side in size)
    return across * down


def noise(size: Size) -> NDArray[np.uint8]:
    """A photograph of random pixels, (H, W, 3) uint8."""
    shape = size[1], size[0], 3
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def _encoders(
    architecture: Architecture, limits: Limits
) -> Iterator[tuple[str, DenseEncoder]]:
    """Encoders, one per engine and number format, with the name of the engine."""
    for name, engine in limits.engines.items():
        for one in limits.formats:
            # Networks that do not bear bfloat16 are never run in it.
            if one == "float32" or architecture.bears_bfloat16:
                yield (
                    name,
                    make_encoder(
                        architecture.name, RANDOM, engine=engine, precision=one
                    ),
                )


@dataclass(frozen=True)
class _Timed:
    """Encoding of one photograph, timed in turns with what it is compared with."""

    architecture: Architecture
    size: Size
    limits: Limits
    timings: Mapping[str, Timings]

    def row(self, engine: str, number_format: Format, has_goal: bool) -> Measured:
        """The row of an engine and a number format."""
        dense = self.timings[_dense(engine, number_format)]
        row = self._row(engine, number_format, dense)
        assert row.share is not None
        least = share_to_reach(self.architecture)
        crop = self.timings.get(_by_crop(engine, number_format))
        crops = count_crops(self.size, self.architecture.stride)
        return replace(
            row,
            over_eager=times_faster(dense, self.timings[EAGER]),
            over_crops=crops * times_faster(dense, crop) if crop else None,
            goal=share_goal(row.share, least) if has_goal and least else None,
        )

    def eager_row(self) -> Measured:
        """The row of eager torch."""
        return self._row(EAGER, "float32", self.timings[EAGER])

    def _row(self, engine: str, number_format: Format, work: Timings) -> Measured:
        width, height = self.size
        operations = count_operations(self.architecture.layers, (3, height, width))
        relative = operations / self.limits.product(number_format).operations
        return Measured(
            f"encoding, {self.architecture.name}, px: {width}x{height}",
            number_format,
            work.seconds,
            operations / work.seconds / GIGA,
            "GFLOP/s",
            relative * times_faster(work, self.timings[_product(number_format)]),
            engine,
        )


def _dense(engine: str, number_format: Format) -> str:
    return f"{engine} {number_format}"


def _by_crop(engine: str, number_format: Format) -> str:
    return f"{engine} {number_format}, a crop"


def _product(number_format: Format) -> str:
    return f"product {number_format}"
