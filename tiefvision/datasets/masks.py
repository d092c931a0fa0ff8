"""Reads the foreground of a photograph's mask."""

import logging
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from tiefvision.datasets.files import mask_file

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
        with Image.open(file) as mask:
            foreground = mask.convert("L").point(lambda label: 255 if label else 0)
    except (OSError, SyntaxError, UnidentifiedImageError) as error:
        logger.warning("The mask %s cannot be read (%s).", file, error)
        return None
    return foreground.resize(size, Image.Resampling.BILINEAR)
