"""A photograph as every stage and search works on it: decoded once, not too large."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tiefvision.ahead import read_ahead
from tiefvision.boxes import as_box, scale_boxes
from tiefvision.errors import UnreadablePhoto
from tiefvision.photos.reading import PhotoFile, photo_size, read_photo
from tiefvision.records import Box

WORKING_SIDE = 2048
"""Longest side in pixels that is kept: a garment that covers a ninth of it in each
direction still fills the 224 px of an encoded crop."""

DECODERS = 4
"""Threads that decode ahead: enough for a GPU. Beside a CPU they mostly wait, with at
most 13 MB in each photograph that lies ready."""


@dataclass(frozen=True)
class WorkingPhoto:
    """Pixels, and the size of the photograph that boxes refer to.

    Attributes:
        pixels: (H, W, 3) uint8 RGB after EXIF rotation, the longer side at most
            ``WORKING_SIDE``.
        width: Of the photograph itself after EXIF rotation.
        height: Of the photograph itself after EXIF rotation.
    """

    pixels: NDArray[np.uint8]
    width: int
    height: int

    def box_in_pixels(self, box_in_image: Box) -> Box:
        """A box of the photograph, in the frame of ``pixels``."""
        rows, columns = self.pixels.shape[:2]
        return as_box(
            scale_boxes(box_in_image, columns / self.width, rows / self.height)
        )


def open_photo(path: PhotoFile) -> WorkingPhoto:
    """Decode a photograph. Raises UnreadablePhoto."""
    width, height = photo_size(path)
    return WorkingPhoto(read_photo(path, max_side=WORKING_SIDE), width, height)


def open_photos(paths: Iterable[Path]) -> Iterator[WorkingPhoto | UnreadablePhoto]:
    """Decode photographs ahead of whoever works on them.

    Returns:
        For each path, in order, the photograph or why it cannot be read.
    """
    return read_ahead(_open_or_tell, paths, DECODERS)


def _open_or_tell(path: Path) -> WorkingPhoto | UnreadablePhoto:
    try:
        return open_photo(path)
    except UnreadablePhoto as error:
        return error
