"""Backgrounds of photographs: studio paper, and streets with clutter."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from tiefvision.datasets.synth.colours import Lch, oklch_to_rgb
from tiefvision.datasets.synth.painting import (
    Picture,
    as_picture,
    blurred,
    smooth_noise,
)
from tiefvision.datasets.synth.shapes import Points

Size = tuple[int, int]
"""Width and height in pixels."""

Colour = tuple[int, int, int]
"""Red, green and blue, each in 0 to 255."""


def studio(rng: np.random.Generator, size: Size) -> Picture:
    """Near-white or light grey paper, a little darker towards the lower edge."""
    width, height = size
    paper = float(rng.choice([0.97, 0.95, 0.90])) + rng.uniform(-0.01, 0.01, 3)
    fall = np.linspace(0.0, float(rng.uniform(0.0, 0.07)), height, dtype=np.float32)
    shade = paper.astype(np.float32)[:, None, None] - fall[:, None]  # (3, H, 1)
    return np.repeat(shade, width, axis=2)


def street(rng: np.random.Generator, size: Size, horizon: int) -> Picture:
    """A street, out of focus.

    Args:
        rng: Source of all random numbers.
        size: Width and height in pixels.
        horizon: Row at which houses end and the pavement begins.
    """
    width, height = size
    image = Image.new("RGB", size, _colour(rng, (0.75, 0.95), 0.05))
    draw = ImageDraw.Draw(image)
    scenes: tuple[Callable[..., None], ...] = (_shop_fronts, _avenue, _brick_wall)
    scenes[int(rng.integers(len(scenes)))](draw, rng, width, horizon)
    _pavement(draw, rng, size, horizon)
    for _ in range(int(rng.integers(1, 5))):
        props: tuple[Callable[..., None], ...] = (_car, _tree, _poster, _planter)
        props[int(rng.integers(len(props)))](draw, rng, width, horizon)
    # Blurred at half the size, which is faster and loses nothing that shows.
    blur = ImageFilter.GaussianBlur(float(rng.uniform(0.3, 1.5)))
    soft = image.reduce(2).filter(blur).resize(size, Image.Resampling.BILINEAR)
    ground = as_picture(soft)
    grain = smooth_noise(rng, (height, width), (height // 4, width // 4))
    return np.clip(ground + np.float32(0.01) * grain, 0, 1)


def with_shadow(
    ground: Picture, outlines: list[Points], radius: float, strength: float
) -> Picture:
    """The background darkened by soft shadows.

    Args:
        ground: The background.
        outlines: Polygons (N, 2) of the shadows in pixels.
        radius: Radius of the blur of their edges in pixels.
        strength: Share of the light that a shadow takes, in [0, 1].
    """
    height, width = ground.shape[1:]
    canvas = Image.new("L", (width, height))
    draw = ImageDraw.Draw(canvas)
    for outline in outlines:
        draw.polygon([(float(x), float(y)) for x, y in outline], fill=255)
    mask = blurred(np.asarray(canvas, dtype=np.float32) / np.float32(255), radius)
    return np.asarray(ground * (1 - np.float32(strength) * mask), dtype=np.float32)


def _colour(
    rng: np.random.Generator, lightness: tuple[float, float], chroma: float = 0.08
) -> Colour:
    """A random hue, with a lightness in this range and at most this chroma (OKLCH)."""
    lch = rng.uniform(*lightness), rng.uniform(0, chroma), rng.uniform(0, 360)
    return _as_bytes((float(lch[0]), float(lch[1]), float(lch[2])))


def _masonry(rng: np.random.Generator) -> Colour:
    """The colour of brick, sandstone or plaster, or rarely of a painted house."""
    hue = rng.normal(62, 22) if rng.random() < 0.85 else rng.uniform(0, 360)
    lch = float(rng.uniform(0.45, 0.85)), float(rng.uniform(0.005, 0.075)), float(hue)
    return _as_bytes(lch)


def _as_bytes(lch: Lch) -> Colour:
    red, green, blue = (round(255 * part) for part in oklch_to_rgb(lch))
    return red, green, blue


def _shaded(colour: Colour, factor: float) -> Colour:
    """The colour made darker (factor below 1) or lighter (above 1)."""
    red, green, blue = (min(255, round(part * factor)) for part in colour)
    return red, green, blue


def _house(
    draw: ImageDraw.ImageDraw,
    rng: np.random.Generator,
    left: float,
    right: float,
    top: float,
    bottom: float,
) -> None:
    """The front of a house with a cornice and rows of windows, some of them lit."""
    wall = _masonry(rng)
    draw.rectangle((left, top, right, bottom), fill=wall)
    draw.rectangle((left, top, right, top + 6), fill=_shaded(wall, 0.75))
    step_x, step_y = rng.uniform(28, 60), rng.uniform(45, 90)
    frame, glass = _shaded(wall, 1.25), _colour(rng, (0.25, 0.55), 0.05)
    lit = _colour(rng, (0.8, 0.9), 0.08)
    for y in np.arange(top + 18, bottom - step_y * 0.7, step_y):
        for x in np.arange(left + 8, right - step_x * 0.6, step_x):
            box = (x, y, x + step_x * 0.55, y + step_y * 0.62)
            pane = lit if rng.random() < 0.15 else glass
            draw.rectangle(box, fill=pane, outline=frame, width=2)


def _shop_fronts(
    draw: ImageDraw.ImageDraw, rng: np.random.Generator, width: int, horizon: int
) -> None:
    """Houses with display windows, doors, signs and awnings at street level."""
    x = -float(rng.uniform(0, 80))
    while x < width:
        wide = float(rng.uniform(120, 260))
        _house(draw, rng, x, x + wide, -5, horizon)
        storey = float(rng.uniform(0.32, 0.55)) * horizon
        wall = _shaded(_masonry(rng), 0.8)
        draw.rectangle((x, horizon - storey, x + wide, horizon), fill=wall)
        sign = _colour(rng, (0.3, 0.85), 0.16)
        draw.rectangle(
            (x + 6, horizon - storey, x + wide - 6, horizon - storey + 22), sign
        )
        pane = _colour(rng, (0.3, 0.8), 0.06)
        box = (x + 12, horizon - storey + 32, x + wide * 0.62, horizon - 18)
        draw.rectangle(box, fill=pane, outline=_shaded(wall, 1.4), width=3)
        door = (x + wide * 0.7, horizon - storey + 32, x + wide * 0.92, horizon)
        draw.rectangle(door, fill=_colour(rng, (0.2, 0.6), 0.12))
        x += wide


def _avenue(
    draw: ImageDraw.ImageDraw, rng: np.random.Generator, width: int, horizon: int
) -> None:
    """Two rows of houses of different heights, one behind the other, before the sky."""
    for depth in (0.25, 0.5):
        x = -float(rng.uniform(0, 60))
        while x < width:
            wide = float(rng.uniform(60, 170))
            top = horizon * float(rng.uniform(depth - 0.2, depth + 0.2))
            _house(draw, rng, x, x + wide, top, horizon)
            x += wide + float(rng.uniform(-5, 40))


def _brick_wall(
    draw: ImageDraw.ImageDraw, rng: np.random.Generator, width: int, horizon: int
) -> None:
    """Courses of bricks, with a door or a shutter."""
    mortar = _colour(rng, (0.6, 0.85), 0.03)
    brick = _masonry(rng)
    draw.rectangle((0, 0, width, horizon), fill=mortar)
    high = float(rng.uniform(9, 20))
    wide = high * 2.6
    for row, y in enumerate(np.arange(0, horizon, high)):
        for x in np.arange(-wide * (row % 2) / 2, width, wide):
            tone = _shaded(brick, float(rng.uniform(0.85, 1.12)))
            draw.rectangle((x, y, x + wide - 2, y + high - 2), fill=tone)
    left = float(rng.uniform(0, width * 0.8))
    shutter = _colour(rng, (0.3, 0.8), 0.1)
    right, top = left + width * 0.28, horizon * 0.3
    draw.rectangle((left, top, right, horizon), fill=shutter)
    for y in np.arange(top, horizon, 12):
        draw.line((left, y, right, y), fill=_shaded(shutter, 0.8), width=2)


def _pavement(
    draw: ImageDraw.ImageDraw, rng: np.random.Generator, size: Size, horizon: int
) -> None:
    """Flagstones that run towards a vanishing point above the horizon."""
    width, height = size
    stone = _colour(rng, (0.5, 0.78), 0.03)
    draw.rectangle((0, horizon, width, height), fill=stone)
    draw.rectangle((0, horizon, width, horizon + 5), fill=_shaded(stone, 0.7))
    joint = _shaded(stone, 0.85)
    vanish_x, vanish_y = width * float(rng.uniform(0.2, 0.8)), horizon - height * 0.5
    for share in np.linspace(-2, 3, 26):
        start = vanish_x + (share * width - vanish_x) * (horizon - vanish_y) / (
            height - vanish_y
        )
        draw.line((start, horizon, share * width, height), fill=joint, width=2)
    y, step = float(horizon), 9.0
    while y < height:
        draw.line((0, y, width, y), fill=joint, width=2)
        y, step = y + step, step * 1.35


def _car(
    draw: ImageDraw.ImageDraw, rng: np.random.Generator, width: int, horizon: int
) -> None:
    long = float(rng.uniform(140, 260))
    x, base = float(rng.uniform(-long / 2, width - long / 2)), horizon + 12.0
    paint = _colour(rng, (0.25, 0.85), 0.17)
    high = long * 0.16
    draw.ellipse((x, base - 8, x + long, base + 10), fill=(60, 60, 62))
    cabin = [(0.18, -1.0), (0.3, -1.95), (0.7, -1.95), (0.86, -1.0)]
    draw.polygon([(x + long * u, base + high * v) for u, v in cabin], fill=paint)
    glass = [(0.24, -1.05), (0.33, -1.8), (0.67, -1.8), (0.79, -1.05)]
    draw.polygon([(x + long * u, base + high * v) for u, v in glass], (70, 85, 95))
    body = (x, base - high * 1.1, x + long, base)
    draw.rounded_rectangle(body, radius=high * 0.4, fill=paint)
    for u in (0.2, 0.8):
        cx, r = x + long * u, high * 0.45
        draw.ellipse((cx - r, base - r, cx + r, base + r), fill=(35, 35, 38))


def _tree(
    draw: ImageDraw.ImageDraw, rng: np.random.Generator, width: int, horizon: int
) -> None:
    x, top = float(rng.uniform(0, width)), horizon * float(rng.uniform(0.15, 0.5))
    trunk = float(rng.uniform(5, 12))
    draw.rectangle((x - trunk, top, x + trunk, horizon + 8), fill=(88, 70, 55))
    lightness, chroma = float(rng.uniform(0.4, 0.62)), float(rng.uniform(0.06, 0.13))
    for _ in range(14):
        leaf = _as_bytes((lightness + float(rng.uniform(-0.06, 0.06)), chroma, 135))
        cx, cy = x + rng.normal(0, 38), top + rng.normal(0, 34)
        r = float(rng.uniform(14, 34))
        draw.ellipse((cx - r, cy - r, cx + r, cy + r), fill=leaf)


def _poster(
    draw: ImageDraw.ImageDraw, rng: np.random.Generator, width: int, horizon: int
) -> None:
    wide = float(rng.uniform(40, 110))
    x, y = float(rng.uniform(0, width)), horizon * float(rng.uniform(0.2, 0.6))
    paper, ink = _colour(rng, (0.6, 0.95), 0.14), _colour(rng, (0.2, 0.6), 0.18)
    draw.rectangle((x, y, x + wide, y + wide * 1.4), fill=paper)
    if rng.random() < 0.5:
        for row in np.arange(y + 8, y + wide * 1.3, 14):
            draw.rectangle((x + 6, row, x + wide - 6, row + 6), fill=ink)
    else:
        for column in np.arange(x + 8, x + wide - 8, 18):
            for row in np.arange(y + 8, y + wide * 1.3, 18):
                draw.ellipse((column, row, column + 9, row + 9), fill=ink)


def _planter(
    draw: ImageDraw.ImageDraw, rng: np.random.Generator, width: int, horizon: int
) -> None:
    x, wide = float(rng.uniform(0, width)), float(rng.uniform(40, 90))
    pot = _colour(rng, (0.35, 0.7), 0.1)
    draw.rectangle((x, horizon - wide * 0.4, x + wide, horizon + 14), fill=pot)
    for _ in range(12):
        cx, cy = x + rng.uniform(0, wide), horizon - wide * rng.uniform(0.4, 0.9)
        r = float(rng.uniform(6, 14))
        leaf = _colour(rng, (0.4, 0.7), 0.1)
        draw.ellipse(
            (cx - r, cy - r, cx + r, cy + r), fill=(leaf[0] // 2, leaf[1], leaf[2] // 2)
        )
