"""The latest of what was computed, so that what is asked again costs nothing."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


@dataclass(eq=False)
class Latest(Generic[K, V]):
    """Keeps the values of the keys that were asked for last; one thread at a time.

    Attributes:
        most: number of values that are kept.
    """

    most: int
    _values: dict[K, V] = field(default_factory=dict, repr=False)

    def get(self, key: K, make: Callable[[], V]) -> V:
        """The value of a key, which is made if it is not kept."""
        value = self._values.pop(key) if key in self._values else make()
        self._values[key] = value  # the last in order, so the last to go
        if len(self._values) > self.most:
            del self._values[next(iter(self._values))]
        return value

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def clear(self) -> None:
        """Keep nothing."""
        self._values.clear()
