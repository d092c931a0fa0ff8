"""Pictures without garments: what a locator must find nothing in.

Painted: one colour, gradients, noise, textures, landscapes and empty rooms. Cut out of
street photographs: what lies beside the people.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from tiefvision.augmenting.scenes import Scene
from tiefvision.datasets.synth.painting import smooth_noise

Size = tuple[int, int]
"""Width and height in pixels."""

SIDES = 260, 620
"""Smallest and largest side of a painted picture in pixels."""

LEAST_STRIP = 0.22
"""Least width of a strip beside people, as a share of the photograph's width."""


def paint_nothing(generator: np.random.Generator) -> NDArray[np.uint8]:
    """Paint a picture of a random kind and size without any garment.

    Returns:
        (height, width, 3) uint8 RGB.
    """
    kinds = tuple(KINDS)
    return paint_kind(kinds[int(generator.integers(len(kinds)))], generator)


def paint_kind(kind: str, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Paint a picture of a kind in ``KINDS``, (height, width, 3) uint8 RGB."""
    width, height = (int(side) for side in generator.integers(*SIDES, 2))
    painted = KINDS[kind](generator, (width, height))
    return np.asarray(painted.clip(0, 255), dtype=np.uint8)


def strip_beside(scene: Scene) -> Scene | None:
    """The wider of the two strips of a photograph beside the people in it.

    Args:
        scene: photograph whose labels are 0 for the background alone.

    Returns:
        The strip, without garments; None if both are narrow or the labels are unknown.
    """
    people = scene.labels.point(lambda label: 255 if label else 0).getbbox()
    if people is None:
        return None
    width, height = scene.image.size
    left, right = people[0], width - people[2]
    if max(left, right) < LEAST_STRIP * width:
        return None
    place = (0, 0, left, height) if left >= right else (people[2], 0, width, height)
    return Scene(scene.image.crop(place), scene.labels.crop(place))


def nothing_scene(generator: np.random.Generator, label: int = 0) -> Scene:
    """A painted picture as a scene without garments.

    Args:
        generator: source of all random numbers.
        label: label of all its pixels; 0 is the background.
    """
    image = Image.fromarray(paint_nothing(generator))
    return Scene(image, Image.new("L", image.size, label))


Picture = NDArray[np.float64]
"""(height, width, 3) RGB, 0 to 255 apart from rounding."""


def _colour(generator: np.random.Generator) -> NDArray[np.float64]:
    return generator.uniform(0, 255, 3)


def _plain(generator: np.random.Generator, size: Size) -> Picture:
    noise = generator.normal(0, generator.choice([0.0, 2.0]), (size[1], size[0], 1))
    return _colour(generator) + noise


def _gradient(generator: np.random.Generator, size: Size) -> Picture:
    x, y = _places(size)
    if generator.random() < 0.5:
        angle = generator.uniform(0, 2 * np.pi)
        share = (np.cos(angle) * (x - 0.5) + np.sin(angle) * (y - 0.5)) / 1.4 + 0.5
    else:
        middle = generator.uniform(0.2, 0.8, 2)
        share = np.hypot(x - middle[0], y - middle[1])
    return _between(share, generator)


def _noise(generator: np.random.Generator, size: Size) -> Picture:
    channels = int(generator.choice([1, 3]))
    grain = generator.normal(0, generator.uniform(10, 90), (size[1], size[0], channels))
    return _colour(generator) + grain


def _clouds(generator: np.random.Generator, size: Size) -> Picture:
    shape, total = (size[1], size[0]), np.zeros((size[1], size[0]))
    for octave in range(1, 6):
        total += smooth_noise(generator, shape, (2**octave, 2**octave)) / octave
    return _between(total / 4 + 0.5, generator)


def _texture(generator: np.random.Generator, size: Size) -> Picture:
    """Stripes, checks or dots."""
    x, y = _places(size)
    angle, waves = generator.uniform(0, np.pi), generator.uniform(3, 40)
    one = np.sin(2 * np.pi * waves * (np.cos(angle) * x + np.sin(angle) * y))
    other = np.sin(2 * np.pi * waves * (np.cos(angle) * y - np.sin(angle) * x))
    kind = int(generator.integers(3))
    share = (one > 0, (one > 0) ^ (other > 0), one * other > 0.4)[kind]
    return _between(share.astype(float), generator)


def _landscape(generator: np.random.Generator, size: Size) -> Picture:
    """A sky with ranges of hills before it, the nearest ones the darkest."""
    _, y = _places(size)
    sky = np.array([150, 185, 230]) + generator.uniform(-60, 60, 3)
    picture = sky + (y[..., None] - 0.3) * generator.uniform(0, 90)
    horizon = generator.uniform(0.25, 0.6)
    for distance in range(int(generator.integers(2, 6))):
        ridge = smooth_noise(
            generator, (1, size[0]), (1, int(generator.integers(3, 9)))
        )
        top = horizon + 0.05 * ridge[0]
        ground = generator.uniform([20, 50, 10], [150, 150, 110])
        grain = generator.normal(0, 8, y.shape)[..., None]
        picture = np.where((y > top)[..., None], ground + grain, picture)
        horizon += generator.uniform(0.05, 0.2) * (distance + 1) / 2
    return picture


def _room(generator: np.random.Generator, size: Size) -> Picture:
    """A wall and a floor, with frames, cupboards and lamps as boxes and discs."""
    width, height = size
    image = Image.new("RGB", size, _fill(generator))
    draw = ImageDraw.Draw(image)
    floor = int(generator.uniform(0.55, 0.85) * height)
    draw.rectangle((0, floor, width, height), fill=_fill(generator))
    for _ in range(int(generator.integers(2, 8))):
        wide, high = generator.uniform(0.08, 0.5, 2) * (width, height)
        left = generator.uniform(-0.1, 0.9) * width
        top = min(generator.uniform(0.0, 0.9) * height, height - high)
        place = left, top, left + wide, top + high
        shape = draw.ellipse if generator.random() < 0.25 else draw.rectangle
        shape(place, fill=_fill(generator), outline=_fill(generator))
    soft = image.filter(ImageFilter.GaussianBlur(generator.uniform(0.3, 3.0)))
    return np.asarray(soft) + generator.normal(0, 4, (height, width, 1))


KINDS: dict[str, Callable[[np.random.Generator, Size], Picture]] = {
    "one colour": _plain,
    "gradient": _gradient,
    "noise": _noise,
    "clouds": _clouds,
    "texture": _texture,
    "landscape": _landscape,
    "room": _room,
}
"""The painted kinds by name."""


def _fill(generator: np.random.Generator) -> tuple[int, int, int]:
    red, green, blue = (int(value) for value in generator.integers(0, 256, 3))
    return red, green, blue


def _places(size: Size) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """x and y of every pixel, in widths and heights, (height, width) each."""
    across, down = np.linspace(0, 1, size[0]), np.linspace(0, 1, size[1])
    x, y = np.meshgrid(across, down)
    return x, y


def _between(share: NDArray[np.float64], generator: np.random.Generator) -> Picture:
    """Mix two random colours, by the share of the second one in each pixel."""
    one, other = _colour(generator), _colour(generator)
    part = share.clip(0, 1)[..., None]
    mixed: Picture = one * (1 - part) + other * part
    return mixed
