"""Garments drawn into a photograph: boxes and labels that can be read on any ground."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from tiefvision.boxes import area, as_box, clip_to_image, intersection
from tiefvision.errors import BadUsage
from tiefvision.files import replace_file
from tiefvision.photos.working import WorkingPhoto
from tiefvision.records import Box, Garment
from tiefvision.report.colours import group_colour

INK = "#000000"

SIDE_A_LINE = 320
"""Pixels of the longer side for each pixel of line width: 2 at 800, 6 at 2048."""

MIN_LINE = 2
"""Least line width in pixels; JPEG halves the resolution of colour, so that a line of
one pixel would lose its colour."""

SIDE_A_LETTER = 45
"""Pixels of the longer side for each pixel of letter height: 18 at 800, 45 at 2048."""

MIN_LETTER = 11
"""Least letter height in pixels; smaller letters of Pillow's font run together."""

FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG"}
"""Formats of a drawing by its suffix."""

JPEG_QUALITY = 92
"""Quality of the JPEG; below 90 the ringing around letters shows."""


@dataclass(frozen=True)
class _Mark:
    """A label, a box in pixels of the picture, and the colour of both."""

    text: str
    box: Box
    colour: str


def draw_garments(
    photo: WorkingPhoto, garments: Sequence[Garment]
) -> NDArray[np.uint8]:
    """The photograph with a box and a label for each garment.

    Args:
        photo: the photograph, which is not changed.
        garments: garments with boxes in pixels of the photograph; a box without area in
            it is left out. The surest one lies on top, and its label is placed first.

    Returns:
        (H, W, 3) uint8 RGB, of the size of ``photo.pixels``.
    """
    picture = Image.fromarray(photo.pixels)
    marks = [
        _Mark(
            f"{' '.join(garment.name.split())} {garment.score:.2f}",
            box,
            group_colour(garment.category).on_dark,
        )
        for garment in sorted(garments, key=lambda garment: -garment.score)
        for box in [visible_part(photo.box_in_pixels(garment.box_in_image), picture)]
        if box is not None
    ]
    for mark in reversed(marks):
        picture = outline_box(picture, mark.box, mark.colour)
    return np.array(_write_labels(picture, marks), dtype=np.uint8)


def save_drawing(path: Path, photo: WorkingPhoto, garments: Sequence[Garment]) -> None:
    """Write the photograph with its garments drawn, as JPEG or PNG.

    Args:
        path: file to write; its suffix decides the format.
        photo: the photograph, which is not changed.
        garments: garments with boxes in pixels of the photograph.

    Raises:
        BadUsage: the suffix is none of ``FORMATS``.
        OSError: the file cannot be written; the error names it.
    """
    picture = Image.fromarray(draw_garments(photo, garments))
    drawn = io.BytesIO()
    try:
        picture.save(drawn, FORMATS[path.suffix.lower()], quality=JPEG_QUALITY)
    except KeyError as error:
        raise BadUsage(
            f"{path} is no name of a picture.", f"Use {' or '.join(FORMATS)}."
        ) from error
    replace_file(path, drawn.getvalue())


def visible_part(box: Box, picture: Image.Image) -> Box | None:
    """The part of a box inside a picture; None if there is none."""
    part = as_box(clip_to_image(box, *picture.size))
    return part if float(area(part)) > 0 else None


def outline_box(picture: Image.Image, box: Box, colour: str) -> Image.Image:
    """The picture with a coloured line, between two dark ones, just inside the box.

    Args:
        picture: the picture, which is not changed.
        box: box in pixels of the picture; nothing is drawn if no part of it is inside.
        colour: colour of the line, a light one.
    """
    part = visible_part(box, picture)
    if part is None:
        return picture
    outlined = picture.copy()
    draw = ImageDraw.Draw(outlined)
    width = max(MIN_LINE, round(max(picture.size) / SIDE_A_LINE))
    edge = max(1, width // 2)
    x0, y0, x1, y1 = (round(value) for value in part)
    x1, y1 = max(x0, x1 - 1), max(y0, y1 - 1)  # Pillow draws the last pixel, too
    dark = (x0 - edge, y0 - edge, x1 + edge, y1 + edge)
    draw.rectangle(dark, outline=INK, width=width + 2 * edge)
    draw.rectangle((x0, y0, x1, y1), outline=colour, width=width)
    return outlined


def _write_labels(picture: Image.Image, marks: Sequence[_Mark]) -> Image.Image:
    """The picture with a label at each mark, clear of the labels before it."""
    written = picture.copy()
    draw = ImageDraw.Draw(written)
    size = max(MIN_LETTER, round(max(picture.size) / SIDE_A_LETTER))
    font = ImageFont.load_default(size)
    pad = max(2, size // 4)
    taken: list[Box] = []
    for mark in marks:
        left, _, right, _ = draw.textbbox((0, 0), mark.text, font=font, anchor="lm")
        width, height = right - left + 2 * pad, float(size + 2 * pad)
        label = _find_place(width, height, mark.box, picture.size, taken)
        draw.rectangle(label, fill=mark.colour, outline=INK)
        middle = (label[0] + pad - left, label[1] + height / 2)
        draw.text(middle, mark.text, fill=INK, font=font, anchor="lm")
        taken.append(label)
    return written


def _find_place(
    width: float,
    height: float,
    box: Box,
    picture: tuple[int, int],
    taken: Sequence[Box],
) -> Box:
    """Above the box, else inside at its top, its bottom, below it, else anywhere."""
    columns, rows = picture
    left = max(0.0, min(box[0], columns - width))
    tops = (box[1] - height, box[1], box[3] - height, box[3])
    steps = (box[1] + height * number for number in range(1, int(rows / height)))
    for top in (*tops, *steps):
        place = (left, top, left + width, top + height)
        inside = top >= 0 and place[3] <= rows
        if inside and not any(float(intersection(place, other)) for other in taken):
            return place
    top = max(0.0, min(box[1], rows - height))
    return left, top, left + width, top + height
