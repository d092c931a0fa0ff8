"""The items on sale, in families that are easy to confuse.

Members of a family differ in one thing only, so that neither colour, nor pattern, nor
shape alone tells them apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tiefvision.datasets.synth.colours import PALETTES_LCH, draw_palette, dyed
from tiefvision.datasets.synth.cuts import CATEGORIES, Cut, draw_cut, recut
from tiefvision.datasets.synth.materials import Material, draw_material, recoloured
from tiefvision.records import Split

FAMILY_SIZE = 4
"""The first; in another pattern; in other colours; in another cut."""

FAMILY_STREAM = 1_000_000
"""Keeps the random numbers of families apart from those of photographs."""


@dataclass(frozen=True)
class Item:
    """One garment that is for sale.

    Attributes:
        number: From 0; members of a family are neighbours.
        cut: Its shape.
        material: Its cloth.
    """

    number: int
    cut: Cut
    material: Material

    @property
    def item_id(self) -> str:
        """Its name in the dataset."""
        return f"{self.cut.category}-{self.number:04d}"

    @property
    def family(self) -> int:
        """Number of its family."""
        return self.number // FAMILY_SIZE


def draw_item(seed: int, number: int) -> Item:
    """The numbered item of the dataset with this seed; it depends on no other."""
    family, member = divmod(number, FAMILY_SIZE)
    rng = np.random.default_rng([seed, FAMILY_STREAM, family])
    cut = draw_cut(rng, CATEGORIES[family % len(CATEGORIES)])
    palette_number = int(rng.integers(len(PALETTES_LCH)))
    palette = dyed(palette_number, rng)
    material = draw_material(rng, palette)
    other_pattern = draw_material(rng, palette, not_the=material.pattern)
    other_colours = recoloured(material, draw_palette(rng, not_the=palette_number))
    other_cut = recut(cut, rng)
    return (
        Item(number, cut, material),
        Item(number, cut, other_pattern),
        Item(number, cut, other_colours),
        Item(number, other_cut, material),
    )[member]


def siblings(item: Item, items: int) -> tuple[int, ...]:
    """Numbers of the other members of its family among the first ``items``."""
    first = item.family * FAMILY_SIZE
    members = range(first, min(first + FAMILY_SIZE, items))
    return tuple(number for number in members if number != item.number)


def deal_families(
    goods: Sequence[Item], *, val_share: float, test_share: float
) -> dict[int, Split]:
    """The split of every family, so that each category is in each in its share.

    Families are dealt category by category, each to the split that lags furthest
    behind its share so far. With three families or more, no wanted split stays empty.

    Args:
        goods: The items; those of one family share a split.
        val_share: Of the families, in [0, 1).
        test_share: Of the families; the two shares together stay below 1.
    """
    if min(val_share, test_share) < 0 or val_share + test_share >= 1:
        raise ValueError(f"shares {val_share} (val) and {test_share} (test) leave none")
    shares: dict[Split, float] = {
        "train": 1 - val_share - test_share,
        "test": test_share,
        "val": val_share,
    }
    empty = [split for split, share in shares.items() if share > 0]
    lacking: dict[Split, float] = dict.fromkeys(empty, 0.0)
    order = sorted({(item.cut.category, item.family) for item in goods})
    split_of: dict[int, Split] = {}
    for left, (_, family) in zip(range(len(order), 0, -1), order, strict=True):
        lacking = {split: lack + shares[split] for split, lack in lacking.items()}
        open_splits = empty if left <= len(empty) else list(lacking)
        chosen = max(open_splits, key=lacking.__getitem__)
        lacking[chosen] -= 1
        empty = [split for split in empty if split != chosen]
        split_of[family] = chosen
    return split_of
