"""What an engine is: it turns layers and weights into a function on maps."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, Protocol, get_args

if TYPE_CHECKING:  # naming an engine must not import NumPy
    import numpy as np
    from numpy.typing import NDArray

    from tiefvision.engines.folding import Arrays
    from tiefvision.engines.layers import Layer

Format = Literal["float32", "bfloat16"]
"""A number format of the arithmetic; maps go in and come out in float32."""

FORMATS: tuple[Format, ...] = get_args(Format)

Run = Callable[["NDArray[np.float32]"], "NDArray[np.float32]"]
"""Runs a network on one map: (1, C, h, w) or, for channels last, (1, h, w, C) float32,
to (1, D, h', w') float32."""


class Engine(Protocol):
    """Compiles networks for one device."""

    @property
    def name(self) -> str:
        """Name of the engine for messages, such as "OpenVINO 2026.4.1"."""

    def compile(
        self,
        layers: "Sequence[Layer]",
        weights: "Arrays",
        channels: int,
        *,
        channels_last: bool = False,
        number_format: Format = "float32",
    ) -> Run:
        """Compile a network for maps of any height and width.

        Args:
            layers: layers of the network.
            weights: weights and biases by name, float32.
            channels: channels of the maps that the network reads.
            channels_last: whether channels are the last axis of these maps.
            number_format: format of the arithmetic.
        """

    def formats(self) -> tuple[Format, ...]:
        """Number formats that the device computes in, float32 first."""
