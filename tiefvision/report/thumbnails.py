"""Photographs small enough to lie inside a page."""

import base64
import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tiefvision.errors import UnreadablePhoto
from tiefvision.photos.reading import PhotoFile
from tiefvision.photos.resizing import crop_photo, mirror_photo, resize_photo
from tiefvision.photos.working import WorkingPhoto, open_photo
from tiefvision.records import Box

MAX_ASPECT = 2.0
"""Largest width over height: a panorama is shown lower instead of breaking its row."""

JPEG_QUALITY = 80
"""Quality of the JPEG: about 5 kB for 160 pixels of height, 20 kB for 400; artefacts do
not show at such sizes, and labels stay clean."""

PLACEHOLDER_ASPECT = 0.75
PLACEHOLDER_GREY = 158
"""Grey of a photograph that cannot be read, visible on a light and on a dark ground."""


@dataclass(frozen=True)
class Thumbnail:
    """A small picture of a photograph, or of a part of it.

    Attributes:
        source: data URI of a JPEG.
        size: width and height in pixels of what it shows, as large as in the file.
        is_photo: whether it is the photograph, not a placeholder.
    """

    source: str
    size: tuple[int, int]
    is_photo: bool


def thumbnail(
    path: PhotoFile,
    height: int = 160,
    box_in_image: Box | None = None,
    mirrored: bool = False,
) -> Thumbnail:
    """A photograph, or a part of it, as a small picture.

    Args:
        path: file of the photograph, or its content; one that cannot be read gives a
            grey placeholder.
        height: height of the thumbnail in pixels; a small or very wide photograph gets
            less.
        box_in_image: part to show, in pixels of the photograph as it is in the file
            after EXIF rotation; None for all of it.
        mirrored: whether the mirror image is shown.
    """
    try:
        photo = open_photo(path)
    except UnreadablePhoto:
        picture = _placeholder(height)
        return Thumbnail(data_uri(picture), picture.size, is_photo=False)
    return thumbnail_of(photo, height, box_in_image, mirrored)


def thumbnail_of(
    photo: WorkingPhoto,
    height: int,
    box_in_image: Box | None = None,
    mirrored: bool = False,
) -> Thumbnail:
    """A photograph that is decoded already, or a part of it, as a small picture."""
    shown, size = _part(photo, box_in_image)
    small = _shrink(shown, height)
    source = data_uri(Image.fromarray(mirror_photo(small) if mirrored else small))
    return Thumbnail(source, size, is_photo=True)


def data_uri(picture: Image.Image) -> str:
    """A small picture as the data URI of a JPEG."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=JPEG_QUALITY, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _part(
    photo: WorkingPhoto, box_in_image: Box | None
) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """What is shown of a photograph, and its size in pixels of the file."""
    if box_in_image is None:
        return photo.pixels, (photo.width, photo.height)
    cut = crop_photo(photo.pixels, photo.box_in_pixels(box_in_image))
    scale = photo.width / photo.pixels.shape[1]
    return cut, (round(cut.shape[1] * scale), round(cut.shape[0] * scale))


def _shrink(pixels: NDArray[np.uint8], height: int) -> NDArray[np.uint8]:
    rows, columns = pixels.shape[:2]
    scale = min(1.0, height / rows, height * MAX_ASPECT / columns)
    width, height = max(1, round(columns * scale)), max(1, round(rows * scale))
    return resize_photo(pixels, width, height)


def _placeholder(height: int) -> Image.Image:
    """Grey with a cross."""
    width = max(1, round(height * PLACEHOLDER_ASPECT))
    picture = Image.new("RGB", (width, height), (PLACEHOLDER_GREY,) * 3)
    draw = ImageDraw.Draw(picture)
    light = (PLACEHOLDER_GREY + 24,) * 3
    draw.line((0, 0, width, height), fill=light, width=2)
    draw.line((0, height, width, 0), fill=light, width=2)
    return picture
