"""Photographs resized, cropped and mirrored: HWC uint8 RGB in and out.

Each function returns a new array that shares no memory with its argument.
"""

import math

import numpy as np
import torch
from torch.nn import functional

from tiefvision.photos.reading import Photograph
from tiefvision.records import Box


def resize_photo(photo: Photograph, width: int, height: int) -> Photograph:
    """The photograph at another size, bilinear, antialiased where it shrinks.

    Pillow's arithmetic in torch's vector instructions: at most one level apart, in a
    fifth of the time.
    """
    # torch warns of arrays that it could, but will not, write to.
    planes = torch.from_numpy(np.require(photo, requirements="W")).permute(2, 0, 1)
    resized = functional.interpolate(
        planes.unsqueeze(0), size=(height, width), mode="bilinear", antialias=True
    )
    return np.ascontiguousarray(resized.squeeze(0).permute(1, 2, 0).numpy())


def crop_photo(photo: Photograph, box_in_image: Box) -> Photograph:
    """The whole pixels that the box touches, at least one, none outside."""
    height, width = photo.shape[:2]
    x0, x1 = _whole_pixels(box_in_image[0], box_in_image[2], width)
    y0, y1 = _whole_pixels(box_in_image[1], box_in_image[3], height)
    return photo[y0:y1, x0:x1].copy()


def mirror_photo(photo: Photograph) -> Photograph:
    """The photograph with left and right exchanged, contiguous in memory."""
    return photo[:, ::-1].copy()


def _whole_pixels(start: float, end: float, limit: int) -> tuple[int, int]:
    first = min(max(math.floor(start), 0), limit - 1)
    return first, max(min(math.ceil(end), limit), first + 1)
