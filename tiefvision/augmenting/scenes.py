"""Photographs with boxes and labels of pixels, and scenes made out of them.

Street photographs show one person from head to foot. Shop photographs show half of one,
and groups show several; a locator that has never seen either finds three narrow outfits
in the first and one wide outfit around the second.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from tiefvision.boxes import area, as_box, clip_to_image, scale_boxes, union_box
from tiefvision.records import Garment

UNLABELLED = 255
"""Number of no class."""

LEAST_VISIBLE = 0.35
"""Share of a garment's box that a close-up must show for it to be looked for."""


@dataclass(frozen=True)
class Scene:
    """A photograph and what stands where.

    Attributes:
        image: RGB.
        labels: Mode "L", of one size with it: the number of a class for each pixel, 0
            for the ground, ``UNLABELLED`` where nobody said.
        garments: What must be found, boxes in pixels of ``image``.
    """

    image: Image.Image
    labels: Image.Image
    garments: tuple[Garment, ...] = ()


@dataclass(frozen=True)
class CompositionRules:
    """How often scenes are seen otherwise than they are.

    Attributes:
        close: Share of the batches that are close-ups.
        closest: Most that one is closer; evenly in the logarithm from 1.
        pairs: Share of the batches in which everyone has a neighbour.
    """

    close: float = 0.25
    closest: float = 2.6
    pairs: float = 0.1


def compose(
    scenes: Sequence[Scene], rules: CompositionRules, generator: np.random.Generator
) -> list[Scene]:
    """The scenes of a batch: as they are, closer, or each beside the next."""
    drawn = generator.random()
    if drawn < rules.close:
        nearest = math.log(rules.closest)
        return [
            close_up(scene, math.exp(generator.uniform(0.0, nearest)), generator)
            for scene in scenes
        ]
    if drawn < rules.close + rules.pairs:
        following = [*scenes[1:], scenes[0]]
        return [
            side_by_side(one, other)
            for one, other in zip(scenes, following, strict=True)
        ]
    return list(scenes)


def close_up(scene: Scene, times: float, generator: np.random.Generator) -> Scene:
    """A part of a scene, of its aspect, about a place on its garments.

    Boxes are cut at its edges, as those of a shop photograph are; garments of which
    little is left are not there.

    Args:
        scene: One without a garment comes back as it is.
        times: How much closer, at least 1.
        generator: Draws the place.
    """
    if not scene.garments:
        return scene
    size = scene.image.size
    width, height = (max(1, round(side / times)) for side in size)
    x0, y0, x1, y1 = union_box([one.box_in_image for one in scene.garments])
    # The middle of the garments across, for that is how people are photographed;
    # anywhere on them down.
    middle = (x0 + x1) / 2, generator.uniform(y0, y1)
    left, top = (
        int(np.clip(at - part / 2, 0, whole - part))
        for at, part, whole in zip(middle, (width, height), size, strict=True)
    )
    part = left, top, left + width, top + height
    garments = _cut(scene.garments, part)
    return Scene(scene.image.crop(part), scene.labels.crop(part), garments)


def _cut(
    garments: Sequence[Garment], part: tuple[int, int, int, int]
) -> tuple[Garment, ...]:
    left, top, right, bottom = part
    kept = []
    for garment in garments:
        moved = np.asarray(garment.box_in_image) - np.array([left, top, left, top])
        box = clip_to_image(moved, right - left, bottom - top)
        if area(box) >= LEAST_VISIBLE * area(moved):
            kept.append(replace(garment, box_in_image=as_box(box)))
    return tuple(kept)


def side_by_side(one: Scene, other: Scene) -> Scene:
    """Two scenes in one, the second at its right and made as high as the first."""
    width, height = one.image.size
    scale = height / other.image.height
    size = max(1, round(other.image.width * scale)), height
    scales = size[0] / other.image.width, scale
    image = Image.new("RGB", (width + size[0], height))
    image.paste(one.image)
    image.paste(other.image.resize(size, Image.Resampling.BILINEAR), (width, 0))
    labels = Image.new("L", image.size)
    labels.paste(one.labels)
    labels.paste(other.labels.resize(size, Image.Resampling.NEAREST), (width, 0))
    moved = move_garments(other.garments, scales, (width, 0))
    return Scene(image, labels, (*one.garments, *moved))


def move_garments(
    garments: Sequence[Garment],
    scales: tuple[float, float],
    corner: tuple[float, float],
) -> tuple[Garment, ...]:
    """Garments with boxes scaled, then moved by where the corner comes to lie."""
    boxes = (
        scale_boxes(garment.box_in_image, *scales) + np.tile(corner, 2)
        for garment in garments
    )
    return tuple(
        replace(garment, box_in_image=as_box(box))
        for garment, box in zip(garments, boxes, strict=True)
    )
