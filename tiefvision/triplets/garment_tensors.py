"""Garments as tensors on a device: the only place where arrays become tensors."""

from collections.abc import Collection
from dataclasses import dataclass

import torch
from torch import Tensor

from tiefvision.ranking.garments import Garments
from tiefvision.ranking.needs import Need


@dataclass(frozen=True, eq=False)
class GarmentTensors:
    """A batch of B garments for a network.

    Attributes:
        maps: feature maps with cells of unit length, (B, C, h, w) float32; empty if the
            network does not read them.
        colours: LAB histograms of unit length, (B, K) float32; empty if the network
            does not read them.
    """

    maps: Tensor
    colours: Tensor


def to_tensors(
    garments: Garments, needs: Collection[Need], device: torch.device
) -> GarmentTensors:
    """Convert a batch of garments.

    Args:
        garments: garments whose parts may be read on first access.
        needs: parts that the network reads; others are not read either.
        device: device of the tensors. On a CPU they share their memory with the arrays.
    """
    maps = colours = torch.empty(0)
    if "maps" in needs:
        maps = torch.from_numpy(garments.maps).to(device)
    if "colours" in needs:
        colours = torch.from_numpy(garments.colours).to(device)
    return GarmentTensors(maps, colours)
