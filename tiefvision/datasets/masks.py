"""The mask of a photograph as the shape of what stands before the ground."""

from pathlib import Path

from PIL import Image

from tiefvision.datasets.files import mask_file


def read_shape(root: Path, path: str, size: tuple[int, int]) -> Image.Image | None:
    """255 where a mask does not tell the ground, 0 elsewhere; None without a mask.

    Args:
        root: Of the dataset.
        path: Of the photograph.
        size: Width and height to bring the shape to.
    """
    file = mask_file(root, path)
    if not file.is_file():
        return None
    with Image.open(file) as mask:
        shape = mask.convert("L").point(lambda label: 255 if label else 0)
        return shape.resize(size, Image.Resampling.BILINEAR)
