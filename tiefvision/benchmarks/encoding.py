"""Benchmark of dense encoding.

It is compared with matrix products (the limit of the machine), with plain torchvision,
and with encoding each crop by itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tiefvision.benchmarks.limits import dtype_name, matrix_product
from tiefvision.benchmarks.measured import Measured
from tiefvision.benchmarks.operations import GIGA
from tiefvision.benchmarks.timing import Repetition, Timings, Work, time_in_turns
from tiefvision.encoders.architectures import CROP_SIDE, Architecture
from tiefvision.encoders.cost import floating_point_operations
from tiefvision.encoders.dense import IMAGENET_MEAN, IMAGENET_STD, DenseEncoder
from tiefvision.encoders.weights import RANDOM, load_weights


@dataclass(frozen=True)
class Load:
    """A batch of photographs that is encoded together.

    Attributes:
        photos: number of photographs.
        width: width of each in pixels.
        height: height of each in pixels.
    """

    photos: int
    width: int
    height: int

    def crops(self, stride: int) -> int:
        """Number of crops at multiples of the stride (pixels), in all photographs."""
        across, down = (
            (side - CROP_SIDE) // stride + 1 for side in (self.width, self.height)
        )
        return self.photos * across * down

    def __str__(self) -> str:
        return f"{self.photos} of {self.width} x {self.height} px"


LOADS = (
    Load(1, CROP_SIDE, CROP_SIDE),
    Load(16, CROP_SIDE, CROP_SIDE),
    # A street photograph of 550 x 825 px, with border, at the locator's two larger
    # sizes (384 and 512 px).
    Load(1, 352, 480),
    Load(1, 437, 608),
    Load(1, 896, 1344),
)
"""Batches that are measured by default."""

PLAIN = "plain torchvision"
CROP = "a crop by itself"


@dataclass(frozen=True)
class PlainEncoder:
    """A trunk as torchvision runs it: float32, contiguous, layer by layer.

    Attributes:
        trunk: layers of the encoder.
        mean: mean of each colour channel for pixels in [0, 1], (3, 1, 1).
        std: standard deviation of each colour channel, (3, 1, 1).
    """

    trunk: nn.Sequential
    mean: Tensor
    std: Tensor

    @torch.inference_mode()
    def encode(self, photo: NDArray[np.uint8]) -> Tensor:
        """Encode (H, W, 3) uint8 RGB to a map (C, h, w), float32 on the CPU."""
        pixels = torch.from_numpy(photo).to(self.mean.device).permute(2, 0, 1)
        pixels = ((pixels.float() / 255 - self.mean) / self.std).contiguous()
        encoded: Tensor = self.trunk(pixels.unsqueeze(0))[0]
        return encoded.cpu()


def plain_encoder(architecture: Architecture, device: torch.device) -> PlainEncoder:
    """A plain encoder with random weights, whose values do not affect the time."""
    trunk = architecture.build()
    load_weights(trunk, architecture, RANDOM, seed=0)
    mean, std = (
        torch.tensor(values, device=device).view(3, 1, 1)
        for values in (IMAGENET_MEAN, IMAGENET_STD)
    )
    return PlainEncoder(trunk.eval().to(device), mean, std)


def encoding(
    encoders: Sequence[DenseEncoder],
    device: torch.device,
    repetition: Repetition | None = None,
    loads: Sequence[Load] = LOADS,
) -> Iterator[Measured]:
    """Measure encoding, for every load and every dtype.

    Args:
        encoders: encoders of one architecture, one per dtype.
        device: torch device of the encoders.
        repetition: number of rounds of each load; the defaults if None.
        loads: batches to encode.

    Yields:
        A row for each load and encoder.
    """
    plain = plain_encoder(encoders[0].architecture, device)
    products = [matrix_product(encoder.dtype, device) for encoder in encoders]
    for load in loads:
        photos = _noise(load)
        works = {PLAIN: _plainly(plain, photos), CROP: _one_crop(plain, photos)}
        for encoder, product in zip(encoders, products, strict=True):
            works[_product_of(encoder)] = product
            works[dtype_name(encoder.dtype)] = _encode_all(encoder, photos)
        timings = time_in_turns(works, device, repetition)
        for encoder, product in zip(encoders, products, strict=True):
            limit = product.operations / timings[_product_of(encoder)].best
            yield _measured(encoder, load, timings, limit)


def _measured(
    encoder: DenseEncoder, load: Load, timings: Mapping[str, Timings], limit: float
) -> Measured:
    name = dtype_name(encoder.dtype)
    seconds = timings[name].seconds
    once = floating_point_operations(encoder, load.height, load.width)
    rate = load.photos * once / seconds
    crops = load.crops(encoder.architecture.stride)
    return Measured(
        f"encoding {load}, {encoder.architecture.name}",
        name,
        seconds,
        rate / GIGA,
        "GFLOP/s",
        share=rate / limit,
        over_torchvision=timings[PLAIN].seconds / seconds,
        over_naive=crops * timings[CROP].seconds / seconds,
        note=f"naive: {crops:,} crops one by one, computed from the time of one",
    )


def _plainly(plain: PlainEncoder, photos: NDArray[np.uint8]) -> Work:
    return lambda: [plain.encode(photo) for photo in photos]


def _one_crop(plain: PlainEncoder, photos: NDArray[np.uint8]) -> Work:
    crop = photos[0, :CROP_SIDE, :CROP_SIDE].copy()
    return lambda: plain.encode(crop)


def _encode_all(encoder: DenseEncoder, photos: NDArray[np.uint8]) -> Work:
    return lambda: encoder.encode_many(list(photos))


def _product_of(encoder: DenseEncoder) -> str:
    return f"product {dtype_name(encoder.dtype)}"


def _noise(load: Load) -> NDArray[np.uint8]:
    """Photographs of random pixels, (photos, H, W, 3) uint8."""
    shape = load.photos, load.height, load.width, 3
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
