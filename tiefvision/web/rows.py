"""Photographs of the catalogue, by the number of their row."""

from pathlib import Path
from typing import TYPE_CHECKING

from tiefvision.web.problems import NotFound

if TYPE_CHECKING:
    from tiefvision.finder import Finder


class Rows:
    """Files of rows.

    Args:
        finder: finder of the catalogue.
    """

    def __init__(self, finder: "Finder") -> None:
        self._finder = finder

    def file_of(self, key: str) -> Path:
        """The file of a row. Raises NotFound."""
        nothing = NotFound(f"The catalogue has no row {key[:20]}.")
        if not key.isdecimal() or len(key) > 18:
            raise nothing
        row = self._finder.browser.row(int(key))
        if row is None:
            raise nothing
        return row.file
