"""The convolutional trunks of encoders, and the geometry of their feature maps.

All trunks have a stride of 16 px. A 224 px crop whose corner lies on multiples of 16 px
is therefore a square window of the map, whose first cell is that corner / 16.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tiefvision.encoders.efficientnet_lite import (
    LITE_EPS,
    LITE_NETWORKS,
    efficientnet_lite,
)
from tiefvision.encoders.libraries.names import FORMS, library_of
from tiefvision.encoders.nin import nin
from tiefvision.encoders.preprocessing import CAFFE, IMAGENET, LITE, Preprocessing
from tiefvision.encoders.published import alexnet, mobilenet_v2, squeezenet1_1
from tiefvision.engines.layers import (
    Layer,
    Shape,
    count_operations,
    count_parameters,
    output_shape,
)
from tiefvision.errors import BadUsage

if TYPE_CHECKING:
    from tiefvision.engines.folding import Arrays
    from tiefvision.engines.protocol import Engine, Format, Run

LOCATOR_ENCODER = "efficientnet_lite0"
"""The encoder of the locator that ships with the package."""

GARMENT_ENCODER = "efficientnet_lite0"
"""The encoder of garments that ships with the package."""

TORCH_EPS = 1e-5
"""The constant beside the variance in torch's batch normalisation."""

CROP_SIDE = 224
"""Side in pixels of the crop that a window of a feature map encodes."""

STRIDE = 16
"""Pixels from one cell to the next, on both axes."""


@dataclass(frozen=True)
class Architecture:
    """A trunk and the geometry of its feature maps.

    Attributes:
        name: name on the command line; torchvision's where it has the network.
        layers: layers of the trunk.
        preprocessing: what is done to pixels before the first layer.
        first_centre: pixel on which the first cell of a map is centred.
        norm_eps: constant beside the variance in the batch normalisation of its
            published weights.
        bears_bfloat16: whether every cell in bfloat16 has a cosine of at least 0.999 to
            that in float32. In bottlenecks and depthwise layers, where each result
            depends on few numbers, rounding errors accumulate: the lowest cosine on
            photographs of people is 0.993 for SqueezeNet and 0.80 for MobileNetV2.
    """

    name: str
    layers: tuple[Layer, ...]
    preprocessing: Preprocessing
    first_centre: int
    norm_eps: float = TORCH_EPS
    bears_bfloat16: bool = False

    @property
    def stride(self) -> int:
        """Pixels from one cell to the next, on both axes."""
        return STRIDE

    @cached_property
    def channels(self) -> int:
        """Number of channels C of a feature map."""
        return output_shape(self.layers, (3, CROP_SIDE, CROP_SIDE))[0]

    @cached_property
    def window(self) -> int:
        """Cells along a side of the window that encodes a 224 px crop."""
        return output_shape(self.layers, (3, CROP_SIDE, CROP_SIDE))[1]

    @cached_property
    def parameters(self) -> int:
        """Number of parameters of the trunk."""
        return count_parameters(self.layers)

    def count_operations(self, shape: Shape) -> int:
        """Multiplications and additions for a photograph of (3, h, w)."""
        return count_operations(self.layers, shape)

    def compile(
        self, weights: "Arrays", engine: "Engine", number_format: "Format"
    ) -> "Run":
        """Compile the trunk for standardised photographs, (1, h, w, 3) float32.

        Args:
            weights: weights and biases by name.
            engine: engine that computes.
            number_format: format of the arithmetic.
        """
        return engine.compile(
            self.layers, weights, 3, channels_last=True, number_format=number_format
        )


ARCHITECTURES: dict[str, Architecture] = {
    architecture.name: architecture
    for architecture in (
        Architecture("alexnet", alexnet(), IMAGENET, 31, bears_bfloat16=True),
        Architecture("squeezenet1_1", squeezenet1_1(), IMAGENET, 15),
        Architecture("mobilenet_v2", mobilenet_v2(), IMAGENET, 0),
        *(
            Architecture(name, efficientnet_lite(width, depth), LITE, 15, LITE_EPS)
            for name, width, depth in LITE_NETWORKS
        ),
        Architecture("nin", nin(), CAFFE, 33),
    )
}


def architecture_named(name: str) -> Architecture:
    """Look up an architecture by name.

    Args:
        name: a key of ``ARCHITECTURES``, "timm:NAME" or "open_clip:NAME"; such a name
            imports torch and the library.

    Raises:
        BadUsage: The name is unknown, its library is not installed, or its network does
            not fit the locator.
    """
    if library_of(name):
        from tiefvision.encoders.libraries.architecture import library_architecture

        return library_architecture(name)
    if name not in ARCHITECTURES:
        known = ", ".join((*ARCHITECTURES, *FORMS))
        raise BadUsage(f"There is no encoder called {name!r}.", f"Use {known}.")
    return ARCHITECTURES[name]
