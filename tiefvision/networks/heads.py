"""TiefVision's own heads over the map of its encoder, for their sizes.

Source: the Lua code of TiefVision (2016). Locators are trained for one coordinate each.
The locator of this project has other heads (``locating/heads.py``).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from tiefvision.networks.layers import (
    Conv,
    Layer,
    Shape,
    Squash,
    Step,
    multiply_adds_of,
    walk,
)
from tiefvision.networks.published import Counts
from tiefvision.networks.trunks import RELU

ENCODED: Shape = (384, 11, 11)
"""The map of a 224 px crop (``encoders/nin.py``)."""

TIEFVISION = "TiefVision"
"""The system that the heads belong to."""

TANH, SIGMOID = Squash("tanh"), Squash("sigmoid")


@dataclass(frozen=True, eq=False)
class Head:
    """Layers over the map of a crop.

    Attributes:
        name: name in lists.
        summary: what it tells, in a sentence without a full stop.
        layers: layers; the kernel of the first covers the whole map of a crop.
    """

    name: str
    summary: str
    layers: tuple[Layer, ...]

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The layers with the shapes that they read."""
        steps: list[Step] = []
        walk(self.layers, ENCODED, "", steps.append)
        return tuple(steps)

    @cached_property
    def counts(self) -> Counts:
        """Its size; the embedding is what it tells of a crop."""
        arrays = [shape for step in self.steps for shape in step.arrays.values()]
        parameters = sum(map(math.prod, arrays))
        multiply_adds = sum(
            multiply_adds_of(one.layer, one.reads) for one in self.steps
        )
        told = walk(self.layers, ENCODED, "", lambda step: None)[0]
        return Counts(parameters, parameters, told, multiply_adds)


HEADS: Mapping[str, Head] = {
    head.name: head
    for head in (
        Head(
            "tiefvision_locator",
            "one coordinate of a box, of four locators",
            (Conv(512, 11), TANH, Conv(128, 1), TANH, Conv(1, 1)),
        ),
        Head(
            "tiefvision_classifier",
            "whether a crop shows a dress",
            (Conv(1024, 11), RELU, Conv(256, 1), RELU, Conv(2, 1), SIGMOID),
        ),
    )
}
"""Heads by name."""
