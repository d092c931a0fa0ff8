"""The convolutional trunks of encoders, and the geometry of their feature maps.

All trunks have a stride of 16 px. A 224 px crop whose corner lies on multiples of 16 px
is therefore a square window of the map, whose first cell is that corner / 16.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tiefvision.errors import BadUsage

if TYPE_CHECKING:  # reading the table must not import torch, which takes seconds
    from torch import nn

DEFAULT_ENCODER = "alexnet"
"""The encoder whose weights ship with the package."""

CROP_SIDE = 224
"""Side in pixels of the crop that a window of a feature map encodes."""


@dataclass(frozen=True)
class Architecture:
    """A trunk and the geometry of its feature maps.

    Attributes:
        name: name in torchvision.
        channels: number of channels C of a feature map.
        stride: pixels from one cell to the next, on both axes.
        window: cells along a side of the window that encodes a 224 px crop.
        first_centre: pixel on which the first cell of a map is centred.
        parameters: number of parameters of the trunk.
        build: function that builds the trunk with untrained weights.
    """

    name: str
    channels: int
    stride: int
    window: int
    first_centre: int
    parameters: int
    build: "Callable[[], nn.Sequential]"


def _alexnet() -> "nn.Sequential":
    # The layers of torchvision's ``alexnet().features``, repeated here since importing
    # torchvision takes longer than locating a garment; a test compares both.
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(3, 64, kernel_size=11, stride=4, padding=2),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(kernel_size=3, stride=2),
        nn.Conv2d(64, 192, kernel_size=5, padding=2),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(kernel_size=3, stride=2),
        nn.Conv2d(192, 384, kernel_size=3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(384, 256, kernel_size=3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(256, 256, kernel_size=3, padding=1),
        nn.ReLU(inplace=True),
        # Stride 1 instead of 2 in the last max pool doubles the grid, 11x11 cells for
        # 224 px instead of 6x6, without changing what a cell encodes (TiefVision's
        # slides).
        nn.MaxPool2d(kernel_size=3, stride=1),
    )


def _squeezenet1_1() -> "nn.Sequential":
    import torchvision

    features: nn.Sequential = torchvision.models.squeezenet1_1(weights=None).features
    return features


def _mobilenet_v2() -> "nn.Sequential":
    import torchvision
    from torch import nn

    blocks = torchvision.models.mobilenet_v2(weights=None).features[:18]
    # The last stride of 2 becomes 1 here as well. The convolutions behind it are
    # dilated, so that every second cell equals that of the published network.
    blocks[14].conv[1][0].stride = (1, 1)
    for block in blocks[15:18]:
        depthwise = block.conv[1][0]
        depthwise.dilation = (2, 2)
        depthwise.padding = (2, 2)
    return nn.Sequential(*blocks)


ARCHITECTURES: dict[str, Architecture] = {
    architecture.name: architecture
    for architecture in (
        Architecture("alexnet", 256, 16, 11, 31, 2_469_696, _alexnet),
        Architecture("squeezenet1_1", 512, 16, 13, 15, 722_496, _squeezenet1_1),
        Architecture("mobilenet_v2", 320, 16, 14, 0, 1_811_712, _mobilenet_v2),
    )
}


def architecture_named(name: str) -> Architecture:
    """Look up an architecture by name.

    Raises:
        BadUsage: The name is unknown.
    """
    if name not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise BadUsage(f"There is no encoder called {name!r}.", f"Use {known}.")
    return ARCHITECTURES[name]
