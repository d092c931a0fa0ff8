"""Reads the foreground of a photograph's mask."""

from pathlib import Path

from PIL import Image

from tiefvision.datasets.files import mask_file


def read_foreground(root: Path, path: str, size: tuple[int, int]) -> Image.Image | None:
    """The foreground mask of a photograph; None if it has no mask.

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
    with Image.open(file) as mask:
        foreground = mask.convert("L").point(lambda label: 255 if label else 0)
        return foreground.resize(size, Image.Resampling.BILINEAR)
