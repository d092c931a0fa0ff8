"""Cloth: plain, stripes, checks, dots and prints, sampled anywhere on a garment.

A texture is a function of cloth coordinates u, v in heads (the unit of the figure), and
of the size of a pixel in heads: patterns finer than a pixel melt into their mean, so
nothing needs to be drawn larger and shrunk.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tiefvision.datasets.synth.colours import Palette, Rgb
from tiefvision.datasets.synth.views import Plane

Pattern = Literal["plain", "stripes", "checks", "dots", "print"]
PATTERNS: tuple[Pattern, ...] = get_args(Pattern)

PERIOD_HEADS = {
    "plain": (0.1, 0.1),
    "stripes": (0.12, 0.5),
    "checks": (0.2, 0.7),
    "dots": (0.16, 0.5),
    "print": (0.7, 1.5),
}
"""Smallest and largest repeat: from fine shirting to bold; a head is about 22 cm."""

ANGLES_DEGREES = {
    "plain": (0,),
    "stripes": (0, 90, 90, 45),
    "checks": (0, 0, 45),
    "dots": (0,),
    "print": (0,),
}
"""Ways to lay the cloth; horizontal stripes (90) are the commonest in shops."""

TILE_PIXELS = 192
"""A print repeats at most about this many pixels apart in any photograph."""


@dataclass(frozen=True)
class Material:
    """A cloth.

    Attributes:
        pattern: What is on it.
        palette: Ground, pattern and detail colour.
        period: The repeat of the pattern, in heads.
        angle: How the cloth is laid, in radians.
        share: Of the repeat that the accent fills, in (0, 1).
        motif: Seeds the motifs of a print, and chooses variants of the others.
    """

    pattern: Pattern
    palette: Palette
    period: float = 0.2
    angle: float = 0.0
    share: float = 0.5
    motif: int = 0


def plain(colour: Rgb) -> Material:
    """One colour all over."""
    return Material("plain", Palette(colour, colour, colour))


def draw_material(
    rng: np.random.Generator, palette: Palette, *, not_the: Pattern | None = None
) -> Material:
    """A cloth in these colours, with any pattern but the one named."""
    choices = [name for name in PATTERNS if name != not_the]
    pattern = choices[int(rng.integers(len(choices)))]
    low, high = PERIOD_HEADS[pattern]
    return Material(
        pattern,
        palette,
        period=float(np.exp(rng.uniform(np.log(low), np.log(high)))),
        angle=float(np.radians(rng.choice(ANGLES_DEGREES[pattern]))),
        share=float(rng.uniform(0.3, 0.6)),
        motif=int(rng.integers(2**31)),
    )


def recoloured(material: Material, palette: Palette) -> Material:
    """The same cloth in other colours."""
    return replace(material, palette=palette)


def texture(
    material: Material, u: Plane, v: Plane, pixel: float
) -> NDArray[np.float32]:
    """The cloth's colours (3, H, W) in [0, 1] at u, v (H, W); all lengths in heads."""
    if material.pattern == "plain":
        return np.broadcast_to(_planes(material.palette.base), (3, *u.shape))
    if material.pattern == "print":
        return _printed(material, u, v, pixel)
    turn = np.float32(material.angle)
    across = (u * np.cos(turn) + v * np.sin(turn)) / np.float32(material.period)
    along = (v * np.cos(turn) - u * np.sin(turn)) / np.float32(material.period)
    edge = pixel / material.period
    weave = {"stripes": _stripes, "checks": _checks, "dots": _dots}[material.pattern]
    accent, detail = weave(material, across, along, edge)
    return _mixed(material.palette, accent, detail)


def _stripes(
    material: Material, across: Plane, along: Plane, edge: float
) -> tuple[Plane, Plane | None]:
    """Bands; every third cloth has a thin line between two of them."""
    bands = _bands(across, material.share, edge)
    if material.motif % 3:
        return bands, None
    return bands, _bands(across + np.float32(0.5), 0.12, edge)


def _checks(
    material: Material, across: Plane, along: Plane, edge: float
) -> tuple[Plane, Plane | None]:
    """Gingham, half as strong where only one band lies; or tartan with fine lines."""
    first = _bands(across, material.share, edge)
    second = _bands(along, material.share, edge)
    gingham = np.float32(0.5) * (first + second)
    if material.motif % 2:
        return gingham, None
    half = np.float32(0.5)
    lines = np.maximum(
        _bands(across + half, 0.1, edge), _bands(along + half, 0.1, edge)
    )
    return gingham, lines


def _dots(
    material: Material, across: Plane, along: Plane, edge: float
) -> tuple[Plane, Plane | None]:
    """Discs on a square lattice and on its centres."""
    dx, dy = across - np.round(across), along - np.round(along)
    corner = dx * dx + dy * dy
    ex, ey = np.float32(0.5) - np.abs(dx), np.float32(0.5) - np.abs(dy)
    distance = np.sqrt(np.minimum(corner, ex * ex + ey * ey))
    radius = 0.15 + 0.25 * (material.share - 0.3)
    mean = 2 * np.pi * radius**2
    return _softened(np.float32(radius) - distance, edge, mean), None


def _bands(position: Plane, share: float, edge: float) -> Plane:
    """1 within ``share`` of each whole number's surroundings, 0 elsewhere."""
    distance = np.abs(position - np.round(position))
    return _softened(np.float32(share / 2) - distance, edge, share)


def _softened(inside: Plane, edge: float, mean: float) -> Plane:
    """Coverage from a signed depth: an edge one pixel wide, the mean if finer."""
    sharp = np.clip(inside / np.float32(max(edge, 1e-4)) + np.float32(0.5), 0, 1)
    melt = np.float32(np.clip(2 * edge - 0.5, 0, 1))
    return np.asarray(sharp + (np.float32(mean) - sharp) * melt, dtype=np.float32)


def _mixed(
    palette: Palette, accent: Plane, detail: Plane | None
) -> NDArray[np.float32]:
    base = _planes(palette.base)
    colours = base + accent * (_planes(palette.accent) - base)
    if detail is not None:
        colours = colours + detail * (_planes(palette.detail) - colours)
    return np.asarray(colours, dtype=np.float32)


def _planes(colour: Rgb) -> NDArray[np.float32]:
    """A colour as (3, 1, 1), ready to fill planes."""
    return np.array(colour, dtype=np.float32)[:, None, None]


def _printed(
    material: Material, u: Plane, v: Plane, pixel: float
) -> NDArray[np.float32]:
    """The tile of motifs, shrunk until its pixels are the photograph's."""
    side = int(np.clip(material.period / pixel, 1, TILE_PIXELS))
    tile = np.asarray(
        _tile(material).resize((side, side), Image.Resampling.BOX), dtype=np.float32
    )
    scale = np.float32(side / material.period)
    columns = np.floor(u * scale).astype(np.int32) % side
    rows = np.floor(v * scale).astype(np.int32) % side
    planes = np.ascontiguousarray(tile.transpose(2, 0, 1)) / np.float32(255)
    return np.asarray(planes[:, rows, columns], dtype=np.float32)


@lru_cache(maxsize=8)
def _tile(material: Material) -> Image.Image:
    """A square of flowers or leaves that fits its own copies on every side."""
    rng = np.random.default_rng([material.motif, 1])
    base, accent, detail = (
        tuple(round(255 * part) for part in colour)
        for colour in (
            material.palette.base,
            material.palette.accent,
            material.palette.detail,
        )
    )
    tile = Image.new("RGB", (TILE_PIXELS, TILE_PIXELS), base)
    draw = ImageDraw.Draw(tile)
    petals, count = int(rng.integers(1, 7)), int(rng.integers(5, 16))
    size = TILE_PIXELS * float(rng.uniform(0.35, 0.6)) / np.sqrt(count)
    for _ in range(count):
        x, y = rng.uniform(0, TILE_PIXELS, 2)
        turn, scale = rng.uniform(0, 2 * np.pi), rng.uniform(0.6, 1.2)
        for dx in (-TILE_PIXELS, 0, TILE_PIXELS):
            for dy in (-TILE_PIXELS, 0, TILE_PIXELS):
                _draw_motif(
                    draw, (x + dx, y + dy), size * scale, turn, petals, (accent, detail)
                )
    return tile


def _draw_motif(
    draw: ImageDraw.ImageDraw,
    centre: tuple[float, float],
    size: float,
    turn: float,
    petals: int,
    colours: tuple[tuple[int, ...], tuple[int, ...]],
) -> None:
    """A flower; with one or two petals, a leaf with its vein."""
    x, y = centre
    blade = np.column_stack([np.sin(t := np.linspace(0, np.pi, 9)) * 0.34, t / np.pi])
    outline = np.vstack([blade, blade[::-1] * [-1, 1]]) * size
    for petal in range(petals):
        angle = turn + 2 * np.pi * petal / petals
        spin = np.array(
            [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]
        )
        corners = outline @ spin + (x, y)
        draw.polygon([(float(px), float(py)) for px, py in corners], fill=colours[0])
    heart = size * (0.28 if petals > 2 else 0.14)
    draw.ellipse((x - heart, y - heart, x + heart, y + heart), fill=colours[1])
