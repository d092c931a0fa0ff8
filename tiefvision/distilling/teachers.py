"""The stronger encoder that a student learns from."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tiefvision.encoders.dense import DenseEncoder
from tiefvision.errors import BadUsage

EARLIER_LAYERS = {"mobilenet_v2": 13, "squeezenet1_1": 9}
"""For each teacher the layer of its trunk, of the same grid as the last, that has not
yet given up texture for meaning."""

LEAST_SPREAD = 1e-3
"""A channel that never fires must not divide by nothing."""


@dataclass(frozen=True)
class Lesson:
    """What a teacher sees in crops.

    Attributes:
        last: (B, C, h, w) of its last layer.
        earlier: (B, E, h, w) of an earlier one.
    """

    last: Tensor
    earlier: Tensor


@dataclass(frozen=True)
class Teacher:
    """A trained encoder, and the mean and spread (1, C, 1, 1) of what it sees.

    Attributes:
        encoder: Gives the maps.
        trunk: Its layers, in the number format that training computes in. Where that
            is bfloat16, its cells turn by a few degrees (a cosine of 0.99 for most);
            students miss them by thirty.
        usual: Mean and spread of each channel of both layers, and of the last one
            averaged over the cells.
    """

    encoder: DenseEncoder
    trunk: nn.Sequential
    usual: tuple[tuple[Tensor, Tensor], ...]

    def lesson(self, crops: Tensor) -> Lesson:
        """Standardised maps of crops: (B, 3, h, w) normalised RGB."""
        lesson = see(self.trunk, self.encoder, crops)
        return Lesson(
            _standardise(lesson.last, self.usual[0]),
            _standardise(lesson.earlier, self.usual[1]),
        )

    def pooled(self, lesson: Lesson) -> Tensor:
        """Standardised means over the cells, (B, C)."""
        mean, spread = self.usual[0]
        pooled = (lesson.last * spread + mean).mean(dim=(2, 3), keepdim=True)
        return _standardise(pooled, self.usual[2]).flatten(1)


def make_teacher(
    encoder: DenseEncoder, crops: Sequence[Tensor], dtype: torch.dtype
) -> Teacher:
    """Prepare an encoder to teach.

    Args:
        encoder: Trained.
        crops: Batches (B, 3, h, w) of normalised RGB of one size, from which the mean
            and spread are taken.
        dtype: That training computes in.

    Raises:
        BadUsage: No teacher of this architecture is known.
    """
    name = encoder.architecture.name
    if name not in EARLIER_LAYERS:
        known = " or ".join(EARLIER_LAYERS)
        raise BadUsage(f"{name} cannot be a teacher.", f"Use --teacher {known}.")
    trunk = encoder.trunk.to(dtype).to(memory_format=torch.channels_last)
    lessons = [see(trunk, encoder, batch) for batch in crops]
    last = torch.cat([lesson.last for lesson in lessons])
    earlier = torch.cat([lesson.earlier for lesson in lessons])
    pooled = last.mean(dim=(2, 3), keepdim=True)
    usual = tuple(map(_usual, (last, earlier, pooled)))
    return Teacher(encoder, trunk, usual)


@torch.no_grad()
def see(trunk: nn.Sequential, encoder: DenseEncoder, crops: Tensor) -> Lesson:
    """Run a trunk up to its last layer, keeping an earlier one; float32."""
    dtype = next(trunk.parameters()).dtype
    maps = crops.to(dtype, memory_format=torch.channels_last)
    earlier = maps
    for number, layer in enumerate(trunk):
        maps = layer(maps)
        if number == EARLIER_LAYERS[encoder.architecture.name]:
            earlier = maps
    return Lesson(maps.float(), earlier.float())


def _usual(maps: Tensor) -> tuple[Tensor, Tensor]:
    mean = maps.mean(dim=(0, 2, 3), keepdim=True)
    return mean, maps.std(dim=(0, 2, 3), keepdim=True).clamp_min(LEAST_SPREAD)


def _standardise(maps: Tensor, usual: tuple[Tensor, Tensor]) -> Tensor:
    mean, spread = usual
    return (maps - mean) / spread
