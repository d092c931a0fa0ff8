"""The input of rankers: crops of garments as feature maps, colours and pixels."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from tiefvision.records import View


class Garments(Protocol):
    """A batch of B crops; an implementation may read each part on first access."""

    @property
    def maps(self) -> NDArray[np.float32]:
        """Feature maps with cells of unit length, (B, C, h, w) float32."""

    @property
    def colours(self) -> NDArray[np.float32]:
        """LAB histograms of unit length (``lab_histogram``), (B, K) float32."""

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """Crops as ``crop_garment`` makes them, (B, S, S, 3) uint8 RGB."""


GarmentsOf = Callable[[Sequence[View]], Garments]
"""Reader of the crops of views."""

Embed = Callable[[Garments], NDArray[np.float32]]
"""A ranker: function from B garments to embeddings of unit length, (B, D) float32."""


@runtime_checkable
class OnDevice(Protocol):
    """A ranker that computes with torch, on the processor at first."""

    def on_device(self, device: str) -> Embed:
        """The same ranker on a device, by torch's name, such as "cuda:0"."""


Weights = Mapping[str, NDArray[np.float32]]
"""What a ranker has learnt: arrays by name, float32."""


def _no_numbers() -> NDArray[np.float32]:
    return np.empty(0, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class GarmentBatch:
    """Garments in memory.

    Attributes:
        maps: feature maps with cells of unit length, (B, C, h, w) float32; empty if no
            ranker needs them.
        colours: LAB histograms of unit length, (B, K) float32; empty if no ranker needs
            them.
        pixels: crops, (B, S, S, 3) uint8 RGB; empty if no ranker needs them.
    """

    maps: NDArray[np.float32] = field(default_factory=_no_numbers)
    colours: NDArray[np.float32] = field(default_factory=_no_numbers)
    pixels: NDArray[np.uint8] = field(
        default_factory=lambda: np.empty(0, dtype=np.uint8)
    )


def join_garments(batches: Sequence[Garments]) -> GarmentBatch:
    """Concatenate batches, at least one."""
    return GarmentBatch(
        np.concatenate([batch.maps for batch in batches]),
        np.concatenate([batch.colours for batch in batches]),
        np.concatenate([batch.pixels for batch in batches]),
    )
