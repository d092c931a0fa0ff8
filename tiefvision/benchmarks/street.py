"""Synthetic street photographs for benchmarks, JPEG files of realistic size."""

from pathlib import Path

import numpy as np

from tiefvision.datasets.synth.items import draw_item
from tiefvision.datasets.synth.photography import as_jpeg
from tiefvision.datasets.synth.scenes import street_scene
from tiefvision.photos.resizing import resize_photo

WIDTH, HEIGHT = 550, 825
"""Size of a photograph in pixels, the most common one in Clothing Co-Parsing."""

QUALITY = 80
"""JPEG quality at which files are as large as those of Clothing Co-Parsing, 58 kB."""


def write_street_photos(folder: Path, photos: int) -> list[Path]:
    """Draw street scenes and write them into a folder; the same ones every time.

    Args:
        folder: existing folder.
        photos: number of photographs.

    Returns:
        Paths of the files.
    """
    files = []
    for number in range(photos):
        scene = street_scene(draw_item(0, number), np.random.default_rng(number))
        photo = resize_photo(scene.photo, WIDTH, HEIGHT)
        file = folder / f"{number}.jpg"
        file.write_bytes(as_jpeg(photo, QUALITY))
        files.append(file)
    return files
