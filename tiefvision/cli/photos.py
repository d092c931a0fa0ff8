"""From arguments to photographs: files, folders of them, or standard input."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tiefvision.cli.output import print_line
from tiefvision.cli.running import SOME_UNREADABLE, tell_skipped
from tiefvision.errors import BadUsage, TiefVisionError, UnreadablePhoto, reason_of
from tiefvision.files import is_folder
from tiefvision.photos.formats import (
    SIGNATURE_BYTES,
    format_of,
    is_read,
    refusal_of,
)
from tiefvision.photos.listing import list_photos

if TYPE_CHECKING:  # NumPy and Pillow take a while to import, which --help need not
    from tiefvision.photos.reading import PhotoFile

STANDARD_INPUT = Path("-")
"""The argument that stands for a photograph from standard input."""

MOST_BYTES = 2**29
"""Bytes that are read from standard input at most, which may have no end: more than the
largest photograph that is read has in any usual format."""

PhotosArgument = Annotated[
    list[Path], typer.Argument(help="Files, folders of them, or - for standard input.")
]
"""The photographs that a command is given."""

SomePhotosArgument = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[PHOTOS]...", help="Files, folders of them, or - for standard input."
    ),
]
"""The same for a command that can do without any."""


@dataclass
class GivenPhotos:
    """The photographs that a command is given.

    Attributes:
        files: files, and ``STANDARD_INPUT``.
        left_out: sentences on what lies in the folders and is no photograph that can be
            read.
        unreadable: how many photographs could not be read so far.
    """

    files: list[Path]
    left_out: list[str]
    unreadable: int = 0

    def source(self, file: Path) -> "PhotoFile":
        """The file, or what standard input held. Raises UnreadablePhoto."""
        if file != STANDARD_INPUT:
            return file
        if isinstance(self._standard_input, UnreadablePhoto):
            raise self._standard_input
        return self._standard_input

    @cached_property
    def _standard_input(self) -> "bytes | UnreadablePhoto":
        """What standard input holds, which can be read only once, or why it cannot."""
        try:
            return _read_standard_input()
        except UnreadablePhoto as error:
            return error

    def none_is_there(self, as_json: bool) -> bool:
        """Whether none is a photograph; each is then told, before networks are loaded.

        Args:
            as_json: whether it is told in lines of JSON.
        """
        from tiefvision.photos.reading import photo_size

        errors = []
        for file in self.files:
            try:
                photo_size(self.source(file))
            except UnreadablePhoto as error:
                errors.append(error)
            else:
                return False
        for file, refused in zip(self.files, errors, strict=True):
            self.tell_unreadable(file, refused, as_json)
        return True

    def tell_unreadable(
        self, file: Path, error: UnreadablePhoto, as_json: bool
    ) -> None:
        """Say which photograph could not be read; the others go on."""
        self.unreadable += 1
        if as_json:
            print_line({"photo": str(file), "error": str(error)})
        else:
            tell_skipped([error])

    def tell_left_out(self) -> int:
        """Say what was left out of the folders, and return the exit code."""
        code = tell_skipped(self.left_out)
        return SOME_UNREADABLE if self.unreadable else code


def expand_photos(arguments: Sequence[Path], some: bool = True) -> GivenPhotos:
    """Files as they are given; a folder stands for all photographs below it.

    Args:
        arguments: files and folders as they were given.
        some: whether at least one argument is needed.

    Raises:
        TiefVisionError: There is no photograph at all.
        BadUsage: Standard input is given twice.
    """
    if arguments.count(STANDARD_INPUT) > 1:
        raise BadUsage("Standard input holds one photograph alone.", "Give - once.")
    files: list[Path] = []
    left_out: list[str] = []
    for argument in arguments:
        if is_folder(argument):
            listing = list_photos(argument)
            files += [argument / path for path in listing.photos]
            left_out += listing.left_out
        else:
            files.append(argument)
    if not files and (arguments or some):
        names = ", ".join(str(argument) for argument in arguments)
        raise TiefVisionError(
            f"There is no photograph in {names}.",
            "Give JPEG, PNG or WebP files.",
            left_out,
        )
    return GivenPhotos(files, left_out)


def _read_standard_input() -> bytes:
    """The content of a photograph from standard input.

    Raises:
        UnreadablePhoto: It is closed, a terminal, no photograph, or too long.
    """
    none = UnreadablePhoto(
        "There is no photograph in standard input.",
        "Send one, as in: tiefvision locate - < photo.jpg",
    )
    if sys.stdin is None or sys.stdin.closed or sys.stdin.isatty():
        raise none
    try:
        start = sys.stdin.buffer.read(SIGNATURE_BYTES)
        if not start:  # so reads one that was closed: see `open_streams`
            raise none
        if not is_read(format_of(start)):  # /dev/zero, say, would never end
            raise UnreadablePhoto(f"Cannot read standard input: {refusal_of(start)}.")
        content = start + sys.stdin.buffer.read(MOST_BYTES)
    except OSError as error:
        why = reason_of(error)
        raise UnreadablePhoto(f"Cannot read standard input: {why}.") from error
    if len(content) > MOST_BYTES:
        raise UnreadablePhoto(
            f"Cannot read standard input: it holds more than {MOST_BYTES:,} bytes."
        )
    return content
