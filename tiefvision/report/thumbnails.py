"""Photographs small enough to lie inside a page."""

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tiefvision.boxes import as_box, mirror_boxes, scale_boxes
from tiefvision.errors import UnreadablePhoto
from tiefvision.photos.reading import PhotoFile
from tiefvision.photos.resizing import mirror_photo, resize_photo
from tiefvision.photos.working import WorkingPhoto, open_photo
from tiefvision.records import Box
from tiefvision.report.drawing import outline_box

BOX_COLOUR = "#ffd60a"

MAX_ASPECT = 2.0
"""Largest width over height: a panorama is shown lower instead of breaking its row."""

JPEG_QUALITY = 80
"""Quality of the JPEG: about 5 kB for 160 pixels of height, 20 kB for 400; artefacts do
not show at such sizes, and labels stay clean."""

PLACEHOLDER_ASPECT = 0.75
PLACEHOLDER_GREY = 158
"""Grey of a photograph that cannot be read, visible on a light and on a dark ground."""


def thumbnail(
    path: PhotoFile,
    box_in_image: Box | None,
    height: int = 160,
    mirrored: bool = False,
) -> str:
    """A photograph as the data URI of a JPEG.

    Args:
        path: file of the photograph, or its content; one that cannot be read gives a
            grey placeholder.
        box_in_image: box to draw, in pixels of the photograph as it is in the file
            after EXIF rotation, not of its mirror image; None for none.
        height: height of the thumbnail in pixels; a small or very wide photograph gets
            less.
        mirrored: whether the mirror image is shown, with the box mirrored, too.
    """
    try:
        photo = open_photo(path)
    except UnreadablePhoto:
        return data_uri(_placeholder(height))
    small = _shrink(photo, height)
    columns, rows = small.shape[1], small.shape[0]
    picture = Image.fromarray(mirror_photo(small) if mirrored else small)
    if box_in_image is not None:
        box = scale_boxes(box_in_image, columns / photo.width, rows / photo.height)
        box = mirror_boxes(box, columns) if mirrored else box
        picture = outline_box(picture, as_box(box), BOX_COLOUR)
    return data_uri(picture)


def data_uri(picture: Image.Image) -> str:
    """A small picture as the data URI of a JPEG."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=JPEG_QUALITY, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _shrink(photo: WorkingPhoto, height: int) -> NDArray[np.uint8]:
    rows, columns = photo.pixels.shape[:2]
    scale = min(1.0, height / rows, height * MAX_ASPECT / columns)
    width, height = max(1, round(columns * scale)), max(1, round(rows * scale))
    return resize_photo(photo.pixels, width, height)


def _placeholder(height: int) -> Image.Image:
    """Grey with a cross."""
    width = max(1, round(height * PLACEHOLDER_ASPECT))
    picture = Image.new("RGB", (width, height), (PLACEHOLDER_GREY,) * 3)
    draw = ImageDraw.Draw(picture)
    light = (PLACEHOLDER_GREY + 24,) * 3
    draw.line((0, 0, width, height), fill=light, width=2)
    draw.line((0, height, width, 0), fill=light, width=2)
    return picture
