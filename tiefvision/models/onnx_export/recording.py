"""An engine that compiles nothing, and keeps what it is given."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiefvision.engines.folding import Arrays
from tiefvision.engines.layers import Layer
from tiefvision.engines.protocol import FORMATS, Format


@dataclass(frozen=True, eq=False)
class Recorded:
    """A network that was to be compiled.

    Attributes:
        layers: its layers.
        weights: weights and biases by name, float32.
        channels: channels of the maps that it reads.
    """

    layers: Sequence[Layer]
    weights: Arrays
    channels: int

    def __call__(self, maps: NDArray[np.float32]) -> NDArray[np.float32]:
        """Raises AssertionError: it is not run."""
        raise AssertionError("a recorded network is not run")


class Recorder:
    """Implements ``Engine``: networks loaded with it hold their layers and weights."""

    name = "a recorder of networks"

    def compile(
        self,
        layers: Sequence[Layer],
        weights: Arrays,
        channels: int,
        *,
        channels_last: bool = False,
        number_format: Format = "float32",
    ) -> Recorded:
        """Keep a network; see ``Engine.compile``."""
        return Recorded(layers, weights, channels)

    def formats(self) -> tuple[Format, ...]:
        """The first format alone, so that none has to be timed."""
        return FORMATS[:1]
