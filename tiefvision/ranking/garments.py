"""The input of rankers: crops of garments as feature maps, colours and pixels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tiefvision.records import View


class Garments(Protocol):
    """A batch of B crops; an implementation may read each part on first access."""

    @property
    def maps(self) -> Tensor:
        """Feature maps with cells of unit length, (B, C, h, w) float32."""

    @property
    def colours(self) -> Tensor:
        """LAB histograms of unit length (``lab_histogram``), (B, K) float32."""

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """Crops as ``crop_garment`` makes them, (B, S, S, 3) uint8 RGB."""


GarmentsOf = Callable[[Sequence[View]], Garments]
"""Reader of the crops of views."""

Embed = Callable[[Garments], Tensor]
"""A ranker: function from B garments to embeddings of unit length, (B, D) float32."""


@dataclass(frozen=True, eq=False)
class GarmentBatch:
    """Garments in memory.

    Attributes:
        maps: feature maps with cells of unit length, (B, C, h, w) float32.
        colours: LAB histograms of unit length, (B, K) float32; empty if no ranker needs
            them.
        pixels: crops, (B, S, S, 3) uint8 RGB; empty if no ranker needs them.
    """

    maps: Tensor
    colours: Tensor = field(default_factory=lambda: torch.empty(0))
    pixels: NDArray[np.uint8] = field(
        default_factory=lambda: np.empty(0, dtype=np.uint8)
    )


def join_garments(batches: Sequence[Garments], device: torch.device) -> GarmentBatch:
    """Concatenate batches, at least one, on a device."""
    return GarmentBatch(
        torch.cat([batch.maps for batch in batches]).to(device),
        torch.cat([batch.colours for batch in batches]).to(device),
        np.concatenate([batch.pixels for batch in batches]),
    )
