"""Teachers: trained encoders whose feature maps a student learns to predict."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from tiefvision.encoders.dense import DenseEncoder
from tiefvision.encoders.preprocessing import Preprocessing
from tiefvision.engines.modules import trained_modules
from tiefvision.errors import BadUsage

EARLIER_LAYERS = {
    "mobilenet_v2": 32,
    "squeezenet1_1": 19,
    "efficientnet_lite0": 30,
    "efficientnet_lite2": 34,
}
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
        name: name of the encoder's architecture.
        trunk: layers of the encoder in the dtype of the training. bfloat16 turns most
            cells by a few degrees (cosine 0.99); the error of a student is about 30
            degrees.
        usual: mean and standard deviation of each channel, (1, C, 1, 1) each, of three
            kinds of maps: the last layer, the earlier layer, and the last layer
            averaged over the cells.
        levels: factor and shift that turn the student's pixels into the teacher's,
            (3, 1, 1) each.
    """

    name: str
    trunk: nn.Sequential
    levels: tuple[Tensor, Tensor]
    usual: tuple[tuple[Tensor, Tensor], ...] = ()

    def lesson(self, crops: Tensor) -> Lesson:
        """The standardised feature maps of crops.

        Args:
            crops: crops as the student sees them, (B, 3, H, W).
        """
        lesson = self.see(crops)
        return Lesson(
            _standardise(lesson.last, self.usual[0]),
            _standardise(lesson.earlier, self.usual[1]),
        )

    @torch.no_grad()
    def see(self, crops: Tensor) -> Lesson:
        """The feature maps of crops as they are, not standardised.

        Args:
            crops: crops as the student sees them, (B, 3, H, W).
        """
        factor, shift = self.levels
        dtype = next(self.trunk.parameters()).dtype
        maps = (crops * factor + shift).to(dtype, memory_format=torch.channels_last)
        earlier = maps
        for number, layer in enumerate(self.trunk):
            maps = layer(maps)
            if number == EARLIER_LAYERS[self.name]:
                earlier = maps
        return Lesson(maps.float(), earlier.float())

    def pooled(self, lesson: Lesson) -> Tensor:
        """The standardised mean over the cells of the last layer, (B, C)."""
        mean, spread = self.usual[0]
        pooled = (lesson.last * spread + mean).mean(dim=(2, 3), keepdim=True)
        return _standardise(pooled, self.usual[2]).flatten(1)


def make_teacher(
    encoder: DenseEncoder,
    student: Preprocessing,
    crops: Sequence[Tensor],
    dtype: torch.dtype,
) -> Teacher:
    """Build a teacher from a trained encoder.

    Args:
        encoder: trained encoder; its architecture must be in ``EARLIER_LAYERS``.
        student: preprocessing of the student's pixels.
        crops: batches of crops of one size as the student sees them, (B, 3, H, W) each,
            on which the statistics of the channels are computed.
        dtype: dtype of the training, float32 or bfloat16.

    Raises:
        BadUsage: The architecture cannot be a teacher.
    """
    name = encoder.architecture.name
    if name not in EARLIER_LAYERS:
        known = " or ".join(EARLIER_LAYERS)
        raise BadUsage(f"{name} cannot be a teacher.", f"Use --teacher {known}.")
    device = crops[0].device
    layers, where = encoder.architecture.layers, str(encoder.identity)
    trunk = trained_modules(layers, encoder.weights, where)
    trunk = trunk.eval().to(device, dtype).to(memory_format=torch.channels_last)
    levels = _levels(student, encoder.architecture.preprocessing, device)
    teacher = Teacher(name, trunk, levels)
    lessons = [teacher.see(batch) for batch in crops]
    last = torch.cat([lesson.last for lesson in lessons])
    earlier = torch.cat([lesson.earlier for lesson in lessons])
    pooled = last.mean(dim=(2, 3), keepdim=True)
    usual = tuple(map(_usual, (last, earlier, pooled)))
    return replace(teacher, usual=usual)


def _levels(
    student: Preprocessing, teacher: Preprocessing, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Factor and shift from the student's pixels to the teacher's, (3, 1, 1) each."""
    (mean, spread), (our_mean, our_spread) = (
        (torch.tensor(one.mean).view(3, 1, 1), torch.tensor(one.spread).view(3, 1, 1))
        for one in (student, teacher)
    )
    return (spread / our_spread).to(device), ((mean - our_mean) / our_spread).to(device)


def _usual(maps: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each channel, (1, C, 1, 1) each."""
    mean = maps.mean(dim=(0, 2, 3), keepdim=True)
    return mean, maps.std(dim=(0, 2, 3), keepdim=True).clamp_min(LEAST_SPREAD)


def _standardise(maps: Tensor, usual: tuple[Tensor, Tensor]) -> Tensor:
    mean, spread = usual
    return (maps - mean) / spread
