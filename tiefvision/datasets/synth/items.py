"""Items for sale, in families of items that are easy to confuse.

The first member of a family and each other one differ in one respect only, so that no
single one of colour, pattern and shape tells all members apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tiefvision.datasets.splits import check_shares
from tiefvision.datasets.synth.colours import PALETTES_LCH, draw_palette, dyed
from tiefvision.datasets.synth.cuts import CATEGORIES, Cut, draw_cut, recut
from tiefvision.datasets.synth.materials import Material, draw_material, recoloured
from tiefvision.records import Split

FAMILY_SIZE = 4
"""Members of a family: the first, then the same in another pattern, in other colours,
and in another cut."""

FAMILY_STREAM = 1_000_000
"""Part of the seed of families, so that no photograph has the same random numbers."""


@dataclass(frozen=True)
class Item:
    """One garment that is for sale.

    Attributes:
        number: Number from 0; members of a family have consecutive numbers.
        cut: Shape of the garment.
        material: Cloth of the garment.
    """

    number: int
    cut: Cut
    material: Material

    @property
    def item_id(self) -> str:
        """Name of the item in the dataset, such as "dress-0004"."""
        return f"{self.cut.category}-{self.number:04d}"

    @property
    def family(self) -> int:
        """Number of the family, from 0."""
        return self.number // FAMILY_SIZE


def draw_item(seed: int, number: int) -> Item:
    """Draws one item of the dataset with this seed, independently of other items."""
    family, member = divmod(number, FAMILY_SIZE)
    rng = np.random.default_rng([seed, FAMILY_STREAM, family])
    cut = draw_cut(rng, CATEGORIES[family % len(CATEGORIES)])
    palette_number = int(rng.integers(len(PALETTES_LCH)))
    palette = dyed(palette_number, rng)
    material = draw_material(rng, palette)
    other_pattern = draw_material(rng, palette, excluded=material.pattern)
    other_colours = recoloured(material, draw_palette(rng, excluded=palette_number))
    other_cut = recut(cut, rng)
    return (
        Item(number, cut, material),
        Item(number, cut, other_pattern),
        Item(number, cut, other_colours),
        Item(number, other_cut, material),
    )[member]


def siblings(item: Item, items: int) -> tuple[int, ...]:
    """Numbers of the other members of the item's family, below ``items``."""
    first = item.family * FAMILY_SIZE
    members = range(first, min(first + FAMILY_SIZE, items))
    return tuple(number for number in members if number != item.number)


def deal_families(
    items: Sequence[Item], *, val_share: float, test_share: float
) -> dict[int, Split]:
    """Assigns each family to a split, with every category in about equal shares.

    Families are assigned category by category, each to the split that is furthest below
    its share so far. With three families or more, no split with a share stays empty.

    Args:
        items: The items.
        val_share: Share of the families in val, in [0, 1).
        test_share: Share of the families in test, in [0, 1).

    Returns:
        Number of a family to its split.

    Raises:
        ValueError: A share is negative, or the two leave none for train.
    """
    check_shares(val_share, test_share)
    shares: dict[Split, float] = {
        "train": 1 - val_share - test_share,
        "test": test_share,
        "val": val_share,
    }
    empty = [split for split, share in shares.items() if share > 0]
    lacking: dict[Split, float] = dict.fromkeys(empty, 0.0)
    order = sorted({(item.cut.category, item.family) for item in items})
    split_of: dict[int, Split] = {}
    for left, (_, family) in zip(range(len(order), 0, -1), order, strict=True):
        lacking = {split: lack + shares[split] for split, lack in lacking.items()}
        open_splits = empty if left <= len(empty) else list(lacking)
        chosen = max(open_splits, key=lacking.__getitem__)
        lacking[chosen] -= 1
        empty = [split for split in empty if split != chosen]
        split_of[family] = chosen
    return split_of
