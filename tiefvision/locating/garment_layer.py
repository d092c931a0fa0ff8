"""The garment layer: how much of a located box shows a garment at all.

A locator learns from photographs of people. What stands alone and upright in the middle
of a photograph, a cat or a cup, therefore looks like an outfit to it. Which cells show
cloth and which do not is learnt from masks, cell by cell, and is not misled so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiefvision.locating.windows import Level, cells_in_box
from tiefvision.records import Box, Garment

LEAST_GARMENT = 0.3
"""Least mean share of garment in the cells of a box; a box with less is no garment.
The surest boxes of 30 street photographs have 0.53 and more, of 32 drawn ones 0.44, of
20 of Luma 0.33, of 29 of single garments, hats and shoes among them, 0.25 (two of them
below 0.3); a cat, a cup, a horse, a motorcycle and a rocket have 0.11 to 0.26."""


@dataclass(frozen=True, eq=False)
class GarmentLayer:
    """The read-out "garment" of a locator's encoder.

    Attributes:
        weight: weights over the channels of a cell of unit length, (C,) float32.
        bias: bias of the log-odds.
    """

    weight: NDArray[np.float32]
    bias: float

    @classmethod
    def of(
        cls, arrays: Mapping[str, NDArray[np.float32]] | None
    ) -> "GarmentLayer | None":
        """The layer of a read-out: "weight" (1, C) and "bias" (1,); None for none."""
        if not arrays:
            return None
        return cls(np.asarray(arrays["weight"])[0], float(arrays["bias"][0]))

    def keep(
        self, garments: Sequence[Garment], levels: Sequence[Level]
    ) -> tuple[Garment, ...]:
        """The garments whose boxes show enough of a garment, in their order.

        Args:
            garments: located garments.
            levels: maps of the photograph, one per size.
        """
        return tuple(
            garment
            for garment in garments
            if self.share(garment.box_in_image, levels) >= LEAST_GARMENT
        )

    def share(self, box_in_image: Box, levels: Sequence[Level]) -> float:
        """The mean share of garment in the cells of a box, over all levels, in [0, 1].

        Args:
            box_in_image: box in pixels of the photograph.
            levels: maps of the photograph, one per size.
        """
        return float(np.mean([self._share(box_in_image, level) for level in levels]))

    def _share(self, box_in_image: Box, level: Level) -> float:
        cells = cells_in_box(level, box_in_image)
        odds = np.tensordot(self.weight, cells, axes=1) + self.bias
        return float((1 / (1 + np.exp(-odds))).mean())
