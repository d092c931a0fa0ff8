"""The convolutional trunks: which layers, and what a 224 px crop looks like in them.

All step 16 px from cell to cell, so a crop whose corner lies on a multiple of
16 px is a square window of the map, and its corner cell is corner / 16.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tiefvision.errors import BadUsage

if TYPE_CHECKING:  # the table is read without torch, which takes seconds to import
    from torch import nn

CROP_SIDE = 224
"""Side in pixels of the crop that every window of a map stands for."""


@dataclass(frozen=True)
class Architecture:
    """What must be known of a trunk before it runs.

    Attributes:
        name: As torchvision spells it.
        channels: Length of the encoding in one cell.
        stride: Pixels from one cell to the next, in both axes.
        window: Cells on a side of the window that encodes a 224 px crop.
        first_centre: Pixel on which the first cell of a map is centred.
        parameters: Number of trainable numbers in the trunk.
        build: Function that makes the trunk with untrained weights.
    """

    name: str
    channels: int
    stride: int
    window: int
    first_centre: int
    parameters: int
    build: "Callable[[], nn.Sequential]"


def _alexnet() -> "nn.Sequential":
    # Layer by layer as torchvision's ``alexnet().features``, whose import takes longer
    # than locating a garment; a test holds both side by side.
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
        # The last max pool at stride 1 doubles the grid without changing what its
        # cells mean (TiefVision's slides): 11x11 cells for 224 px instead of 6x6.
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
    # The same finer grid where convolutions follow the last step of two: they are
    # dilated, so every second cell still holds what the published network computes.
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
    """Look an architecture up.

    Raises:
        BadUsage: There is none of this name.
    """
    if name not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise BadUsage(f"There is no encoder called {name!r}.", f"Use {known}.")
    return ARCHITECTURES[name]
