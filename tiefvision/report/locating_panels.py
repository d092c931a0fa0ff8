"""The evidence for what was found in a photograph: heat, and windows that voted."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor, ImageDraw

from tiefvision.boxes import Boxes, as_box, union_box
from tiefvision.locating.evidence import Evidence
from tiefvision.photos.resizing import resize_photo
from tiefvision.photos.working import WorkingPhoto
from tiefvision.records import Box, Garment
from tiefvision.report.colours import group_colour
from tiefvision.report.drawing import outline_box

PANEL_SIDE = 400
"""Pixels of a panel's longer side, whatever the size of the photograph: labels can be
read, and the panels of 40 photographs stay below 5 MB."""

HEAT_COLOURS = ("#440154", "#3b528b", "#21918c", "#5ec962", "#fde725")
"""Colours of the probabilities 0, 0.25, 0.5, 0.75 and 1: matplotlib's viridis, whose
order colour-blind readers see, too."""

HEAT_OPACITY = 0.6
"""Opacity of the heat map over the photograph in grey."""

DIM = 0.6
"""Factor on the photograph's pixels below the outlines of windows."""

GROUND = "#16181c"
"""Colour around the photograph, where windows reach beyond its edge."""

MOST_VOTERS = 60
"""Largest number of outlines drawn; more run together."""

OUTLINE_OPACITY = (0.1, 0.8)
"""Opacity of the outline of a window of weight 0, which can still be seen, and of
weight 1, through which other lines can still be seen."""

OUTLINE_COLOUR = "#ffffff"


def shrink_photo(photo: WorkingPhoto) -> WorkingPhoto:
    """The photograph with ``PANEL_SIDE`` pixels along its longer side."""
    rows, columns = photo.pixels.shape[:2]
    scale = PANEL_SIDE / max(rows, columns)
    width, height = max(1, round(columns * scale)), max(1, round(rows * scale))
    return WorkingPhoto(
        resize_photo(photo.pixels, width, height), photo.width, photo.height
    )


def draw_heat(small: WorkingPhoto, heat: NDArray[np.float32]) -> Image.Image:
    """The heat map, translucent over the photograph in grey.

    Args:
        small: the photograph as ``shrink_photo`` gives it.
        heat: (h, w) probabilities in [0, 1] that cover the photograph.
    """
    grey = Image.fromarray(small.pixels).convert("L").convert("RGB")
    # As float: Pillow interpolates between cells, and neither end is rounded away.
    spread = np.asarray(
        Image.fromarray(heat).resize(grey.size, Image.Resampling.BICUBIC)
    )
    levels = np.linspace(0.0, 1.0, len(HEAT_COLOURS))
    colours = np.array([ImageColor.getrgb(colour) for colour in HEAT_COLOURS])
    channels = [np.interp(spread, levels, colours[:, k]) for k in range(3)]
    shown = Image.fromarray(np.stack(channels, axis=-1).round().astype(np.uint8))
    return Image.blend(grey, shown, HEAT_OPACITY)


def draw_voters(
    small: WorkingPhoto, garments: tuple[Garment, ...], evidence: Evidence
) -> Image.Image:
    """The windows with most weight around the surest garment, as thin outlines.

    The photograph is dimmed, and smaller where windows reach beyond its edge.

    Args:
        small: the photograph as ``shrink_photo`` gives it.
        garments: garments found, the surest first, with boxes in pixels of the
            photograph.
        evidence: windows that voted for the surest garment, with their weights.
    """
    voters = evidence.voters_in_image[:MOST_VOTERS]
    size = small.pixels.shape[1], small.pixels.shape[0]
    view = _view_of(voters, small.width, small.height)
    scale = size[0] / (view[2] - view[0]), size[1] / (view[3] - view[1])

    def place(box_in_image: Box) -> Box:
        x0, y0, x1, y1 = np.subtract(box_in_image, (view[0], view[1]) * 2) * (scale * 2)
        return float(x0), float(y0), float(x1), float(y1)

    x0, y0, x1, y1 = place((0.0, 0.0, small.width, small.height))
    shown = resize_photo(small.pixels, max(1, round(x1 - x0)), max(1, round(y1 - y0)))
    picture = Image.new("RGB", size, GROUND)
    dimmed = Image.fromarray((shown * DIM).astype(np.uint8))
    picture.paste(dimmed, (round(x0), round(y0)))
    draw = ImageDraw.Draw(picture, "RGBA")
    for voter, weight in reversed(list(zip(voters, evidence.weights, strict=False))):
        opacity = float(np.interp(weight, (0.0, 1.0), OUTLINE_OPACITY))
        x0, y0, x1, y1 = place(as_box(voter))
        line = (*ImageColor.getrgb(OUTLINE_COLOUR), round(255 * opacity))
        # In a panel of a thread-like photograph a window may be less than a pixel.
        draw.rectangle((x0, y0, max(x0, x1 - 1), max(y0, y1 - 1)), outline=line)
    if garments:
        colour = group_colour(garments[0].category).on_dark
        picture = outline_box(picture, place(garments[0].box_in_image), colour)
    return picture


def _view_of(voters_in_image: Boxes, width: int, height: int) -> Box:
    """A box that holds the photograph and all windows, of the photograph's aspect."""
    whole = np.array([[0.0, 0.0, width, height]])
    around = union_box(np.concatenate([whole, voters_in_image.reshape(-1, 4)]))
    size = np.array([width, height], dtype=np.float64)
    middle, sides = (around[:2] + around[2:]) / 2, around[2:] - around[:2]
    half = size * (sides / size).max() / 2
    return as_box(np.concatenate([middle - half, middle + half]))
