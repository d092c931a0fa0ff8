"""Outfits: the garment for sale, worn with neutral ones."""

from dataclasses import dataclass, replace

import numpy as np

from tiefvision.datasets.synth.colours import oklch_to_rgb
from tiefvision.datasets.synth.cuts import Category, Cut
from tiefvision.datasets.synth.materials import Material, plain

NEUTRALS = tuple(
    oklch_to_rgb(lch)
    for lch in (
        (0.36, 0.01, 270),
        (0.50, 0.01, 90),
        (0.64, 0.01, 250),
        (0.78, 0.01, 90),
        (0.45, 0.05, 255),
        (0.72, 0.04, 80),
    )
)
"""Greys, denim and beige for the garments that are not for sale; no palette has them as
its ground."""


@dataclass(frozen=True)
class Worn:
    """A garment on a person.

    Attributes:
        cut: Shape of the garment.
        material: Cloth of the garment.
        for_sale: Whether it is the garment for sale.
    """

    cut: Cut
    material: Material
    for_sale: bool = False


def neutral(category: Category, rng: np.random.Generator) -> Worn:
    """A random plain garment of a category in one of the ``NEUTRALS``."""
    colour = NEUTRALS[int(rng.integers(len(NEUTRALS)))]
    cut = Cut(
        category,
        length=float(rng.uniform(0.4, 1.0)),
        sleeves=float(rng.choice([0.3, 0.6, 1.0])),
        flare=float(rng.uniform(0.0, 0.4)),
    )
    return Worn(cut, plain(colour))


def outfit(sold: Worn, rng: np.random.Generator) -> tuple[Worn, ...]:
    """The garment for sale and those worn with it, from the skin outwards."""
    category = sold.cut.category
    below: Category = "trousers" if rng.random() < 0.65 else "skirt"
    if category == "dress":
        return (sold,)
    if category == "coat":
        return neutral("trousers", rng), neutral("top", rng), sold
    if category == "top":
        return neutral(below, rng), sold
    shirt = neutral("top", rng)
    tucked = Worn(replace(shirt.cut, length=0.2), shirt.material)
    return tucked, sold
