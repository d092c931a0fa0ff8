"""Dense encoding: one pass over a photograph encodes every crop of it.

Source: TiefVision's slides, step 1; Sermanet et al., OverFeat (arXiv:1312.6229), 3.5.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
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
from tiefvision.encoders.weights import hash_weights, load_weights

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
Border = tuple[int, int]
"""Pixels added to a photograph: left and right, above and below."""

NO_BORDER: Border = (0, 0)

PREPROCESSING = "RGB / 255, ImageNet mean and std, zero border"


@dataclass(frozen=True)
class EncoderIdentity:
    """What two maps must share to be compared.

    Attributes:
        name: The architecture.
        weights: Where the weights came from, for people.
        weights_hash: SHA-256 of the weights.
        preprocessing: What happens to the pixels before the first layer.
    """

    name: str
    weights: str
    weights_hash: str
    preprocessing: str = PREPROCESSING

    def to_dict(self) -> dict[str, str]:
        """As it stands in the header of an artifact."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.name}, {self.weights}, {self.weights_hash[:12]}"


def same_encoder(identity: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether maps of two encoders can be mixed; where weights came from is moot."""
    decisive = ("name", "weights_hash", "preprocessing")
    return all(identity[key] == other[key] for key in decisive)


class DenseEncoder(nn.Module):
    """A trunk with its preprocessing; always in evaluation mode, never trained here."""

    mean: Tensor
    std: Tensor

    def __init__(
        self, trunk: nn.Sequential, architecture: Architecture, weights: str
    ) -> None:
        super().__init__()
        self.trunk = trunk.eval().requires_grad_(False)
        self.architecture = architecture
        self.identity = EncoderIdentity(
            architecture.name, weights, hash_weights(self.trunk)
        )
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(3, 1, 1) * 255)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(3, 1, 1) * 255)

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
        pixels = photos.permute(0, 3, 1, 2).float()  # (B, H, W, 3) -> (B, 3, H, W)
        pixels = (pixels - self.mean) / self.std
        beside, above = border
        pixels = nn.functional.pad(pixels, (beside, beside, above, above))
        encoded: Tensor = self.trunk(
            pixels.contiguous(memory_format=torch.channels_last)
        )
        return encoded

    @torch.inference_mode()
    def encode(self, photo: NDArray[np.uint8], border: Border = NO_BORDER) -> Tensor:
        """Encode one photograph, (H, W, 3) uint8 RGB, to (C, h, w) on the CPU."""
        photos = torch.from_numpy(np.array(photo, order="C")).unsqueeze(0)
        encoded: Tensor = self(photos.to(self.mean.device), border)
        return encoded[0].contiguous().cpu()


def make_encoder(name: str, weights: str, seed: int = 0) -> DenseEncoder:
    """Build an encoder by name.

    Args:
        name: A key of ``ARCHITECTURES``.
        weights: "imagenet", "random" or the path of a safetensors file.
        seed: Of random weights.

    Raises:
        BadUsage: No such encoder.
        BadWeights: The weights cannot be had or do not fit.
    """
    architecture = architecture_named(name)
    trunk = architecture.build()
    label = load_weights(trunk, architecture, weights, seed)
    return DenseEncoder(trunk, architecture, label)


def restore_encoder(
    identity: Mapping[str, Any], state: Mapping[str, Tensor]
) -> DenseEncoder:
    """Rebuild the encoder whose identity and weights an artifact holds."""
    architecture = architecture_named(identity["name"])
    trunk = architecture.build()
    trunk.load_state_dict(dict(state))
    return DenseEncoder(trunk, architecture, identity["weights"])


def crop_of_window(
    row: int, column: int, architecture: Architecture, border: Border = NO_BORDER
) -> tuple[int, int, int, int]:
    """The crop, in pixels of the encoded photograph, that a window stands for."""
    x0 = column * architecture.stride - border[0]
    y0 = row * architecture.stride - border[1]
    return x0, y0, x0 + CROP_SIDE, y0 + CROP_SIDE
