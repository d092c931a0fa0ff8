"""Resizes, crops and mirrors photographs: (height, width, 3) uint8 RGB in and out.

Each function returns a new, contiguous array that shares no memory with its argument.
"""

import math

import numpy as np
from PIL import Image

from tiefvision.photos.reading import Photograph
from tiefvision.records import Box


def resize_photo(photo: Photograph, width: int, height: int) -> Photograph:
    """The photograph at another size; bilinear, antialiased where it shrinks."""
    image = Image.fromarray(np.ascontiguousarray(photo))
    return np.array(image.resize((width, height), Image.Resampling.BILINEAR))


def crop_photo(photo: Photograph, box_in_image: Box) -> Photograph:
    """The pixels that a box touches: clipped to the photograph, at least one.

    Args:
        photo: The photograph.
        box_in_image: Box in pixels of ``photo``; it may reach beyond its edges.
    """
    height, width = photo.shape[:2]
    x0, x1 = _whole_pixels(box_in_image[0], box_in_image[2], width)
    y0, y1 = _whole_pixels(box_in_image[1], box_in_image[3], height)
    return photo[y0:y1, x0:x1].copy()


def mirror_photo(photo: Photograph) -> Photograph:
    """The photograph with left and right exchanged."""
    return photo[:, ::-1].copy()


def _whole_pixels(start: float, end: float, limit: int) -> tuple[int, int]:
    """First and last (exclusive) pixel that an interval touches, within the limit."""
    first = min(max(math.floor(start), 0), limit - 1)
    return first, max(min(math.ceil(end), limit), first + 1)
