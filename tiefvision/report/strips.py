"""One row of small pictures for a terminal: what searched, then what was found."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

from tiefvision.errors import UnreadablePhoto
from tiefvision.photos.reading import PhotoFile
from tiefvision.photos.resizing import crop_photo
from tiefvision.photos.working import open_photo
from tiefvision.records import Box
from tiefvision.report.colours import group_colour
from tiefvision.report.thumbnails import PLACEHOLDER_GREY

CELL = (96, 128)
"""Width and height in pixels of one picture: 12 x 8 cells of most terminals."""

GAP = 4
"""Pixels left free at the right of each picture."""

FRAME = 3
"""Pixels of the line around the picture that searched."""

LETTER = 14
"""Pixels of the height of letters."""

GROUND, INK = "#16181c", "#ffffff"


def draw_strip(
    query: PhotoFile,
    box_in_image: Box | None,
    category: str,
    hits: Sequence[tuple[str, Path]],
) -> Image.Image:
    """Pictures beside each other, each with its name in a corner.

    Args:
        query: file of the photograph that searched, or its content.
        box_in_image: the part that searched, in pixels of the photograph; None for all
            of it.
        category: category of the garment, which colours the frame of the first picture;
            "" if unknown.
        hits: rank, as text, and file of each photograph found.

    Returns:
        RGB, ``CELL`` times as many pictures wide.
    """
    pictures = [("", _shown(query, box_in_image))]
    pictures += [(rank, _shown(file, None)) for rank, file in hits]
    strip = Image.new("RGB", (CELL[0] * len(pictures), CELL[1]), GROUND)
    room = CELL[0] - GAP, CELL[1]
    for place, (name, picture) in enumerate(pictures):
        shown = ImageOps.pad(picture, room, color=GROUND)
        strip.paste(_named(shown, name), (place * CELL[0], 0))
    edge = (0, 0, room[0] - 1, room[1] - 1)
    colour = group_colour(category).on_dark
    ImageDraw.Draw(strip).rectangle(edge, outline=colour, width=FRAME)
    return strip


def _shown(photo: PhotoFile, box_in_image: Box | None) -> Image.Image:
    """A photograph or a part of it; grey if it cannot be read."""
    try:
        opened = open_photo(photo)
    except UnreadablePhoto:
        return Image.new("RGB", CELL, (PLACEHOLDER_GREY,) * 3)
    if box_in_image is None:
        return Image.fromarray(opened.pixels)
    cut = crop_photo(opened.pixels, opened.box_in_pixels(box_in_image))
    return Image.fromarray(cut)


def _named(picture: Image.Image, name: str) -> Image.Image:
    """The picture with a name at its upper left; as it is without one."""
    if not name:
        return picture
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(LETTER)
    left, top, right, bottom = draw.textbbox((GAP, GAP), name, font=font)
    draw.rectangle((left - GAP, top - GAP, right + GAP, bottom + GAP), fill=GROUND)
    draw.text((GAP, GAP), name, fill=INK, font=font)
    return picture
