"""The photographs below a folder, and what else lies there that might be one.

Nothing is left out without a word: pictures of other formats, folders that cannot be
opened and links that lead nowhere are named beside the photographs.
"""

import os
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from tiefvision.errors import reason_of
from tiefvision.files import exists, open_file
from tiefvision.photos.formats import (
    SIGNATURE_BYTES,
    advice_on,
    format_of,
    format_of_name,
    is_read,
)

SYSTEM_FOLDERS = frozenset(
    (
        *("__MACOSX", "$RECYCLE.BIN", "System Volume Information", "lost+found"),
        *("@eaDir", "#recycle", "@Recycle"),  # thumbnails and waste of network drives
    )
)
"""Folders that systems keep for themselves, ignored like hidden ones."""


@dataclass(frozen=True)
class Listing:
    """What a folder holds.

    Attributes:
        photos: Sorted paths, relative to the folder and with slashes, of every file
            whose first bytes or whose name say that it is a photograph. One may be
            damaged, or something else under the name of a photograph, which those who
            open it are told.
        left_out: A sentence for each kind of other pictures, and for each folder or
            link that could not be followed.
    """

    photos: tuple[str, ...]
    left_out: tuple[str, ...] = ()


def list_photos(folder: Path) -> Listing:
    """The photographs below a folder; () for one that does not exist.

    The first bytes of a file decide, then its name. Links to folders are followed, each
    folder is listed once. Hidden files and folders are ignored, as macOS creates a
    ``._name.jpg`` for each file that it copies to a foreign disk, and so are those of
    `SYSTEM_FOLDERS`.
    """
    photos: list[str] = []
    left_out: list[str] = []
    others: dict[str, list[str]] = defaultdict(list)
    for path, trouble in _walk(folder) if exists(folder) else ():
        kind = "" if trouble else _kind_of(folder / path)
        if trouble:
            left_out.append(f"Cannot list {folder / path}: {trouble}.")
        elif is_read(kind):
            photos.append(path)
        elif kind:
            suffix = PurePath(path).suffix.lower()
            others[suffix if format_of_name(path) else kind].append(path)
    left_out += _told(folder, others)
    return Listing(tuple(sorted(photos)), tuple(sorted(left_out)))


def _kind_of(file: Path) -> str:
    """The format of a picture by bytes, or else by name; "" for anything else."""
    named = format_of_name(file.name)
    try:
        with open_file(file) as opened:
            found = format_of(opened.read(SIGNATURE_BYTES))
    except OSError:
        return named
    return found if is_read(found) or not named else named


def _told(folder: Path, others: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """A sentence for each kind of pictures that are not read."""
    for name, paths in others.items():
        kind = format_of_name(paths[0]) if name.startswith(".") else name
        first = folder / min(paths)
        if len(paths) == 1:
            yield f"Cannot use {first}, a {name} picture. {advice_on(kind)}"
        else:
            yield (
                f"Cannot use {len(paths)} {name} pictures, such as {first}. "
                f"{advice_on(kind)}"
            )


def _walk(root: Path) -> Iterator[tuple[str, str]]:
    """Each file below a folder, and each folder or link that cannot be followed.

    Real folders come first, so that a linked one is known by its own name where it has
    one.

    Yields:
        Path relative to the root, and the reason why it is not followed; "" for a file.
    """
    above = {_identity(folder) for folder in root.resolve().parents}
    seen: set[tuple[int, int]] = set()
    linked, real = deque[str](), deque([""])
    while real or linked:
        below = real.pop() if real else linked.popleft()
        try:
            identity = _identity(root / below)
            if identity in above:
                yield below, "it links to a folder that contains it"
            if identity in seen | above:
                continue
            seen.add(identity)
            with os.scandir(root / below) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            yield below, reason_of(error)
            continue
        for entry in found:
            if entry.name.startswith(".") or entry.name in SYSTEM_FOLDERS:
                continue
            path = f"{below}/{entry.name}" if below else entry.name
            # A photograph's own link is told when the photograph is opened.
            lost = entry.is_symlink() and not exists(entry)
            if lost and not format_of_name(entry.name):
                yield path, "it links to nothing that can be opened"
            elif lost or not entry.is_dir():
                yield path, ""
            else:
                (linked if entry.is_symlink() else real).append(path)


def _identity(folder: Path) -> tuple[int, int]:
    """What two paths of one folder have in common."""
    facts = folder.stat()
    return facts.st_dev, facts.st_ino
