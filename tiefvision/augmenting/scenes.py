"""Labelled photographs (scenes), and close-ups and pairs composed from them.

Street photographs show one person from head to foot. A locator trained on these alone
finds three narrow outfits in a shop photograph, which shows half a person, and one wide
outfit around a group.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from tiefvision.boxes import area, as_box, clip_to_image, scale_boxes, union_box
from tiefvision.records import Garment

UNLABELLED = 255
"""Label of pixels whose class is unknown."""

LEAST_VISIBLE = 0.35
"""Share of the area of its box that a garment must show to be kept in a close-up."""


@dataclass(frozen=True)
class Scene:
    """A photograph with a class for each pixel and a box for each garment.

    Attributes:
        image: The photograph, mode "RGB".
        labels: Class number of each pixel, mode "L" and the size of ``image``: 0 for
            the background, ``UNLABELLED`` where the class is unknown.
        garments: Garments to find, with boxes in pixels of ``image``.
    """

    image: Image.Image
    labels: Image.Image
    garments: tuple[Garment, ...] = ()


@dataclass(frozen=True)
class CompositionRules:
    """How often scenes become close-ups or pairs.

    Attributes:
        close: Share of the batches that are close-ups, in [0, 1].
        closest: Largest zoom of a close-up; drawn log-uniformly from 1 to this.
        pairs: Share of the batches in which every scene is put beside the next one, in
            [0, 1]; ``close`` and ``pairs`` together are at most 1.
    """

    close: float = 0.25
    closest: float = 2.6
    pairs: float = 0.1


def compose(
    scenes: Sequence[Scene], rules: CompositionRules, generator: np.random.Generator
) -> list[Scene]:
    """The scenes of a batch: all unchanged, all as close-ups, or each beside the next.

    Args:
        scenes: The batch.
        rules: Shares of close-ups and pairs.
        generator: Source of all random numbers.

    Returns:
        As many scenes, in the order of ``scenes``.
    """
    drawn = generator.random()
    if drawn < rules.close:
        largest = math.log(rules.closest)
        return [
            close_up(scene, math.exp(generator.uniform(0.0, largest)), generator)
            for scene in scenes
        ]
    if drawn < rules.close + rules.pairs:
        following = [*scenes[1:], scenes[0]]
        return [
            side_by_side(one, other)
            for one, other in zip(scenes, following, strict=True)
        ]
    return list(scenes)


def close_up(scene: Scene, zoom: float, generator: np.random.Generator) -> Scene:
    """A part of a scene around its garments, with the aspect of the whole.

    Boxes are clipped to the part, as an annotator would draw them; garments that show
    less than ``LEAST_VISIBLE`` of their box are left out.

    Args:
        scene: The whole scene; one without garments is returned unchanged.
        zoom: Side of the scene divided by that of the part, at least 1.
        generator: Source of the random height of the part.

    Returns:
        A scene that is ``1 / zoom`` as wide and high.
    """
    if not scene.garments:
        return scene
    size = scene.image.size
    width, height = (max(1, round(side / zoom)) for side in size)
    x0, y0, x1, y1 = union_box([one.box_in_image for one in scene.garments])
    # Across, the part is centred on the garments, as people are photographed; down, on
    # a random height of them.
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
    """Garments in the frame of a part (left, top, right, bottom) in pixels, clipped."""
    left, top, right, bottom = part
    kept = []
    for garment in garments:
        moved = np.asarray(garment.box_in_image) - np.array([left, top, left, top])
        box = clip_to_image(moved, right - left, bottom - top)
        if area(box) >= LEAST_VISIBLE * area(moved):
            kept.append(replace(garment, box_in_image=as_box(box)))
    return tuple(kept)


def side_by_side(one: Scene, other: Scene) -> Scene:
    """One scene of two: the second to the right of the first, resized to its height."""
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
    """Garments with boxes scaled, then moved.

    Args:
        garments: Garments with boxes in pixels of their photograph.
        scales: Factors of x and y.
        corner: New (x, y) in pixels of the photograph's upper left corner.
    """
    boxes = (
        scale_boxes(garment.box_in_image, *scales) + np.tile(corner, 2)
        for garment in garments
    )
    return tuple(
        replace(garment, box_in_image=as_box(box))
        for garment, box in zip(garments, boxes, strict=True)
    )
