"""Photographs from wherever a program has them: a file, bytes, an image, an array."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from tiefvision.errors import UnreadablePhoto
from tiefvision.photos.reading import check_size, flatten
from tiefvision.photos.working import WORKING_SIDE, WorkingPhoto, open_photo

PhotoSource = str | Path | bytes | Image.Image | NDArray[np.uint8]
"""A path, the content of a file, an image of Pillow's, or (H, W, 3) uint8 RGB."""


def open_source(source: PhotoSource) -> WorkingPhoto:
    """Decode a photograph, turned upright, in colour.

    Args:
        source: A path, or the content of a JPEG, PNG or WebP file; an image of
            Pillow's; or an array (H, W, 3) uint8 RGB, which is upright already.

    Raises:
        UnreadablePhoto: It is missing, damaged, too small, too large or of another
            kind.
    """
    if isinstance(source, str | Path):
        return open_photo(Path(source))
    if isinstance(source, bytes | bytearray | memoryview):
        return open_photo(bytes(source))
    if isinstance(source, Image.Image):
        return _from_image(source)
    if isinstance(source, np.ndarray):
        return _from_array(source)
    raise UnreadablePhoto(
        f"A photograph cannot be made of {type(source).__name__}.",
        "Give a path, bytes, an image of Pillow's or an array (H, W, 3) uint8",
    )


def _from_array(array: NDArray[Any]) -> WorkingPhoto:
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3:
        raise UnreadablePhoto(
            f"An array {array.shape} of {array.dtype} is no photograph.",
            "Give (H, W, 3) uint8 RGB",
        )
    if 0 in array.shape:
        raise UnreadablePhoto("An array without pixels is no photograph.")
    return _from_image(Image.fromarray(np.ascontiguousarray(array)))


def _from_image(image: Image.Image) -> WorkingPhoto:
    try:
        upright = flatten(ImageOps.exif_transpose(image))
        check_size(*upright.size)
    except (OSError, ValueError) as error:
        reason = str(error).rstrip(".")
        raise UnreadablePhoto(f"Cannot use the image: {reason}.") from error
    width, height = upright.size
    scale = min(1.0, WORKING_SIDE / max(upright.size))
    if scale < 1.0:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        upright = upright.resize(size, Image.Resampling.BILINEAR)
    return WorkingPhoto(np.array(upright, dtype=np.uint8), width, height)
