"""Cuts: the shape of a garment in a tailor's parameters."""

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

Category = Literal["dress", "top", "skirt", "trousers", "coat"]
CATEGORIES: tuple[Category, ...] = get_args(Category)

Neckline = Literal["round", "v", "boat", "square", "collar"]
NECKLINES: tuple[Neckline, ...] = get_args(Neckline)

NECK_HALF_WIDTH_AND_DEPTH: dict[Neckline, tuple[float, float]] = {
    "round": (0.32, 0.26),
    "v": (0.30, 0.72),
    "boat": (0.56, 0.12),
    "square": (0.42, 0.42),
    "collar": (0.27, 0.30),
}
"""Half width and depth of each neckline, in heads."""

HEM_Y: dict[Category, tuple[float, float]] = {
    "dress": (4.8, 7.3),
    "top": (3.15, 4.35),
    "skirt": (4.7, 7.3),
    "trousers": (4.9, 7.65),
    "coat": (4.5, 6.7),
}
"""Shortest and longest hem, in heads below the crown; knees are at 5.9."""


@dataclass(frozen=True)
class Cut:
    """The shape of a garment; numbers are in [0, 1] unless stated otherwise.

    Attributes:
        category: Category of the garment.
        length: Height of the hem, 0 for the category's shortest, 1 for its longest.
        sleeves: Length of the sleeves, 0 for none, 1 for down to the wrist.
        neckline: Shape of the neckline.
        flare: Width of the hem, or of the trouser leg.
        waist: Tightness of the waist.
        ease: Looseness of the whole garment.
        cuffs: Width of the cuffs.
        buttons: Whether the garment has buttons in front.
        pockets: Whether the garment has visible pockets.
        trimmed: Whether collar, belt and waistband have the accent colour.
        pleats: Number of pressed folds in the skirt, or creases in trousers if not 0.
    """

    category: Category
    length: float = 0.5
    sleeves: float = 0.5
    neckline: Neckline = "round"
    flare: float = 0.3
    waist: float = 0.5
    ease: float = 0.3
    cuffs: float = 0.2
    buttons: bool = False
    pockets: bool = False
    trimmed: bool = False
    pleats: int = 0

    @property
    def hem_y(self) -> float:
        """Height of the hem, in heads below the crown."""
        shortest, longest = HEM_Y[self.category]
        return shortest + self.length * (longest - shortest)


def draw_cut(rng: np.random.Generator, category: Category) -> Cut:
    """A random cut of a category."""
    coat = category == "coat"
    return Cut(
        category,
        length=float(rng.uniform()),
        sleeves=1.0 if coat else float(rng.choice([0.0, 0.3, 0.6, 1.0])),
        neckline="collar" if coat else NECKLINES[int(rng.integers(len(NECKLINES)))],
        flare=float(rng.beta(1.2, 1.6)),
        waist=float(rng.uniform()),
        ease=float(rng.uniform(0.5, 1.0) if coat else rng.uniform(0.0, 0.8)),
        cuffs=float(rng.beta(1.0, 2.5)),
        buttons=bool(coat or rng.random() < 0.3),
        pockets=bool(rng.random() < (0.8 if coat else 0.35)),
        trimmed=bool(rng.random() < 0.4),
        pleats=int(rng.choice([0, 0, 5, 9])),
    )


def recut(cut: Cut, rng: np.random.Generator) -> Cut:
    """Another cut of the same garment: other length, sleeves, neckline and flare."""
    shift = 0.45 if cut.length < 0.5 else -0.45
    others = [name for name in NECKLINES if name != cut.neckline]
    return replace(
        cut,
        length=cut.length + shift,
        sleeves=cut.sleeves if cut.category == "coat" else (cut.sleeves + 0.6) % 1.2,
        neckline=others[int(rng.integers(len(others)))],
        flare=float((cut.flare + 0.5) % 1.0),
        pockets=not cut.pockets,
    )
