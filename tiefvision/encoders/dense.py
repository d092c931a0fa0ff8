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
    """A trunk with its preprocessing, in evaluation mode and without gradients.

    ``forward`` computes in float32, layer by layer; it defines the feature maps.
    ``encode`` and ``encode_many`` compute the same maps with fused layers, in the
    number format that is fastest here.

    Args:
        trunk: convolutional layers with their weights.
        architecture: architecture of the trunk.
        weights: name of the weights, for the identity.
        precision: number format of ``encode`` and ``encode_many``.
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
        """Number format of ``encode`` on the current device of the encoder."""
        return dtype_for(self.identity.name, self.mean.device, self.precision)

    def forward(self, photos: Tensor, border: Border = NO_BORDER) -> Tensor:
        """Encode photographs of one size.

        Args:
            photos: photographs, (B, H, W, 3) uint8 RGB.
            border: pixels of mean colour added left and right, and above and below,
                so that a window can reach beyond the edge.

        Returns:
            Feature maps, (B, C, h, w) float32. The window whose first cell is
            (row, column) encodes the crop that ``crop_of_window`` gives.
        """
        encoded: Tensor = self.trunk(self._pixels(photos, border))
        return encoded

    def encode(self, photo: NDArray[np.uint8], border: Border = NO_BORDER) -> Tensor:
        """Encode a photograph, (H, W, 3) uint8 RGB, to (C, h, w) float32 on the CPU."""
        return self.encode_many([photo], border)[0]

    @torch.inference_mode()
    def encode_many(
        self, photos: Sequence[NDArray[np.uint8]], border: Border = NO_BORDER
    ) -> list[Tensor]:
        """Encode photographs of any sizes.

        Args:
            photos: photographs, (H, W, 3) uint8 RGB each. On a GPU consecutive ones of
                the same size are encoded as a batch.
            border: pixels of mean colour added around each, as for ``forward``.

        Returns:
            Feature map of each, (C, h, w) float32 on the CPU.
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
        # Normalised as rows of W * 3 numbers, since broadcasting over 3 numbers takes
        # as long as a layer. Padding is done afterwards: zero is then the mean colour,
        # and the value with which the layers pad as well.
        rows = photos.flatten(2).float()  # (B, H, W, 3) -> (B, H, W * 3)
        rows = (rows - self.mean.repeat(width)).div_(self.std.repeat(width))
        rows = nn.functional.pad(rows, (3 * beside, 3 * beside, above, above))
        framed = rows.view(-1, height + 2 * above, width + 2 * beside, 3)
        return framed.permute(0, 3, 1, 2)

    def _fused_trunk(self) -> Run:
        device = self.mean.device
        if self._fused is None or self._fused[0] != device:
            # A tuple, so that torch does not register the fused layers as a submodule.
            self._fused = (device, fuse_trunk(self.trunk, device, self.dtype))
        return self._fused[1]


def _batches(
    photos: Sequence[NDArray[np.uint8]], device: torch.device
) -> Iterator[NDArray[np.uint8]]:
    """Photographs in batches of one size, (B, H, W, 3), in their order.

    On a CPU every batch holds one photograph. A larger batch would push activations out
    of the cache, and the last digits of a map would depend on the rest of the batch.
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
        name: name of the architecture, a key of ``ARCHITECTURES``.
        weights: source of the weights, as for ``load_weights``.
        seed: seed of random weights.
        precision: number format of ``encode``.

    Raises:
        BadUsage: The architecture is unknown.
        BadWeights: The weights cannot be loaded or have another architecture.
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
    """Rebuild an encoder from its identity and its weights.

    Args:
        identity: identity of the encoder, as ``EncoderIdentity.to_dict`` gives it.
        state: weights by name.
        precision: number format of ``encode``.
    """
    architecture = architecture_named(identity["name"])
    trunk = architecture.build()
    trunk.load_state_dict(dict(state))
    return DenseEncoder(trunk, architecture, identity["weights"], precision)


def crop_of_window(
    row: int, column: int, architecture: Architecture, border: Border = NO_BORDER
) -> tuple[int, int, int, int]:
    """The crop that a window of a feature map encodes.

    Args:
        row: row of the window's first cell.
        column: column of the window's first cell.
        architecture: architecture of the encoder.
        border: border with which the photograph was encoded.

    Returns:
        x0, y0, x1, y1 in pixels of the photograph; they may lie outside of it.
    """
    x0 = column * architecture.stride - border[0]
    y0 = row * architecture.stride - border[1]
    return x0, y0, x0 + CROP_SIDE, y0 + CROP_SIDE
