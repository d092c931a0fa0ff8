"""Teachers: trained encoders whose feature maps a student learns to predict."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tiefvision.encoders.dense import DenseEncoder
from tiefvision.errors import BadUsage

EARLIER_LAYERS = {"mobilenet_v2": 13, "squeezenet1_1": 9}
"""Index of an earlier layer in the trunk of each teacher. Its grid is that of the last
layer, and its channels still encode texture, where those of the last encode meaning."""

LEAST_SPREAD = 1e-3
"""Lower bound of a channel's standard deviation, which is a divisor; it is 0 for a
channel that never fires."""


@dataclass(frozen=True)
class Lesson:
    """A teacher's feature maps of a batch of crops.

    Attributes:
        last: feature maps of the last layer, (B, C, h, w) float32.
        earlier: feature maps of an earlier layer, (B, E, h, w) float32.
    """

    last: Tensor
    earlier: Tensor


@dataclass(frozen=True)
class Teacher:
    """A trained encoder, and the statistics that standardise its feature maps.

    Attributes:
        encoder: the trained encoder.
        trunk: layers of the encoder in the dtype of the training. bfloat16 turns most
            cells by a few degrees (cosine 0.99); the error of a student is about 30
            degrees.
        usual: mean and standard deviation of each channel, (1, C, 1, 1) each, of three
            kinds of maps: the last layer, the earlier layer, and the last layer
            averaged over the cells.
    """

    encoder: DenseEncoder
    trunk: nn.Sequential
    usual: tuple[tuple[Tensor, Tensor], ...]

    def lesson(self, crops: Tensor) -> Lesson:
        """The standardised feature maps of crops, (B, 3, H, W) normalised RGB."""
        lesson = see(self.trunk, self.encoder, crops)
        return Lesson(
            _standardise(lesson.last, self.usual[0]),
            _standardise(lesson.earlier, self.usual[1]),
        )

    def pooled(self, lesson: Lesson) -> Tensor:
        """The standardised mean over the cells of the last layer, (B, C)."""
        mean, spread = self.usual[0]
        pooled = (lesson.last * spread + mean).mean(dim=(2, 3), keepdim=True)
        return _standardise(pooled, self.usual[2]).flatten(1)


def make_teacher(
    encoder: DenseEncoder, crops: Sequence[Tensor], dtype: torch.dtype
) -> Teacher:
    """Build a teacher from a trained encoder.

    Args:
        encoder: trained encoder; its architecture must be in ``EARLIER_LAYERS``.
        crops: batches of normalised RGB crops of one size, (B, 3, H, W) each, on which
            the statistics of the channels are computed.
        dtype: dtype of the training, float32 or bfloat16.

    Raises:
        BadUsage: The architecture cannot be a teacher.
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
    """Run a trunk, and keep the feature maps of an earlier and of the last layer.

    Args:
        trunk: layers of the encoder, in the dtype to compute in.
        encoder: encoder whose architecture names the earlier layer.
        crops: normalised RGB crops, (B, 3, H, W).
    """
    dtype = next(trunk.parameters()).dtype
    maps = crops.to(dtype, memory_format=torch.channels_last)
    earlier = maps
    for number, layer in enumerate(trunk):
        maps = layer(maps)
        if number == EARLIER_LAYERS[encoder.architecture.name]:
            earlier = maps
    return Lesson(maps.float(), earlier.float())


def _usual(maps: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each channel, (1, C, 1, 1) each."""
    mean = maps.mean(dim=(0, 2, 3), keepdim=True)
    return mean, maps.std(dim=(0, 2, 3), keepdim=True).clamp_min(LEAST_SPREAD)


def _standardise(maps: Tensor, usual: tuple[Tensor, Tensor]) -> Tensor:
    mean, spread = usual
    return (maps - mean) / spread
