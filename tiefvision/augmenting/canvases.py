"""Scenes on canvases: at the sizes and places at which a locator sees photographs."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from tiefvision.ahead import read_ahead
from tiefvision.augmenting.cells import PIXELS_OF_A_SAMPLE
from tiefvision.augmenting.scenes import (
    CompositionRules,
    Scene,
    compose,
    move_garments,
)
from tiefvision.augmenting.views import PADDING
from tiefvision.boxes import as_box, mirror_boxes
from tiefvision.encoders.architectures import CROP_SIDE
from tiefvision.records import Garment

SIDES_ARE_MULTIPLES_OF = 16
"""Pixels: of every stride here, and of the samples that labels are counted by."""


@dataclass(frozen=True)
class SceneRules:
    """At which sizes and places scenes are seen.

    Attributes:
        shortest: Pixels of the longer side at least: a little below the smallest size
            at which the locator looks, so that there is something on either side of it.
        longest: At most, as ``shortest``.
        border: Pixels around it, as the locator adds them.
        zoom: Natural logarithm of the largest change of size within a batch.
        stretch: The same, of the aspect.
        shift_x: Largest shift in widths of the canvas.
        shift_y: In heights.
        compositions: How often they are seen closer, and with a neighbour.
    """

    shortest: int = 230
    longest: int = 560
    border: int = 48
    zoom: float = 0.12
    stretch: float = 0.1
    shift_x: float = 0.15
    shift_y: float = 0.12
    compositions: CompositionRules = field(default_factory=CompositionRules)


@dataclass(frozen=True)
class SceneBatch:
    """Scenes on canvases of one size.

    Attributes:
        pixels: (B, height, width, 3) uint8 RGB.
        labels: (B, height / 4, width / 4) uint8 numbers of classes.
        garments: Of each scene, boxes in pixels of the canvas.
        seed: Of whatever else is drawn for this batch.
    """

    pixels: Tensor
    labels: Tensor
    garments: tuple[tuple[Garment, ...], ...]
    seed: int


def draw_scenes(
    scenes: Sequence[Scene],
    scenes_in_batch: int,
    rules: SceneRules,
    generator: np.random.Generator,
) -> Iterator[SceneBatch]:
    """Every scene once; drawn in a second thread while the last batch is learnt from.

    Args:
        scenes: The photographs.
        scenes_in_batch: About so many of one size; the last batch is not smaller.
        rules: Sizes and places.
        generator: Draws everything.
    """
    order = generator.permutation(len(scenes))
    parts = np.array_split(order, batches_of_epoch(len(scenes), scenes_in_batch))
    seeds = generator.integers(0, 2**62, len(parts))

    def draw(part: tuple[NDArray[np.int64], int]) -> SceneBatch:
        rows, seed = part
        return _draw_batch([scenes[row] for row in rows], rules, int(seed))

    return read_ahead(draw, list(zip(parts, seeds, strict=True)), workers=1)


def batches_of_epoch(scenes: int, scenes_in_batch: int) -> int:
    """Batches in which every scene comes once."""
    return max(1, scenes // scenes_in_batch)


def _draw_batch(scenes: Sequence[Scene], rules: SceneRules, seed: int) -> SceneBatch:
    generator = np.random.default_rng(seed)
    scenes = compose(scenes, rules.compositions, generator)
    sizes = math.log(rules.shortest), math.log(rules.longest)
    long_side = math.exp(generator.uniform(*sizes))
    # The shape of most of the batch: others fit less well, and shift for it.
    aspect = float(np.median([s.image.width / s.image.height for s in scenes]))
    canvas = _canvas(aspect, long_side, rules.border)
    drawn = [place_scene(s, canvas, long_side, rules, generator) for s in scenes]
    return SceneBatch(
        torch.from_numpy(np.stack([pixels for pixels, _, _ in drawn])),
        torch.from_numpy(np.stack([labels for _, labels, _ in drawn])),
        tuple(garments for _, _, garments in drawn),
        seed,
    )


def place_scene(
    scene: Scene,
    canvas: tuple[int, int],
    long_side: float,
    rules: SceneRules,
    generator: np.random.Generator,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], tuple[Garment, ...]]:
    """A scene on a canvas, about its middle, perhaps mirrored.

    Args:
        scene: The photograph.
        canvas: Width and height in pixels, multiples of 4.
        long_side: Pixels of the photograph's longer side, before it is changed.
        rules: How much is changed.
        generator: Draws it.

    Returns:
        (height, width, 3) pixels and (height / 4, width / 4) labels, both uint8, and
        the garments with boxes in pixels of the canvas, which they may leave.
    """
    width, height = scene.image.size
    stretch = math.exp(generator.uniform(-rules.stretch, rules.stretch))
    scale = long_side / max(width, height)
    scale *= math.exp(generator.uniform(-rules.zoom, rules.zoom))
    scales = scale * stretch, scale / stretch
    moves = (
        generator.uniform(-rules.shift_x, rules.shift_x) * canvas[0],
        generator.uniform(-rules.shift_y, rules.shift_y) * canvas[1],
    )
    left = (canvas[0] - width * scales[0]) / 2 + moves[0]
    top = (canvas[1] - height * scales[1]) / 2 + moves[1]
    # Pillow asks for the way back: from a pixel of the canvas to one of the photograph.
    matrix = (
        1 / scales[0],
        0.0,
        -left / scales[0],
        0.0,
        1 / scales[1],
        -top / scales[1],
    )
    pixels = np.array(_transform(scene.image, canvas, matrix))
    labels = np.array(_sample_labels(scene.labels, canvas, matrix))
    mirrored = generator.random() < 0.5
    garments = move_garments(scene.garments, scales, (left, top))
    if mirrored:
        turned = tuple(_mirror(garment, canvas[0]) for garment in garments)
        return pixels[:, ::-1], labels[:, ::-1], turned
    return pixels, labels, garments


def _mirror(garment: Garment, width: int) -> Garment:
    box = mirror_boxes(garment.box_in_image, width)
    return replace(garment, box_in_image=as_box(box))


def _canvas(aspect: float, long_side: float, border: int) -> tuple[int, int]:
    """Width and height for a photograph of this aspect, with a border.

    Room for one window at least, however narrow the photograph.
    """
    wide, high = min(aspect, 1.0) * long_side, min(1 / aspect, 1.0) * long_side
    unit = SIDES_ARE_MULTIPLES_OF
    width, height = (
        max(CROP_SIDE, round((side + 2 * border) / unit) * unit)
        for side in (wide, high)
    )
    return width, height


def _transform(
    image: Image.Image, canvas: tuple[int, int], matrix: tuple[float, ...]
) -> Image.Image:
    # Sampling alone would skip pixels where much is shrunk.
    shrunk = max(1, int(min(matrix[0], matrix[4])))
    if shrunk > 1:
        image = image.reduce(shrunk)
        matrix = tuple(value / shrunk for value in matrix)
    return image.transform(
        canvas,
        Image.Transform.AFFINE,
        matrix,
        Image.Resampling.BILINEAR,
        fillcolor=PADDING,
    )


def _sample_labels(
    labels: Image.Image, canvas: tuple[int, int], matrix: tuple[float, ...]
) -> Image.Image:
    """The label in the middle of every sample of 4 x 4 pixels."""
    across, _, left, _, down, top = matrix
    step = PIXELS_OF_A_SAMPLE
    size = canvas[0] // step, canvas[1] // step
    # Pillow already asks for the middles of the samples.
    sampled = (across * step, 0.0, left, 0.0, down * step, top)
    return labels.transform(
        size, Image.Transform.AFFINE, sampled, Image.Resampling.NEAREST, fillcolor=0
    )
