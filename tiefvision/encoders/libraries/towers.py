"""A library's network as far as its feature map, and the facts that locating needs.

Networks of timm return their intermediate maps by ``forward_intermediates``, and forget
the layers behind one by ``prune_intermediate_layers``. ``open_clip_towers.py`` gives
open_clip's own transformer the same two methods.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from tiefvision.encoders.architectures import CROP_SIDE, STRIDE
from tiefvision.encoders.preprocessing import Preprocessing
from tiefvision.errors import BadUsage, reason_of

MOST_STRIDE = 32
"""Pixels from one cell to the next at most: a crop of 224 px then has 7 x 7 cells, the
grid that stage 6 keeps."""

SHORTER, LONGER = 1, 3
"""Cells beyond a crop's, on either side of the photograph that a network is tried on.
Both are odd, and differ, so that a network for squares of one size is found out."""


class Trunk(Protocol):
    """What is asked of a library's network; ``nn.Module`` does the rest."""

    def forward_intermediates(
        self,
        x: Tensor,
        indices: Sequence[int] | None = None,
        norm: bool = False,
        stop_early: bool = False,
        output_fmt: str = "NCHW",
        intermediates_only: bool = False,
    ) -> list[Tensor]:
        """The intermediate maps of (B, 3, h, w), each (B, C, h', w')."""

    def prune_intermediate_layers(
        self, indices: Sequence[int], prune_norm: bool = False, prune_head: bool = True
    ) -> Any:
        """Drop what lies behind the last of some intermediate maps."""


@dataclass(frozen=True)
class Tower:
    """A network of a library, and how its files of weights are written.

    Attributes:
        name: name of the encoder, such as "timm:resnet50".
        build: function that builds the whole network with random weights; a module
            that implements ``Trunk``.
        preprocessing: preprocessing that the library prescribes.
        prefix: prefix of the network's names in a file of the library.
        ignores: function that tells of a name in a file whether it is that of a part
            that the feature map does not need, such as a classifier.
    """

    name: str
    build: Callable[[], nn.Module]
    preprocessing: Preprocessing
    prefix: str
    ignores: Callable[[str], bool]


@dataclass(frozen=True)
class Survey:
    """Facts about the feature map of a network.

    Attributes:
        index: number of the intermediate map that is the encoder's.
        last: whether it is the network's last, whose cells the final norm normalises.
        channels: channels of the map.
        stride: pixels from one cell to the next.
    """

    index: int
    last: bool
    channels: int
    stride: int


class MapNetwork(nn.Module):
    """A network cut behind its feature map.

    Args:
        network: network that implements ``Trunk``, changed in place.
        survey: facts about its feature map.
    """

    def __init__(self, network: nn.Module, survey: Survey) -> None:
        super().__init__()
        self.network, self._survey = network, survey
        network.prune_intermediate_layers(  # type: ignore[operator]
            [survey.index], prune_norm=not survey.last, prune_head=True
        )

    def forward(self, images: Tensor) -> Tensor:
        """Encode standardised photographs.

        Args:
            images: photographs, (B, 3, h, w); h and w are multiples of the stride.

        Returns:
            Feature maps, (B, C, h / stride, w / stride).
        """
        maps: list[Tensor] = self.network.forward_intermediates(  # type: ignore[operator]
            images,
            indices=[self._survey.index],
            norm=self._survey.last,
            stop_early=True,
            intermediates_only=True,
        )
        return maps[0]


def survey_tower(tower: Tower) -> Survey:
    """Find the feature map of a network, without computing or loading anything.

    The map is the last one whose cells are 16 px apart. A network without one gives its
    last map whose cells are at most 32 px apart and divide a crop, such as the patches
    of 14 px of DINOv2.

    Raises:
        BadUsage: The network has no such map, or reads photographs of one size only.
    """
    with torch.device("meta"):  # shapes alone: no numbers are stored or multiplied
        shapes = _try(tower, CROP_SIDE, CROP_SIDE)
        strides = [_stride(shape) for shape in shapes]
        index = _chosen(strides)
        if index is None:
            raise BadUsage(
                f"{tower.name} has no feature map for the locator: its cells lie "
                f"{_listed(strides)} px apart, and have to divide {CROP_SIDE} px, by "
                f"{MOST_STRIDE} px at most.",
                "Use another network, such as timm:resnet50 or timm:vit_base_patch16"
                "_224.",
            )
        stride = strides[index]
        survey = Survey(index, index == len(shapes) - 1, shapes[index][0], stride)
        cells = CROP_SIDE // stride
        size = (cells + SHORTER) * stride, (cells + LONGER) * stride
        found = _try(tower, *size)[index][1:]
        if found != (cells + SHORTER, cells + LONGER):
            raise _unread(tower, size, f"its map has {found[0]} x {found[1]} cells")
    return survey


def _chosen(strides: Sequence[int]) -> int | None:
    """Number of the map to use: the last of 16 px, or the last that will do."""
    fitting = [
        number
        for number, stride in enumerate(strides)
        if 0 < stride <= MOST_STRIDE and CROP_SIDE % stride == 0
    ]
    best = [number for number in fitting if strides[number] == STRIDE]
    return max(best or fitting, default=None)


def _stride(shape: tuple[int, ...]) -> int:
    """Pixels between the cells of a crop's map; 0 if it is no square of cells."""
    _, height, width = shape
    whole = height == width and height > 0 and CROP_SIDE % height == 0
    return CROP_SIDE // height if whole else 0


def _listed(strides: Collection[int]) -> str:
    return ", ".join(map(str, sorted({one for one in strides if one}))) or "?"


def _try(tower: Tower, height: int, width: int) -> list[tuple[int, ...]]:
    """Shapes of the intermediate maps of a photograph, on the meta device."""
    network = tower.build().eval()
    if not hasattr(network, "prune_intermediate_layers"):
        raise BadUsage(
            f"{tower.name} does not give its feature maps.",
            "Use another network, such as timm:resnet50 or timm:vit_base_patch16_224.",
        )
    try:
        maps = network.forward_intermediates(  # type: ignore[operator]
            torch.zeros(1, 3, height, width), intermediates_only=True
        )
    except (AssertionError, RuntimeError, ValueError) as error:
        raise _unread(tower, (height, width), reason_of(error)) from error
    return [tuple(one.shape[1:]) for one in maps]


def _unread(tower: Tower, size: tuple[int, int], reason: str) -> BadUsage:
    return BadUsage(
        f"{tower.name} does not read photographs of {size[0]} x {size[1]} px ({reason}"
        "), and the locator needs several sizes.",
        "Use another network, such as timm:resnet50 or timm:vit_base_patch16_224.",
    )
