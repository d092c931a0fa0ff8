"""The crop of a located garment, and its map beside that of its mirror image."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from tiefvision.encoders.architectures import CROP_SIDE
from tiefvision.encoders.dense import DenseEncoder
from tiefvision.photos.resizing import crop_photo, mirror_photo, resize_photo
from tiefvision.ranking.similarity import normalise_cells, pool_cells
from tiefvision.records import Box


@dataclass(frozen=True)
class CropRules:
    """How a garment becomes a map.

    Attributes:
        grid: Cells on a side that the map is averaged down to; 0 keeps the encoder's
            own grid (11 for AlexNet).
    """

    grid: int = 0


def crop_garment(
    photo: NDArray[np.uint8], box_in_image: Box | None
) -> NDArray[np.uint8]:
    """The garment at the size of a window, (224, 224, 3) uint8 RGB.

    The box is stretched to a square, so that a cell is the same part of the garment in
    every photograph: the hem is at the bottom, whatever the length.

    Args:
        photo: (H, W, 3) uint8 RGB.
        box_in_image: Pixels; None for the whole photograph.
    """
    crop = photo if box_in_image is None else crop_photo(photo, box_in_image)
    return resize_photo(crop, CROP_SIDE, CROP_SIDE)


def encode_crop(
    encoder: DenseEncoder, crop: NDArray[np.uint8], rules: CropRules
) -> Tensor:
    """The map of a crop as ``crop_garment`` makes it: (C, h, w) of unit cells."""
    maps = encoder.encode(crop).unsqueeze(0)
    return normalise_cells(pool_cells(maps, rules.grid))[0]


def encode_garment(
    encoder: DenseEncoder,
    photo: NDArray[np.uint8],
    box_in_image: Box | None,
    rules: CropRules,
) -> tuple[Tensor, Tensor]:
    """The maps of a garment and of its mirror image, (C, h, w) of unit cells each."""
    crop = crop_garment(photo, box_in_image)
    return (
        encode_crop(encoder, crop, rules),
        encode_crop(encoder, mirror_photo(crop), rules),
    )
