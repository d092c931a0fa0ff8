"""What a search has to know of every row of a gallery, in arrays by row number."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(eq=False)
class RowArrays:
    """What a search has to know of every row, in arrays by row number.

    Attributes:
        items: number of the item of each row, int64; -1 where there is no row.
        groups: number of the group of each row, int64.
    """

    items: NDArray[np.int64] = field(
        default_factory=lambda: np.empty(0, dtype=np.int64)
    )
    groups: NDArray[np.int64] = field(
        default_factory=lambda: np.empty(0, dtype=np.int64)
    )
    _item_numbers: dict[str, int] = field(default_factory=dict)
    _item_names: dict[int, str] = field(default_factory=dict)
    _next_item: int = 0
    _group_numbers: dict[str, int] = field(default_factory=dict)
    _variants: dict[int, dict[int, str]] = field(default_factory=dict)

    @property
    def alive(self) -> NDArray[np.bool_]:
        """Whether each row is there, bool."""
        return self.items >= 0

    def make_room(self, numbers: int) -> None:
        """Make room for row numbers below a limit."""
        have = len(self.items)
        if numbers > have:
            more = max(numbers, 2 * have) - have
            self.items = np.concatenate([self.items, np.full(more, -1, np.int64)])
            self.groups = np.concatenate([self.groups, np.full(more, -1, np.int64)])

    def add(self, number: int, item: str, group: str, variant: str) -> None:
        """Add a row, for whose number there is room."""
        place = self._item_numbers.setdefault(item, self._next_item)
        if place == self._next_item:
            self._item_names[place] = item
            self._next_item += 1
        self.items[number] = place
        groups = self._group_numbers
        self.groups[number] = groups.setdefault(group, len(groups))
        self._variants.setdefault(place, {})[number] = variant

    def remove(self, number: int) -> None:
        """Remove a row; nothing comes of a number without one."""
        if number < len(self.items) and self.items[number] >= 0:
            place = int(self.items[number])
            self.items[number] = -1
            self._variants[place].pop(number, None)
            if not self._variants[place]:  # nothing is kept of an item that is gone
                del self._variants[place]
                del self._item_numbers[self._item_names.pop(place)]

    def of_groups(self, *groups: str) -> NDArray[np.bool_]:
        """Whether each row is there and of one of the groups, bool."""
        wanted = [self._group_numbers.get(group, -1) for group in groups]
        return self.alive & np.isin(self.groups, [one for one in wanted if one >= 0])

    def variants(self, number: int) -> int:
        """Number of variants of the item of a row."""
        return len(set(self._variants[int(self.items[number])].values()))
