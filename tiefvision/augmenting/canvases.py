"""Batches of scenes on canvases, at the sizes at which a locator sees photographs."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from tiefvision.ahead import read_ahead
from tiefvision.augmenting.cells import SAMPLE_SIDE
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

CANVAS_UNIT = 16
"""Pixels of which both sides of a canvas are multiples: a multiple of every encoder's
stride and of ``SAMPLE_SIDE``."""


@dataclass(frozen=True)
class SceneRules:
    """Sizes and places of scenes on their canvases.

    Attributes:
        shortest: Smallest long side of a scene in pixels, drawn for a whole batch; a
            little below the smallest level of the locator's pyramid, so that training
            covers both sides of it.
        longest: Largest long side of a scene in pixels; sides are log-uniform between
            the two.
        border: Pixels around the scene, as many as the locator adds.
        zoom: Natural logarithm of the largest factor on the size of single scenes.
        stretch: Natural logarithm of the largest factor on the width of single scenes,
            by whose inverse the height is multiplied.
        shift_x: Largest shift from the middle, in widths of the canvas.
        shift_y: Largest shift from the middle, in heights of the canvas.
        compositions: Shares of close-ups and pairs.
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
        labels: (B, height / 4, width / 4) uint8 class numbers, one for each sample of
            4 x 4 pixels.
        garments: Garments of each scene, with boxes in pixels of the canvas.
        seed: Seed for whatever else is random in this batch.
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
    """Batches of an epoch: every scene once, in random order.

    The next batch is drawn in a second thread while the last one is used.

    Args:
        scenes: The training set.
        scenes_in_batch: Scenes in a batch, or a few more: batches differ by at most one
            scene, so that no small remainder is left.
        rules: Sizes and places.
        generator: Source of all random numbers.

    Returns:
        An iterator over ``batches_of_epoch`` batches.
    """
    order = generator.permutation(len(scenes))
    parts = np.array_split(order, batches_of_epoch(len(scenes), scenes_in_batch))
    seeds = generator.integers(0, 2**62, len(parts))

    def draw(part: tuple[NDArray[np.int64], int]) -> SceneBatch:
        rows, seed = part
        return _draw_batch([scenes[row] for row in rows], rules, int(seed))

    return read_ahead(draw, list(zip(parts, seeds, strict=True)), workers=1)


def batches_of_epoch(scenes: int, scenes_in_batch: int) -> int:
    """Number of batches in which every scene comes once, at least 1."""
    return max(1, scenes // scenes_in_batch)


def _draw_batch(scenes: Sequence[Scene], rules: SceneRules, seed: int) -> SceneBatch:
    generator = np.random.default_rng(seed)
    scenes = compose(scenes, rules.compositions, generator)
    sizes = math.log(rules.shortest), math.log(rules.longest)
    long_side = math.exp(generator.uniform(*sizes))
    # One canvas for all: scenes of another aspect are cut or padded.
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
    """Places a scene near the middle of a canvas, mirrored in half of the cases.

    Args:
        scene: The scene.
        canvas: Width and height of the canvas in pixels, multiples of 4.
        long_side: Pixels of the scene's longer side before zoom and stretch.
        rules: Largest zoom, stretch and shifts.
        generator: Source of all random numbers.

    Returns:
        (height, width, 3) uint8 RGB pixels, (height / 4, width / 4) uint8 class
        numbers, and the garments with boxes in pixels of the canvas. A box may reach
        beyond the canvas, where the scene does.
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
    # Pillow takes the inverse: from pixels of the canvas to pixels of the photograph.
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
    """The garment in the mirror image of a canvas of this width."""
    box = mirror_boxes(garment.box_in_image, width)
    return replace(garment, box_in_image=as_box(box))


def _canvas(aspect: float, long_side: float, border: int) -> tuple[int, int]:
    """(width, height) of a canvas for photographs of this aspect, with a border.

    Both are at least ``CROP_SIDE``, so that a window of the locator fits in.
    """
    wide, high = min(aspect, 1.0) * long_side, min(1 / aspect, 1.0) * long_side
    width, height = (
        max(CROP_SIDE, round((side + 2 * border) / CANVAS_UNIT) * CANVAS_UNIT)
        for side in (wide, high)
    )
    return width, height


def _transform(
    image: Image.Image, canvas: tuple[int, int], matrix: tuple[float, ...]
) -> Image.Image:
    """The photograph on its canvas; ``matrix`` maps canvas to photograph (affine)."""
    # Shrink first: bilinear sampling alone would skip pixels.
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
    """The label in the middle of each sample of 4 x 4 pixels of the canvas."""
    across, _, left, _, down, top = matrix
    step = SAMPLE_SIDE
    size = canvas[0] // step, canvas[1] // step
    # Pillow samples at the middle of each pixel of its output, here of each sample.
    sampled = (across * step, 0.0, left, 0.0, down * step, top)
    return labels.transform(
        size, Image.Transform.AFFINE, sampled, Image.Resampling.NEAREST, fillcolor=0
    )
