"""What rankers compare: crops of garments, each as a map, as colours and as pixels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tiefvision.records import View


class Garments(Protocol):
    """Crops of garments, row by row; what is not asked for need not be read."""

    @property
    def maps(self) -> Tensor:
        """(B, C, h, w) float32 of unit cells."""

    @property
    def colours(self) -> Tensor:
        """(B, K) float32 of unit length, as ``lab_histogram`` gives them."""

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """(B, S, S, 3) uint8 RGB, as ``crop_garment`` gives them."""


GarmentsOf = Callable[[Sequence[View]], Garments]
"""Reads the crops of views."""

Embed = Callable[[Garments], Tensor]
"""A ranker: B garments to (B, D) of unit length."""


@dataclass(frozen=True, eq=False)
class GarmentBatch:
    """Garments in memory.

    Attributes:
        maps: As for ``Garments``.
        colours: Likewise; none for rankers that do not ask for them.
        pixels: Likewise.
    """

    maps: Tensor
    colours: Tensor = field(default_factory=lambda: torch.empty(0))
    pixels: NDArray[np.uint8] = field(
        default_factory=lambda: np.empty(0, dtype=np.uint8)
    )


def join_garments(batches: Sequence[Garments], device: torch.device) -> GarmentBatch:
    """Several batches, at least one, as one on a device."""
    return GarmentBatch(
        torch.cat([batch.maps for batch in batches]).to(device),
        torch.cat([batch.colours for batch in batches]).to(device),
        np.concatenate([batch.pixels for batch in batches]),
    )
