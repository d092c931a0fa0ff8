"""Buffers of the online sampling of Deep Ranking, whose size does not grow.

Source: Efraimidis and Spirakis, "Weighted random sampling with a reservoir" (2006),
algorithm A-Res, as Wang et al., arXiv:1404.4661, section 4 use it.
"""

import heapq
from collections.abc import Hashable

import numpy as np


class Reservoir:
    """A fixed-size buffer of numbers for each category.

    A number is offered with the key u^(1/r), where u is uniform in (0, 1) and r its
    relevance; a buffer keeps those with the largest keys. It is then a sample without
    repetition, weighted by relevance: whatever was offered, memory holds at most
    ``size`` numbers a category.

    Args:
        size: most numbers in the buffer of a category.
        generator: random generator of the keys.
    """

    def __init__(self, size: int, generator: np.random.Generator) -> None:
        self._size, self._generator = size, generator
        self._heaps: dict[Hashable, list[tuple[float, int]]] = {}

    def offer(self, category: Hashable, number: int, relevance: float) -> bool:
        """Offer a number to the buffer of its category.

        Args:
            category: category of the number.
            number: number, offered once.
            relevance: weight, at least 0; a number of weight 0 is never kept.

        Returns:
            Whether the number is in the buffer now.
        """
        drawn = 1.0 - self._generator.random()  # in (0, 1]
        if relevance <= 0:
            return False
        # The logarithm of u^(1/r), which has the same order and does not round to 1.
        key = float(np.log(drawn) / relevance)
        heap = self._heaps.setdefault(category, [])
        if len(heap) < self._size:
            heapq.heappush(heap, (key, number))
            return True
        return heapq.heappushpop(heap, (key, number))[1] != number

    def numbers(self, category: Hashable) -> list[int]:
        """The numbers in the buffer of a category, in ascending order."""
        return sorted(number for _, number in self._heaps.get(category, []))

    @property
    def categories(self) -> list[Hashable]:
        """Categories whose buffer is not empty, in the order of their first number."""
        return list(self._heaps)

    def __len__(self) -> int:
        return sum(map(len, self._heaps.values()))
