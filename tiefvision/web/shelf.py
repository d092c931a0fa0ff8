"""Photographs that requests name, opened once and asked often.

A reference is the name of a source and a key within it: "upload-0f3a...", "sample-3",
"row-120". Sources look keys up among what they know, so that no reference becomes a
path.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tiefvision.catalogue.latest import Latest
from tiefvision.errors import UnreadablePhoto
from tiefvision.web.problems import NotFound

if TYPE_CHECKING:
    from tiefvision.catalogue.open_photo import OpenPhoto
    from tiefvision.finder import Finder

FileOf = Callable[[str], Path]
"""Function from a key to the file of a photograph. Raises NotFound."""

Stamp = tuple[str, int, int]
"""A file as it is now: path, time of its last change, bytes."""

REFERENCE = r"^[a-z]+-[0-9a-f]{1,64}$"
"""Pattern of a reference, for the OpenAPI description."""


class Shelf:
    """Photographs by reference; the ones used last stay decoded and encoded.

    Args:
        finder: opens photographs.
        sources: function that finds the file of a key, by name of the source.
        most: photographs that stay open.
    """

    def __init__(
        self, finder: "Finder", sources: Mapping[str, FileOf], most: int
    ) -> None:
        self._finder, self._sources = finder, sources
        self._open: Latest[Stamp, OpenPhoto] = Latest(most)

    def file_of(self, reference: str) -> Path:
        """The file of a photograph. Raises NotFound."""
        source, _, key = reference.partition("-")
        if source not in self._sources or not key:
            raise NotFound(f"There is no photograph {reference[:80]!a}.")
        return self._sources[source](key)

    def open(self, reference: str) -> "OpenPhoto":
        """The opened photograph; only the thread of the networks may call this.

        Raises:
            NotFound: There is no such photograph.
            UnreadablePhoto: Its file went, or cannot be read.
        """
        file = self.file_of(reference)
        return self._open.get(
            stamp_of(file), lambda: self._finder.open(content_of(file))
        )

    def clear(self) -> None:
        """Close all; only the thread of the networks may call this."""
        self._open.clear()

    def is_open(self, reference: str) -> bool:
        """Whether a photograph is decoded already."""
        return stamp_of(self.file_of(reference)) in self._open


def stamp_of(file: Path) -> Stamp:
    """A file as it is now, to tell whether it changed. Raises UnreadablePhoto."""
    try:
        status = file.stat()
    except OSError as error:
        raise UnreadablePhoto(f"The file {file.name!a} is gone.") from error
    return str(file), status.st_mtime_ns, status.st_size


def content_of(file: Path) -> bytes:
    """The content of a photograph's file, whose name an error then does not tell.

    Raises:
        UnreadablePhoto: The file is gone.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        raise UnreadablePhoto(f"The file {file.name!a} is gone.") from error
