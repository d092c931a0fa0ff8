"""Views of a photograph: what two people might have photographed of one garment."""

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
"""RGB beyond the edge: the ImageNet mean, which every encoder here sees as nothing."""


@dataclass(frozen=True)
class SourcePhoto:
    """A photograph to draw views of.

    Attributes:
        image: RGB.
        mask: Of one size with it, 255 where somebody or something stands before the
            ground; None if that is not known.
        label: Number of its class, -1 if that is not known.
    """

    image: Image.Image
    mask: Image.Image | None = None
    label: int = -1


@dataclass(frozen=True)
class ViewRules:
    """How far views differ.

    Attributes:
        side: Pixels of a view.
        least_area: Of the photograph, that a view shows.
        stretch: Natural logarithm of the largest change of aspect.
        jitter: By which the sides of two views of one region differ, in its sides.
        zoomed: Share of the pairs in which one view is a detail of the other.
        least_detail: Share of a region's sides that a detail has at least; at most it
            has ``most_detail``.
        most_detail: See ``least_detail``.
        cut_out: Share of views of masked photographs that get a new ground.
        rotated: Share that is rotated, by up to ``degrees``.
        degrees: See ``rotated``.
        padded: Share that may reach beyond the edge.
        blurred: Share that is out of focus.
        compressed: Share that has gone through a poor JPEG.
        perspective: Share of the sides by which each corner of a view moves inwards at
            most, on its own; 0 draws nothing.
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
    """A part of a photograph worth a look, in pixels of it.

    Around the mask, where there is one: from a garment to the whole figure.
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
    """A part of a region: what a shop shows of a collar or a print."""
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
    """One view of a region, (side, side, 3) uint8 RGB.

    Args:
        source: Where the region is.
        region: As ``draw_region`` gives it.
        grounds: Photographs of which parts serve as new grounds.
        rules: How far views differ.
        generator: Draws everything.
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
    x0, y0, x1, y1 = region
    wide, high = (x1 - x0) * jitter, (y1 - y0) * jitter
    moves = generator.uniform(-1.0, 1.0, 4) * (wide, high, wide, high)
    return x0 + moves[0], y0 + moves[1], x1 + moves[2], y1 + moves[3]


def _inside(box: Box, size: tuple[int, int]) -> Box:
    return max(box[0], 0), max(box[1], 0), min(box[2], size[0]), min(box[3], size[1])


def _take(
    image: Image.Image,
    box: Box,
    side: int,
    angle: float,
    corners: NDArray[np.float64] | None = None,
) -> Image.Image:
    """The box of an image as a square, turned about its centre; or what lies between
    four corners in that square, in shares of its side."""
    x0, y0, x1, y1 = box
    inside = box == _inside(box, image.size)
    if inside and angle == 0.0 and corners is None:
        # Shrinks by whole factors first, as decoding does: fast, and hardly told apart.
        return image.resize((side, side), BILINEAR, box=box, reducing_gap=2.0)
    cosine, sine = math.cos(angle), math.sin(angle)
    # Sampling alone would skip pixels where much is shrunk.
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
    # The last element is 1, as Pillow takes it for granted: no step before changes it.
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
    """A studio's white, a wall of one colour, or a part of another photograph."""
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
    file = io.BytesIO()
    view.save(file, "JPEG", quality=quality)
    return Image.open(file)
