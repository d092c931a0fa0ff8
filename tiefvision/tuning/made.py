"""Pictures made for stages 2 to 5 beside those of a dataset.

Without garments: painted ones, and strips of streets beside people. With garments:
close-ups of training photographs, and pairs side by side; a locator that has seen whole
figures alone finds half a figure badly.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tiefvision.augmenting.nothing import paint_nothing, strip_beside
from tiefvision.augmenting.scenes import Scene, close_up, side_by_side
from tiefvision.records import Garment, Photo, Split

MADE = "made/"
"""Beginning of the paths of these pictures, which are in no dataset."""

STRIPS_OF = 3
"""Every n-th photograph gives a strip, if people leave room beside them."""

CLOSE_OF, CLOSEST = 2, 2.6
"""Every n-th training photograph gives a close-up, enlarged by up to ``CLOSEST``."""

PAIRS_OF = 6
"""Every n-th training photograph is put beside the next one."""

PAIR, STRIP, CLOSE_UP, PAINTED = "beside-each-other-", "beside-", "close-", "painted-"
"""How the names of made pictures begin; the path of a photograph follows."""

OpenScene = Callable[[Photo], Scene | None]
"""Reader of a photograph, with its foreground as labels and its garments; None if it
cannot be read."""


def made_pictures(
    photos: Sequence[Photo], open_scene: OpenScene, painted: int, seed: int
) -> Iterator[tuple[Photo, NDArray[np.uint8]]]:
    """Make the pictures that a locator learns from beside the photographs.

    Args:
        photos: photographs of a dataset. A strip is of the split of its photograph;
            close-ups and pairs are made of training photographs.
        open_scene: reader of a photograph.
        painted: number of painted pictures; every fourth is for validation, every
            fourth for the test. With 0 nothing is made at all.
        seed: seed of the painted pictures and of the close-ups.

    Yields:
        The record of each picture, and its pixels, (H, W, 3) uint8 RGB.
    """
    if not painted:
        return
    splits: tuple[Split, ...] = ("train", "train", "val", "test")
    for number in range(painted):
        pixels = paint_nothing(np.random.default_rng([seed, number]))
        yield _record(f"{PAINTED}{number:04d}", pixels, splits[number % 4]), pixels
    for photo in photos[::STRIPS_OF]:
        scene = open_scene(photo)
        strip = strip_beside(scene) if scene else None
        if strip:
            yield _with_record(f"{STRIP}{photo.path}", strip, photo.split)
    yield from _of_training(
        [photo for photo in photos if photo.split == "train"], open_scene, seed
    )


def made_of(path: str, training: Sequence[str]) -> tuple[str, ...]:
    """Paths of the photographs that a picture was made of; () for a painted one.

    Args:
        path: path of the picture.
        training: paths of the training photographs, in their order.
    """
    name = path.removeprefix(MADE)
    if name.startswith(PAIR):
        one = name.removeprefix(PAIR)
        if one in training:
            beside = training.index(one) + 1
            return (one, *training[beside : beside + 1])
    for start in (STRIP, CLOSE_UP):
        if name.startswith(start):
            return (name.removeprefix(start),)
    return ()


def _of_training(
    training: Sequence[Photo], open_scene: OpenScene, seed: int
) -> Iterator[tuple[Photo, NDArray[np.uint8]]]:
    """Close-ups and pairs."""
    for number, photo in enumerate(training[::CLOSE_OF]):
        scene = open_scene(photo)
        if scene and scene.garments:
            generator = np.random.default_rng([seed, 1, number])
            zoom = float(np.exp(generator.uniform(0.3, np.log(CLOSEST))))
            closer = close_up(scene, zoom, generator)
            yield _with_record(f"{CLOSE_UP}{photo.path}", closer, "train")
    for one, other in zip(training[::PAIRS_OF], training[1::PAIRS_OF], strict=False):
        left, right = open_scene(one), open_scene(other)
        if left and right and left.garments and right.garments:
            pair = side_by_side(_of_person(left, "left"), _of_person(right, "right"))
            yield _with_record(f"{PAIR}{one.path}", pair, "train")


def scene_of(
    pixels: NDArray[np.uint8],
    foreground: Image.Image | None,
    garments: tuple[Garment, ...],
) -> Scene:
    """A photograph as a scene.

    Args:
        pixels: photograph, (H, W, 3) uint8 RGB.
        foreground: mask, mode "L", 0 for the background; None if it is unknown, and all
            of the photograph counts as foreground.
        garments: annotated garments, with boxes in pixels of ``pixels``.
    """
    image = Image.fromarray(pixels)
    return Scene(image, foreground or Image.new("L", image.size, 255), garments)


def _of_person(scene: Scene, side: str) -> Scene:
    """The scene with garments that those of another scene are not worn with."""
    apart = tuple(replace(one, person=f"{side} {one.person}") for one in scene.garments)
    return replace(scene, garments=apart)


def _with_record(
    name: str, scene: Scene, split: Split
) -> tuple[Photo, NDArray[np.uint8]]:
    pixels = np.asarray(scene.image)
    return _record(name, pixels, split, scene.garments), pixels


def _record(
    name: str,
    pixels: NDArray[np.uint8],
    split: Split,
    garments: tuple[Garment, ...] = (),
) -> Photo:
    height, width = pixels.shape[:2]
    path = f"{MADE}{name}"
    return Photo(path, width, height, "street", split, garments=garments)
