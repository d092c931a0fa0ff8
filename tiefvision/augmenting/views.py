"""Random views of a photograph, as two people might photograph the same garment."""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from tiefvision.augmenting.perspective import draw_corners, solve_perspective
from tiefvision.records import Box

BILINEAR = Image.Resampling.BILINEAR

PADDING = (124, 116, 104)
"""RGB beyond the edge of a photograph: the ImageNet mean, which the encoders normalise
to about 0."""


@dataclass(frozen=True)
class SourcePhoto:
    """A photograph to draw views of.

    Attributes:
        image: The photograph, mode "RGB".
        mask: Foreground mask, mode "L" and the size of ``image``: 255 for people and
            things, 0 for the background; None if unknown.
        label: Class number, -1 if unknown.
    """

    image: Image.Image
    mask: Image.Image | None = None
    label: int = -1


@dataclass(frozen=True)
class ViewRules:
    """Ranges and shares of the random changes of views; shares are in [0, 1].

    Attributes:
        side: Width and height of a view in pixels.
        least_area: Smallest share of the area of an unmasked photograph that a region
            covers.
        stretch: Natural logarithm of the largest factor on a region's width, by whose
            inverse the height is multiplied.
        jitter: Largest move of each edge of a region, in its width or height.
        zoomed: Share of the pairs of views in which one is a detail of the other.
        least_detail: Smallest side of a detail, in sides of its region.
        most_detail: Largest side of a detail, in sides of its region.
        cut_out: Share of the views of masked photographs that get a new background.
        rotated: Share of the views that are rotated.
        degrees: Largest angle of a rotation, in either direction.
        padded: Share of the views that may reach beyond the edge of the photograph.
        blurred: Share of the views that are blurred.
        compressed: Share of the views that are compressed as a poor JPEG.
        perspective: Largest move inwards of each corner of a view, in sides of the
            view; with 0 no perspective is drawn.
    """

    side: int = 128
    least_area: float = 0.2
    stretch: float = 0.35
    jitter: float = 0.12
    zoomed: float = 0.3
    least_detail: float = 0.35
    most_detail: float = 0.7
    cut_out: float = 0.35
    rotated: float = 0.25
    degrees: float = 15.0
    padded: float = 0.12
    blurred: float = 0.08
    compressed: float = 0.15
    perspective: float = 0.0


def draw_region(
    source: SourcePhoto, rules: ViewRules, generator: np.random.Generator
) -> Box:
    """A random region of a photograph, in pixels of it and inside it.

    The region of a masked photograph is centred within the bounding box of the mask,
    and is of any size from one garment to the whole figure.
    """
    width, height = source.image.size
    aspect = math.exp(generator.uniform(-rules.stretch, rules.stretch))
    if source.mask is None:
        share = math.sqrt(generator.uniform(rules.least_area, 1.0))
        wide, high = width * share * aspect, height * share / aspect
        centre_range = (0, 0, width, height)
    else:
        share = generator.uniform(math.sqrt(rules.least_area) * 0.65, 1.1)
        wide, high = width * share * aspect, width * share / aspect * 1.25
        centre_range = source.mask.getbbox() or (0, 0, width, height)
    wide, high = min(wide, width), min(high, height)
    x = generator.uniform(centre_range[0], centre_range[2]) - wide / 2
    y = generator.uniform(centre_range[1], centre_range[3]) - high / 2
    x, y = min(max(x, 0.0), width - wide), min(max(y, 0.0), height - high)
    return x, y, x + wide, y + high


def draw_detail(region: Box, rules: ViewRules, generator: np.random.Generator) -> Box:
    """A random part of a region, as a shop shows a collar or a print.

    Args:
        region: The region, in pixels of its photograph.
        rules: Smallest and largest side of the part.
        generator: Source of all random numbers.

    Returns:
        The part, in pixels of the photograph.
    """
    x0, y0, x1, y1 = region
    share = generator.uniform(rules.least_detail, rules.most_detail)
    wide, high = (x1 - x0) * share, (y1 - y0) * share
    x = generator.uniform(x0, x1 - wide)
    y = generator.uniform(y0, y1 - high)
    return x, y, x + wide, y + high


def draw_view(
    source: SourcePhoto,
    region: Box,
    grounds: Sequence[SourcePhoto],
    rules: ViewRules,
    generator: np.random.Generator,
) -> NDArray[np.uint8]:
    """One random view of a region.

    Args:
        source: The photograph that holds the region.
        region: The region, in pixels of ``source.image``.
        grounds: Photographs, parts of which serve as new backgrounds.
        rules: Ranges and shares of the random changes.
        generator: Source of all random numbers.

    Returns:
        (side, side, 3) uint8 RGB.
    """
    chance = generator.random(5)
    box = _jittered(region, rules.jitter, generator)
    if chance[0] >= rules.padded:
        box = _inside(box, source.image.size)
    degrees = generator.uniform(-rules.degrees, rules.degrees)
    angle = math.radians(degrees) if chance[1] < rules.rotated else 0.0
    corners = draw_corners(rules.perspective, generator) if rules.perspective else None
    view = _take(source.image, box, rules.side, angle, corners)
    if source.mask is not None and chance[2] < rules.cut_out:
        mask = _take(source.mask, box, rules.side, angle, corners)
        view = Image.composite(view, _draw_ground(grounds, rules.side, generator), mask)
    if chance[3] < rules.blurred:
        view = view.filter(ImageFilter.GaussianBlur(generator.uniform(0.5, 1.6)))
    if chance[4] < rules.compressed:
        view = _compress(view, int(generator.integers(30, 86)))
    pixels = np.array(view, dtype=np.uint8)
    return pixels[:, ::-1] if generator.random() < 0.5 else pixels


def _jittered(region: Box, jitter: float, generator: np.random.Generator) -> Box:
    """The region with each edge moved by up to ``jitter`` of its width or height."""
    x0, y0, x1, y1 = region
    wide, high = (x1 - x0) * jitter, (y1 - y0) * jitter
    moves = generator.uniform(-1.0, 1.0, 4) * (wide, high, wide, high)
    return x0 + moves[0], y0 + moves[1], x1 + moves[2], y1 + moves[3]


def _inside(box: Box, size: tuple[int, int]) -> Box:
    """The box clipped to an image of this width and height."""
    return max(box[0], 0), max(box[1], 0), min(box[2], size[0]), min(box[3], size[1])


def _take(
    image: Image.Image,
    box: Box,
    side: int,
    angle: float,
    corners: NDArray[np.float64] | None = None,
) -> Image.Image:
    """A box of an image resampled to a square, rotated about its centre.

    Args:
        image: Mode "RGB", padded with ``PADDING``; or "L", padded with 0.
        box: The box in pixels of ``image``; it may reach beyond the edge.
        side: Width and height of the result in pixels.
        angle: Rotation in radians.
        corners: (4, 2) as (x, y) in sides of the square, in the order of
            `tiefvision.augmenting.perspective.SQUARE`: the quadrilateral of the square
            that fills the result. None for the whole square.
    """
    x0, y0, x1, y1 = box
    inside = box == _inside(box, image.size)
    if inside and angle == 0.0 and corners is None:
        # Fast: shrinks by whole factors before it resamples, with hardly a difference.
        return image.resize((side, side), BILINEAR, box=box, reducing_gap=2.0)
    cosine, sine = math.cos(angle), math.sin(angle)
    # Shrink first: bilinear sampling alone would skip pixels.
    shrunk = max(1, int(max(x1 - x0, y1 - y0) / side))
    if shrunk > 1:
        image = image.reduce(shrunk)
        x0, y0, x1, y1 = (value / shrunk for value in box)
    across, down = (x1 - x0) / side, (y1 - y0) / side
    middle_x, middle_y, half = (x0 + x1) / 2, (y0 + y1) / 2, side / 2
    matrix = (
        cosine * across,
        -sine * down,
        middle_x - half * (cosine * across - sine * down),
        sine * across,
        cosine * down,
        middle_y - half * (sine * across + cosine * down),
    )
    fill = PADDING if image.mode == "RGB" else 0
    if corners is None:
        return image.transform(
            (side, side), Image.Transform.AFFINE, matrix, BILINEAR, fillcolor=fill
        )
    turned = np.array([*matrix, 0.0, 0.0, 1.0]).reshape(3, 3)
    to_shares = np.diag([1 / side, 1 / side, 1.0])
    whole = turned @ np.diag([side, side, 1.0]) @ solve_perspective(corners) @ to_shares
    # Pillow takes the last element for 1, and so it is: no factor here changes it.
    return image.transform(
        (side, side),
        Image.Transform.PERSPECTIVE,
        tuple(whole.ravel()[:8]),
        BILINEAR,
        fillcolor=fill,
    )


def _draw_ground(
    grounds: Sequence[SourcePhoto], side: int, generator: np.random.Generator
) -> Image.Image:
    """A background: near-white, one random colour, or a part of another photograph."""
    kind = generator.random()
    if kind < 0.35:
        shade = int(generator.integers(225, 256))
        return Image.new("RGB", (side, side), (shade, shade, shade))
    if kind < 0.6:
        red, green, blue = (int(value) for value in generator.integers(0, 256, 3))
        return Image.new("RGB", (side, side), (red, green, blue))
    image = grounds[int(generator.integers(len(grounds)))].image
    length = generator.uniform(0.3, 0.9) * min(image.size)
    x = generator.uniform(0.0, image.width - length)
    y = generator.uniform(0.0, image.height - length)
    return _take(image, (x, y, x + length, y + length), side, 0.0)


def _compress(view: Image.Image, quality: int) -> Image.Image:
    """The view after JPEG compression, with the artifacts of this quality."""
    file = io.BytesIO()
    view.save(file, "JPEG", quality=quality)
    return Image.open(file)
