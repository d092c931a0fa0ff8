"""Names in a table and names on disk: the same in spite of case and Unicode form."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

from tiefvision.datasets.files import IMAGES

Value = TypeVar("Value")


class Names(Generic[Value]):
    """Values by names that a person may have written in another way.

    Args:
        pairs: names, each with its value.
    """

    def __init__(self, pairs: Iterable[tuple[str, Value]]) -> None:
        self._exact: defaultdict[str, list[Value]] = defaultdict(list)
        self._folded: defaultdict[str, list[Value]] = defaultdict(list)
        for name, value in pairs:
            self._exact[name].append(value)
            self._folded[_folded(name)].append(value)

    def find(self, name: str) -> list[Value]:
        """The values of this very name, or else of those that fold to the same."""
        return self._exact.get(name) or self._folded.get(_folded(name), [])

    def find_path(self, path: str) -> list[Value]:
        """The value of the photograph at a path, or else those of similar paths."""
        return next(filter(None, map(self.find, _spellings(path))), [])


def _folded(name: str) -> str:
    """A name composed (NFC), without case and outer spaces."""
    return unicodedata.normalize("NFC", name.strip()).casefold()


def _spellings(path: str) -> Iterator[str]:
    r"""A path as written, with slashes alone, and from below ``images``.

    >>> list(_spellings(r".\images\red\a.jpg"))
    ['.\\images\\red\\a.jpg', 'images/red/a.jpg', 'red/a.jpg']
    """
    yield path
    parts = [
        part for part in re.split(r"[\\/]+", path.strip()) if part not in ("", ".")
    ]
    yield "/".join(parts)
    if parts and parts[0].lower() == IMAGES:
        yield "/".join(parts[1:])
