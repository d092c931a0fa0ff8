"""Dense encoding: one pass over a photograph encodes every crop of it.

Source: TiefVision's slides, step 1; Sermanet et al., OverFeat (arXiv:1312.6229), 3.5.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tiefvision.encoders.architectures import (
    CROP_SIDE,
    Architecture,
    architecture_named,
)
from tiefvision.encoders.fused import Run, fuse_trunk
from tiefvision.encoders.identity import EncoderIdentity
from tiefvision.encoders.precision import AUTO, Precision, dtype_for
from tiefvision.encoders.weights import hash_weights, load_weights

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
Border = tuple[int, int]
"""Pixels added to a photograph: left and right, above and below."""

NO_BORDER: Border = (0, 0)

GPU_BATCH = 64
"""Photographs that a GPU encodes at once: 224 px crops fill it, and 64 photographs of
608 px still take only a few gigabytes."""


class DenseEncoder(nn.Module):
    """A trunk with its preprocessing; always in evaluation mode, never trained here.

    Calling it computes step by step in float32, which is the definition; ``encode``
    and ``encode_many`` give the same maps as fast as the machine allows.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        trunk: nn.Sequential,
        architecture: Architecture,
        weights: str,
        precision: Precision = AUTO,
    ) -> None:
        super().__init__()
        self.trunk = trunk.eval().requires_grad_(False)
        self.architecture = architecture
        self.precision = precision
        self.identity = EncoderIdentity(
            architecture.name, weights, hash_weights(self.trunk)
        )
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN) * 255)
        self.register_buffer("std", torch.tensor(IMAGENET_STD) * 255)
        self._fused: tuple[torch.device, Run] | None = None

    @property
    def dtype(self) -> torch.dtype:
        """What ``encode`` computes in where the encoder is now."""
        return dtype_for(self.identity.name, self.mean.device, self.precision)

    def forward(self, photos: Tensor, border: Border = NO_BORDER) -> Tensor:
        """Encode photographs of one size.

        Args:
            photos: (B, H, W, 3) uint8 RGB.
            border: Pixels of mean colour added left and right, and above and below,
                so that a window can reach beyond the edge.

        Returns:
            (B, C, h, w) float32. The window whose corner is cell (row, column) encodes
            the crop that ``crop_of_window`` gives.
        """
        encoded: Tensor = self.trunk(self._pixels(photos, border))
        return encoded

    def encode(self, photo: NDArray[np.uint8], border: Border = NO_BORDER) -> Tensor:
        """Encode one photograph, (H, W, 3) uint8 RGB, to (C, h, w) on the CPU."""
        return self.encode_many([photo], border)[0]

    @torch.inference_mode()
    def encode_many(
        self, photos: Sequence[NDArray[np.uint8]], border: Border = NO_BORDER
    ) -> list[Tensor]:
        """Encode photographs, each as ``encode`` does.

        Args:
            photos: (H, W, 3) uint8 RGB each. Neighbours of one size are encoded
                together where that is faster.
            border: As for ``forward``, around each.

        Returns:
            (C, h, w) float32 of each, on the CPU.
        """
        run = self._fused_trunk()
        maps: list[Tensor] = []
        for batch in _batches(photos, self.mean.device):
            pixels = torch.from_numpy(batch).to(self.mean.device)
            encoded = run(self._pixels(pixels, border).to(self.dtype))
            maps.extend(encoded.float().cpu().contiguous())
        return maps

    def _pixels(self, photos: Tensor, border: Border) -> Tensor:
        """(B, H, W, 3) uint8 -> (B, 3, H', W') float32, channels last in memory."""
        height, width = photos.shape[1:3]
        beside, above = border
        # Whole rows of colours at a time: three numbers at a time take as long as a
        # layer. Zero is the mean colour, and what the layers pad with themselves.
        rows = photos.flatten(2).float()  # (B, H, W, 3) -> (B, H, W * 3)
        rows = (rows - self.mean.repeat(width)).div_(self.std.repeat(width))
        rows = nn.functional.pad(rows, (3 * beside, 3 * beside, above, above))
        framed = rows.view(-1, height + 2 * above, width + 2 * beside, 3)
        return framed.permute(0, 3, 1, 2)

    def _fused_trunk(self) -> Run:
        device = self.mean.device
        if self._fused is None or self._fused[0] != device:
            # In a tuple, or it would become a part of the module and of its weights.
            self._fused = (device, fuse_trunk(self.trunk, device, self.dtype))
        return self._fused[1]


def _batches(
    photos: Sequence[NDArray[np.uint8]], device: torch.device
) -> Iterator[NDArray[np.uint8]]:
    """Photographs as (B, H, W, 3) arrays, in their order.

    On a CPU each is alone: more would push the activations out of the cache, and a
    photograph's map would depend on its company in the last digits.
    """
    most = 1 if device.type == "cpu" else GPU_BATCH
    for _, same_size in groupby(photos, key=np.shape):
        group = list(same_size)
        for start in range(0, len(group), most):
            yield np.stack(group[start : start + most])


def make_encoder(
    name: str, weights: str, seed: int = 0, precision: Precision = AUTO
) -> DenseEncoder:
    """Build an encoder by name.

    Args:
        name: A key of ``ARCHITECTURES``.
        weights: Their source, as for ``load_weights``.
        seed: Of random weights.
        precision: What ``encode`` computes in.

    Raises:
        BadUsage: No such encoder.
        BadWeights: The weights cannot be had or do not fit.
    """
    architecture = architecture_named(name)
    trunk = architecture.build()
    label = load_weights(trunk, architecture, weights, seed)
    return DenseEncoder(trunk, architecture, label, precision)


def restore_encoder(
    identity: Mapping[str, Any],
    state: Mapping[str, Tensor],
    precision: Precision = AUTO,
) -> DenseEncoder:
    """Rebuild the encoder whose identity and weights an artifact holds."""
    architecture = architecture_named(identity["name"])
    trunk = architecture.build()
    trunk.load_state_dict(dict(state))
    return DenseEncoder(trunk, architecture, identity["weights"], precision)


def crop_of_window(
    row: int, column: int, architecture: Architecture, border: Border = NO_BORDER
) -> tuple[int, int, int, int]:
    """The crop, in pixels of the encoded photograph, that a window stands for."""
    x0 = column * architecture.stride - border[0]
    y0 = row * architecture.stride - border[1]
    return x0, y0, x0 + CROP_SIDE, y0 + CROP_SIDE
