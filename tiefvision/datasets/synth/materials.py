"""Cloth: plain, stripes, checks, dots and prints.

A texture is a function of cloth coordinates u, v and of the size of a pixel, all in
heads (the unit of the figure). Patterns finer than a pixel fade into their mean colour,
so nothing has to be drawn larger and shrunk.
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
"""Smallest and largest repeat of each pattern in heads (22 cm), from fine to bold."""

ANGLES_DEGREES = {
    "plain": (0,),
    "stripes": (0, 90, 90, 45),
    "checks": (0, 0, 45),
    "dots": (0,),
    "print": (0,),
}
"""Angles at which the cloth is laid, drawn with equal chances; horizontal stripes (90)
are listed twice, as the commonest in shops."""

TILE_PIXELS = 192
"""Side of a print's tile in pixels: about the longest repeat in any photograph."""


@dataclass(frozen=True)
class Material:
    """A cloth.

    Attributes:
        pattern: Kind of pattern.
        palette: Colours of ground, pattern and detail.
        period: Repeat of the pattern in heads.
        angle: Angle at which the cloth is laid, in radians.
        share: Share of the repeat that has the accent colour, in (0, 1).
        motif: Seed of the motifs of a print; selects a variant of other patterns.
    """

    pattern: Pattern
    palette: Palette
    period: float = 0.2
    angle: float = 0.0
    share: float = 0.5
    motif: int = 0


def plain(colour: Rgb) -> Material:
    """A cloth of one colour."""
    return Material("plain", Palette(colour, colour, colour))


def draw_material(
    rng: np.random.Generator, palette: Palette, *, excluded: Pattern | None = None
) -> Material:
    """A random cloth in these colours, never with the pattern ``excluded``."""
    choices = [name for name in PATTERNS if name != excluded]
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
    """Colours of a cloth at given points.

    Args:
        material: The cloth.
        u: (H, W) cloth coordinate across the spine, in heads.
        v: (H, W) cloth coordinate along the spine, in heads.
        pixel: Side of a pixel in heads.

    Returns:
        (3, H, W) RGB in [0, 1].
    """
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
    """Accent bands; every third cloth also has a thin detail line between them."""
    bands = _bands(across, material.share, edge)
    if material.motif % 3:
        return bands, None
    return bands, _bands(across + np.float32(0.5), 0.12, edge)


def _checks(
    material: Material, across: Plane, along: Plane, edge: float
) -> tuple[Plane, Plane | None]:
    """Gingham, half the accent where one band lies alone; or tartan with fine lines."""
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
    """Discs at the corners and centres of a square lattice."""
    dx, dy = across - np.round(across), along - np.round(along)
    corner = dx * dx + dy * dy
    ex, ey = np.float32(0.5) - np.abs(dx), np.float32(0.5) - np.abs(dy)
    distance = np.sqrt(np.minimum(corner, ex * ex + ey * ey))
    radius = 0.15 + 0.25 * (material.share - 0.3)
    mean = 2 * np.pi * radius**2
    return _softened(np.float32(radius) - distance, edge, mean), None


def _bands(position: Plane, share: float, edge: float) -> Plane:
    """Soft bands: 1 within ``share / 2`` of the whole numbers, 0 elsewhere."""
    distance = np.abs(position - np.round(position))
    return _softened(np.float32(share / 2) - distance, edge, share)


def _softened(inside: Plane, edge: float, mean: float) -> Plane:
    """Coverage in [0, 1] from a signed distance to the edge, positive inside.

    The edge is ``edge`` wide, the side of a pixel in repeats. Where a repeat is only
    about a pixel wide the coverage fades to ``mean``.
    """
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
    """A colour as (3, 1, 1), to be broadcast over (3, H, W)."""
    return np.array(colour, dtype=np.float32)[:, None, None]


def _printed(
    material: Material, u: Plane, v: Plane, pixel: float
) -> NDArray[np.float32]:
    """(3, H, W) colours from the tile of motifs, shrunk to the scale of the pixels."""
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
    """A square tile of flowers or leaves that continues on its opposite sides."""
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
    """Draws a flower; with one or two petals, a leaf with its vein."""
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
