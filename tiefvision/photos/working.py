"""Photographs as every stage and search uses them: decoded once, at a bounded size."""

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
"""Pixels of the longer side at most; larger photographs are shrunk to it. A garment a
ninth as long still fills the 224 pixels of an encoded crop."""

DECODERS = 4
"""Threads that decode ahead: enough to keep a GPU busy. An encoder on the CPU is slower
than they are, so they mostly wait; a decoded photograph takes at most 13 MB."""


@dataclass(frozen=True)
class WorkingPhoto:
    """A decoded photograph, and the size of the original that boxes refer to.

    Attributes:
        pixels: (H, W, 3) uint8 RGB after EXIF rotation, the longer side at most
            ``WORKING_SIDE``.
        width: Width of the original in pixels, after EXIF rotation.
        height: Height of the original in pixels, after EXIF rotation.
    """

    pixels: NDArray[np.uint8]
    width: int
    height: int

    def box_in_pixels(self, box_in_image: Box) -> Box:
        """Converts a box from pixels of the original to the frame of ``pixels``."""
        rows, columns = self.pixels.shape[:2]
        return as_box(
            scale_boxes(box_in_image, columns / self.width, rows / self.height)
        )


def open_photo(path: PhotoFile) -> WorkingPhoto:
    """Decodes a photograph, shrunk to ``WORKING_SIDE`` where it is larger.

    Raises:
        UnreadablePhoto: The file is missing, damaged or no photograph; see
            `tiefvision.photos.reading.read_photo`.
    """
    width, height = photo_size(path)
    return WorkingPhoto(read_photo(path, max_side=WORKING_SIDE), width, height)


def open_photos(paths: Iterable[Path]) -> Iterator[WorkingPhoto | UnreadablePhoto]:
    """Decodes photographs in background threads, ahead of the loop that uses them.

    Returns:
        An iterator over the paths in order: the decoded photograph, or the error that
        says why it cannot be read.
    """
    return read_ahead(_open_or_error, paths, DECODERS)


def _open_or_error(path: Path) -> WorkingPhoto | UnreadablePhoto:
    try:
        return open_photo(path)
    except UnreadablePhoto as error:
        return error
