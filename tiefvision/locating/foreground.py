"""The foreground of a photograph on a plain ground, as shops take them.

Where the edge of a photograph has one colour nearly all around, all that differs from
it is the figure or the product, and its box is known from the pixels. No network is
as exact, and one that learnt on streets is far from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from tiefvision.boxes import area, as_box, iou
from tiefvision.groups import OUTFIT
from tiefvision.photos.resizing import resize_photo
from tiefvision.photos.working import WorkingPhoto
from tiefvision.records import Box, Garment

APART = 0.3
"""Largest IoU of two outfits that are those of two people."""

RIVAL = 0.5
"""Least score of a second outfit that speaks for a second person, as a share of the
highest score."""


@dataclass(frozen=True)
class GroundRules:
    """What counts as a plain ground, and what differs from it.

    Attributes:
        long_side: longer side in pixels of the photograph in which the ground is looked
            for.
        edge: width of the edge that is looked at, as a share of the shorter side.
        plain: least share of the edge's pixels that have the colour of the ground, in
            [0, 1]. A figure that is cut off below and above takes up to a quarter.
        difference: least difference of a pixel to the ground, in levels of the channel
            that differs most. JPEG changes a plain ground by 4 levels, a white shirt
            before white differs by 10 in its folds.
        speck: least width and height in pixels of what counts, an odd number; anything
            thinner is dust or a hair.
        fills: share of the photograph from which on a foreground is everything, so that
            nothing is gained by its box.
    """

    long_side: int = 320
    edge: float = 0.02
    plain: float = 0.6
    difference: int = 10
    speck: int = 3
    fills: float = 0.98


def find_foreground(
    pixels: NDArray[np.uint8], rules: GroundRules | None = None
) -> Box | None:
    """The box of what stands before a plain ground.

    Args:
        pixels: photograph, (H, W, 3) uint8 RGB.
        rules: what is plain, and what differs; the defaults if None.

    Returns:
        Box in pixels of ``pixels``. None if the ground is not plain, or nothing stands
        before it in the middle, or the foreground fills the photograph.
    """
    rules = rules or GroundRules()
    height, width = pixels.shape[:2]
    scale = min(1.0, rules.long_side / max(height, width))
    small = resize_photo(
        pixels, max(1, round(width * scale)), max(1, round(height * scale))
    )
    ground = _plain_ground(small, rules)
    if ground is None:
        return None
    found = _without_specks(_difference(small, ground) >= rules.difference, rules)
    if found is None:
        return None
    box, size = np.array(found, dtype=float), np.array(small.shape[1::-1])
    sides = box[2:] - box[:2]
    # Cloth that fills the photograph can be as plain as a wall; then what differs from
    # it, such as a hem, lies at the edge.
    central = (box[:2] <= size / 2).all() and (size / 2 <= box[2:]).all()
    if not central or sides.prod() >= rules.fills * size.prod():
        return None
    x0, y0, x1, y1 = box * np.tile([width / small.shape[1], height / small.shape[0]], 2)
    return float(x0), float(y0), float(x1), float(y1)


def _plain_ground(
    pixels: NDArray[np.uint8], rules: GroundRules
) -> NDArray[np.int16] | None:
    """The colour of a plain ground, (3,); None if the edge has no single colour."""
    edge = max(1, round(rules.edge * min(pixels.shape[:2])))
    ring = np.concatenate(
        [
            part.reshape(-1, 3)
            for part in (
                pixels[:edge],
                pixels[-edge:],
                pixels[:, :edge],
                pixels[:, -edge:],
            )
        ]
    )
    ground = np.median(ring, axis=0).astype(np.int16)
    alike = _difference(ring, ground) < rules.difference
    return ground if alike.mean() >= rules.plain else None


def _difference(
    pixels: NDArray[np.uint8], ground: NDArray[np.int16]
) -> NDArray[np.int16]:
    """Largest difference of a channel to a colour, (..., 3) to (...)."""
    apart: NDArray[np.int16] = np.abs(pixels.astype(np.int16) - ground).max(axis=-1)
    return apart


def _without_specks(
    mask: NDArray[np.bool_], rules: GroundRules
) -> tuple[int, int, int, int] | None:
    """The box of a mask after a morphological opening; None if nothing is left."""
    image = Image.fromarray(mask.astype(np.uint8) * 255)
    shrunk = image.filter(ImageFilter.MinFilter(rules.speck))
    return shrunk.filter(ImageFilter.MaxFilter(rules.speck)).getbbox()


def foreground_of(photo: WorkingPhoto, rules: GroundRules | None = None) -> Box | None:
    """``find_foreground`` of a photograph, in pixels of the full photograph."""
    box = find_foreground(photo.pixels, rules)
    if box is None:
        return None
    height, width = photo.pixels.shape[:2]
    across, down = photo.width / width, photo.height / height
    x0, y0, x1, y1 = box
    return x0 * across, y0 * down, x1 * across, y1 * down


def keep_to_foreground(
    garments: Sequence[Garment], foreground: Box
) -> tuple[Garment, ...]:
    """Clip garments to the foreground, and give the outfit its box.

    Before a plain ground stands one person or product, unless a second outfit was found
    apart from the surest one; then no outfit gets the box of both.

    Args:
        garments: located garments, the highest score first.
        foreground: box of the foreground, in pixels of the photograph.

    Returns:
        The garments that lie in the foreground, in their order.
    """
    kept = [
        replace(one, box_in_image=box)
        for one in garments
        for box in [_clipped(one.box_in_image, foreground)]
        if area(box) > 0
    ]
    outfits = [one for one in kept if one.category == OUTFIT]
    if not outfits or any(_rivals(outfits[0], other) for other in outfits[1:]):
        return tuple(kept)
    return tuple(
        replace(one, box_in_image=foreground) if one is outfits[0] else one
        for one in kept
        if one.category != OUTFIT or one is outfits[0]
    )


def _clipped(box: Box, within: Box) -> Box:
    low, high = np.maximum(box[:2], within[:2]), np.minimum(box[2:], within[2:])
    return as_box(np.concatenate([low, np.maximum(low, high)]))


def _rivals(surest: Garment, other: Garment) -> bool:
    boxes = surest.box_in_image, other.box_in_image
    return other.score >= RIVAL * surest.score and float(iou(*boxes)) < APART
