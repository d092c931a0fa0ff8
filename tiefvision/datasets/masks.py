"""Reads the foreground of a photograph's mask."""

import logging
from pathlib import Path

import numpy as np
from PIL import Image

from tiefvision.datasets.files import mask_file
from tiefvision.errors import UnreadablePhoto
from tiefvision.photos.reading import read_mask

logger = logging.getLogger(__name__)


def read_foreground(root: Path, path: str, size: tuple[int, int]) -> Image.Image | None:
    """The foreground mask of a photograph; None if it has none that can be read.

    A damaged mask is named in a warning, and the photograph is used without it.

    Args:
        root: The dataset's folder.
        path: Path of the photograph, as in `tiefvision.records.Photo`.
        size: (width, height) in pixels to resize the mask to.

    Returns:
        Mode "L": 255 where the mask has a label, 0 on the background, and values
        between along resized edges.
    """
    file = mask_file(root, path)
    if not file.is_file():
        return None
    try:
        labels = read_mask(file)
    except UnreadablePhoto as error:
        logger.warning("A mask is left out. %s", error)
        return None
    foreground = np.where(labels > 0, np.uint8(255), np.uint8(0))
    return Image.fromarray(foreground).resize(size, Image.Resampling.BILINEAR)
