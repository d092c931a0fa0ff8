"""A trained network of the literature as a ranker.

The published output of a network is what its loss reads. An index compares cosines, so
a ranker keeps the direction of that output, and no more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from tiefvision.networks.building import ImageNetwork, build_network
from tiefvision.networks.preparing import to_images

BLOCK = 16
"""Images embedded at a time: VGG16's largest maps of them are 400 MB."""

LEAST_LENGTH = 1e-12
"""Lower bound of the length of an embedding, which is a divisor."""


class Pictures(Protocol):
    """What a network reads of garments."""

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """Crops, (B, S, S, 3) uint8 RGB."""


@dataclass(frozen=True, eq=False)
class NetworkRanker:
    """A network that embeds crops, block by block.

    Attributes:
        network: network in evaluation mode.
        device: device on which it lies.
    """

    network: ImageNetwork
    device: torch.device

    def on_device(self, device: str) -> "NetworkRanker":
        """The ranker on another device, by torch's name; its network moves there."""
        return NetworkRanker(self.network.to(device), torch.device(device))

    def __call__(self, garments: Pictures) -> NDArray[np.float32]:
        """Embed B garments: (B, D) float32 of unit length."""
        return self.embed(garments.pixels)

    @torch.inference_mode()
    def embed(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embed crops, (B, S, S, 3) uint8 RGB: (B, D) float32 of unit length."""
        pixels = torch.from_numpy(crops)
        rows = np.empty((len(pixels), self.network.size), dtype=np.float32)
        for start in range(0, len(pixels), BLOCK):
            part = pixels[start : start + BLOCK]
            images = to_images(part, self.network.side, self.device)
            embedded = self.network(images)
            length = embedded.norm(dim=1, keepdim=True).clamp_min(LEAST_LENGTH)
            rows[start : start + BLOCK] = (embedded / length).cpu().numpy()
        return rows


def embed_with(network: ImageNetwork) -> NetworkRanker:
    """A ranker that embeds with the current weights of a network, without gradients.

    Args:
        network: network on any device, in evaluation mode while it embeds.
    """
    return NetworkRanker(network, next(network.parameters()).device)


def build_ranker(
    details: Mapping[str, Any], weights: Mapping[str, NDArray[np.float32]]
) -> NetworkRanker:
    """A ranker with trained weights, on the processor.

    Args:
        details: details of a header: "network", one of ``NETWORKS``, and "width".
        weights: weights by name, float32, with the shapes of ``Plan.arrays``. They are
            not copied where their layout may stay.
    """
    with torch.device("meta"):  # allocates nothing, since the weights are there
        network = build_network(details["network"], details["width"])
    state = {name: torch.from_numpy(array) for name, array in weights.items()}
    network.load_state_dict(state | _counters(network), assign=True)
    network.requires_grad_(False)
    # Convolutions are a fifth faster where channels come last in memory.
    network.eval().to(memory_format=torch.channels_last)
    return NetworkRanker(network, torch.device("cpu"))


def _counters(network: ImageNetwork) -> dict[str, torch.Tensor]:
    """Numbers of batches that normalisations have seen, which only training reads."""
    return {
        name: torch.tensor(0)
        for name in network.state_dict()
        if name.endswith("num_batches_tracked")
    }
