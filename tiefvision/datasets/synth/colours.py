"""Colours in OKLCH, where equal steps look equal, and the palettes of the garments.

OKLab: B. Ottosson, "A perceptual color space for image processing", 2020.
"""

import math
from dataclasses import dataclass

import numpy as np

Rgb = tuple[float, float, float]
"""Red, green and blue of sRGB, each in [0, 1]."""

Lch = tuple[float, float, float]
"""Lightness in [0, 1], chroma (0 is grey, about 0.3 the most vivid), hue in degrees."""

DYE_LOT_LCH = np.array([0.02, 0.008, 4.0])
"""Largest difference of a dye lot from its palette in lightness, chroma and hue: about
as much as an eye can just tell apart."""


@dataclass(frozen=True)
class Palette:
    """The three colours of a cloth.

    Attributes:
        base: Colour of the ground.
        accent: Colour of the pattern.
        detail: Colour of fine lines and trimmings.
    """

    base: Rgb
    accent: Rgb
    detail: Rgb


PALETTES_LCH: tuple[tuple[Lch, Lch, Lch], ...] = (
    ((0.33, 0.08, 262), (0.95, 0.01, 90), (0.60, 0.17, 25)),  # navy, white
    ((0.94, 0.015, 85), (0.35, 0.08, 262), (0.58, 0.16, 25)),  # white, navy
    ((0.42, 0.13, 18), (0.93, 0.03, 80), (0.72, 0.09, 60)),  # burgundy, cream
    ((0.45, 0.08, 150), (0.92, 0.04, 95), (0.75, 0.12, 80)),  # bottle green, cream
    ((0.24, 0.01, 270), (0.93, 0.005, 90), (0.62, 0.02, 270)),  # black, white
    ((0.68, 0.10, 240), (0.96, 0.01, 90), (0.38, 0.09, 262)),  # sky blue, white
    ((0.77, 0.14, 82), (0.34, 0.06, 262), (0.95, 0.02, 90)),  # mustard, navy
    ((0.58, 0.17, 32), (0.94, 0.03, 80), (0.36, 0.05, 40)),  # rust, cream
)
"""Palettes (base, accent, detail). They are few on purpose: of 120 items about a dozen
share each palette, so that colour does not identify an item."""


def oklch_to_rgb(lch: Lch) -> Rgb:
    """A colour in sRGB, clipped to what a screen can show.

    >>> [round(part, 2) for part in oklch_to_rgb((1.0, 0.0, 0.0))]
    [1.0, 1.0, 1.0]
    """
    lightness, chroma, hue = lch
    a = chroma * math.cos(math.radians(hue))
    b = chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        _encoded(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short),
        _encoded(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short),
        _encoded(-0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short),
    )


def draw_palette(rng: np.random.Generator, excluded: int | None = None) -> Palette:
    """A random palette in a random dye lot, never the palette numbered ``excluded``."""
    numbers = [n for n in range(len(PALETTES_LCH)) if n != excluded]
    return dyed(int(rng.choice(numbers)), rng)


def dyed(number: int, rng: np.random.Generator) -> Palette:
    """The numbered palette in a random dye lot: its three colours shifted alike."""
    shift = rng.uniform(-1.0, 1.0, 3) * DYE_LOT_LCH
    shifted = np.asarray(PALETTES_LCH[number]) + shift
    base, accent, detail = (
        oklch_to_rgb((float(lch[0]), max(0.0, float(lch[1])), float(lch[2])))
        for lch in shifted
    )
    return Palette(base, accent, detail)


def darker(colour: Rgb, factor: float) -> Rgb:
    """The colour with its channels multiplied by ``factor``, in [0, 1]."""
    red, green, blue = (part * factor for part in colour)
    return red, green, blue


def _encoded(linear: float) -> float:
    """Linear light, clipped to [0, 1], in the sRGB transfer curve (IEC 61966-2-1)."""
    light = min(max(linear, 0.0), 1.0)
    return 12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055
