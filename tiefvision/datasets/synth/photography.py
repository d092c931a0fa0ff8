"""Photographs a painted scene: light, lens, sensor and JPEG.

Nothing here moves a pixel, so boxes stay exact.
"""

import io
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from tiefvision.datasets.synth.painting import Picture, blurred
from tiefvision.photos.reading import Photograph


@dataclass(frozen=True)
class Camera:
    """How a photograph is taken.

    Attributes:
        exposure: Factor on the light.
        cast: Factors on red, green and blue, a wrong white balance.
        gamma: Exponent of the tone curve; below 1 shadows are brighter.
        gradient: Share of the light that is lost across the photograph.
        towards: Direction in which the light falls off, in radians.
        shadow: Darkness of a hard shadow across the scene, in [0, 1]; 0 for none.
        blur: Radius of the lens blur in pixels.
        noise: Standard deviation of the sensor noise, where white is 1.
        quality: JPEG quality, 1 to 95.
    """

    exposure: float = 1.0
    cast: tuple[float, float, float] = (1.0, 1.0, 1.0)
    gamma: float = 1.0
    gradient: float = 0.0
    towards: float = 0.0
    shadow: float = 0.0
    blur: float = 0.0
    noise: float = 0.004
    quality: int = 92


def draw_studio_camera(rng: np.random.Generator) -> Camera:
    """A random studio camera: even light, nearly neutral white, fine JPEG."""
    return Camera(
        exposure=float(rng.uniform(0.95, 1.03)),
        cast=_cast(rng, 0.015),
        quality=int(rng.integers(90, 95)),
    )


def draw_street_camera(rng: np.random.Generator) -> Camera:
    """A random telephone camera in any light."""
    return Camera(
        exposure=float(np.exp(rng.uniform(np.log(0.7), np.log(1.4)))),
        cast=_cast(rng, 0.13),
        gamma=float(rng.uniform(0.8, 1.2)),
        gradient=float(rng.uniform(0.0, 0.4)),
        towards=float(rng.uniform(0.0, 2 * np.pi)),
        shadow=float(rng.uniform(0.2, 0.5)) if rng.random() < 0.4 else 0.0,
        blur=float(rng.uniform(0.2, 1.2)),
        noise=float(rng.uniform(0.004, 0.02)),
        quality=int(rng.integers(45, 91)),
    )


def photograph(
    picture: Picture, camera: Camera, rng: np.random.Generator
) -> Photograph:
    """Photographs a scene.

    Args:
        picture: (3, H, W) RGB in [0, 1].
        camera: The camera.
        rng: Source of shadow and noise.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    height, width = picture.shape[1:]
    light = np.float32(camera.exposure) * _gradient(camera, (height, width))
    if camera.shadow:
        light = light * _hard_shadow(camera.shadow, (height, width), rng)
    cast = np.array(camera.cast, dtype=np.float32)[:, None, None] * np.float32(255)
    levels = np.clip(picture * light * cast, 0, 255).astype(np.uint8)
    image = Image.fromarray(np.ascontiguousarray(levels.transpose(1, 2, 0)))
    curve = [round(255 * (level / 255) ** camera.gamma) for level in range(256)]
    image = image.filter(ImageFilter.BoxBlur(camera.blur)).point(curve * 3)
    # Noise in brightness only: JPEG would smooth noise in colour.
    grain = rng.standard_normal((height, width), dtype=np.float32)
    noise = np.round(grain * np.float32(255 * camera.noise)).astype(np.int16)
    noisy = np.asarray(image).transpose(2, 0, 1) + noise
    return np.clip(noisy, 0, 255).astype(np.uint8).transpose(1, 2, 0).copy()


def as_jpeg(photo: Photograph, quality: int, comment: str = "") -> bytes:
    """The bytes of a JPEG file of the photograph, with a comment in its header."""
    memory = io.BytesIO()
    Image.fromarray(photo).save(memory, "JPEG", quality=quality, comment=comment)
    return memory.getvalue()


def _cast(rng: np.random.Generator, spread: float) -> tuple[float, float, float]:
    """Random factors on red, green and blue: warm to cool, and green to magenta."""
    warm, green = rng.uniform(-spread, spread), rng.uniform(-spread, spread) / 3
    return float(1 + warm), float(1 + green), float(1 - warm)


def _gradient(camera: Camera, shape: tuple[int, int]) -> NDArray[np.float32]:
    """(H, W) factors on the light that fall off in the camera's direction."""
    height, width = shape
    x = np.linspace(-0.5, 0.5, width, dtype=np.float32)[None]
    y = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None]
    slope = x * math.cos(camera.towards) + y * math.sin(camera.towards)
    return np.asarray(1 - camera.gradient * slope, dtype=np.float32)


def _hard_shadow(
    darkness: float, shape: tuple[int, int], rng: np.random.Generator
) -> NDArray[np.float32]:
    """(H, W) factors on the light under a slanted shadow, as of a house."""
    height, width = shape
    canvas = Image.new("L", (width, height))
    left, right = rng.uniform(-0.5, 0.9) * width, rng.uniform(0.3, 0.9) * width
    slant = rng.uniform(-0.6, 0.6) * width
    band = [(left, 0), (left + right, 0), (left + right + slant, height)]
    ImageDraw.Draw(canvas).polygon([*band, (left + slant, height)], fill=255)
    mask = blurred(np.asarray(canvas, dtype=np.float32) / np.float32(255), 3.0)
    return 1 - np.float32(darkness) * mask
