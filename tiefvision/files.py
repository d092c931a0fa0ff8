"""Files: read only where they are files, and each replaced whole or not at all.

Nothing waits for a pipe or a device. Everything that the package writes goes through
`replace_file`, except the artifacts of `tiefvision.store`, which have the same promise
and grow batch by batch.
"""

import filecmp
import os
import re
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path

from tiefvision.errors import TiefVisionError

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:/", re.IGNORECASE)
"""How the address of something in a network begins; a path has lost one slash."""

PARTIAL_SUFFIX = ".partial"
"""Suffix of a file that is still being written."""

_KEPT_OF_NAME = 40
"""Characters of the target's name in that of the file aside, which must not be longer
than a file system allows: 255 bytes, and a character takes up to 4."""

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def exists(path: "str | os.PathLike[str]") -> bool:
    """Whether a path leads somewhere.

    ``Path.exists`` raises an error where a folder above may not be entered or the name
    is too long, which would stop the files beside it; opening the file tells why.
    """
    return os.path.exists(path)  # noqa: PTH110


def is_folder(path: "str | os.PathLike[str]") -> bool:
    """Whether a path leads to a folder; no error where ``exists`` raises none."""
    return os.path.isdir(path)  # noqa: PTH112


def is_file(path: "str | os.PathLike[str]") -> bool:
    """Whether a path leads to a regular file; no error where ``exists`` raises none."""
    return os.path.isfile(path)  # noqa: PTH113


def open_file(file: Path) -> BufferedReader:
    """Open a regular file for reading bytes.

    Raises:
        OSError: It is missing or may not be read, or it is a folder, pipe, socket or
            device, for which one could wait for ever.
    """
    kind = stat.S_IFMT(file.stat().st_mode)
    if kind != stat.S_IFREG:
        raise OSError(f"it is {_KINDS.get(kind, 'something else')} and no file")
    return file.open("rb")


def read_file(file: Path) -> bytes:
    """The content of a regular file. Raises OSError, as ``open_file`` does."""
    with open_file(file) as opened:
        return opened.read()


def is_address(path: Path) -> bool:
    """Whether a path is the address of something in a network."""
    return bool(_ADDRESS.match(str(path))) and not exists(path)


def no_folder(path: Path) -> TiefVisionError:
    """Makes the error about a folder that does not exist, for the caller to raise."""
    hint = "Download the photographs first." if is_address(path) else ""
    return TiefVisionError(f"There is no folder {path}.", hint)


def replace_file(file: Path, content: bytes) -> None:
    """Write a temporary file beside the target and rename it to the target.

    Readers see either the old content or the complete new content. After a failure the
    old content is still there and nothing else is left.

    Args:
        file: path of the target; a missing folder is created. A symbolic link stays
            one: the file that it names is replaced. A device or pipe, such as
            ``/dev/stdout``, is written to.
        content: complete new content.

    Raises:
        OSError: The target cannot be written; the error names it.
    """
    with naming(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.exists() and not file.is_file():
            file.write_bytes(content)  # a folder refuses this with the right error
            return
        target = Path(os.path.realpath(file))
        name = f".{target.name[:_KEPT_OF_NAME]}.{os.getpid()}-{threading.get_ident()}"
        aside = target.with_name(name + PARTIAL_SUFFIX)
        mode = _mode_of(target)
        try:
            aside.write_bytes(content)
            if mode is not None:
                aside.chmod(mode)
            aside.replace(target)
        finally:
            with suppress(OSError):  # it must not hide why the writing failed
                aside.unlink()


def replace_text(file: Path, text: str) -> None:
    """Replace a file by a text in UTF-8, as `replace_file` does.

    What UTF-8 cannot hold, a part of a file name that is not text, becomes an escape
    such as ``\\udce9``, which JSON reads as the same name.
    """
    replace_file(file, text.encode("utf-8", "backslashreplace"))


def _mode_of(target: Path) -> int | None:
    """Permissions of a file that may be written, which it keeps; None if it is new.

    Raises:
        OSError: The file may not be written, although its folder may.
    """
    try:
        with target.open("r+b") as old:
            return stat.S_IMODE(os.fstat(old.fileno()).st_mode)
    except FileNotFoundError:
        return None


def copy_file(source: Path, target: Path) -> None:
    """Copy a file atomically; a target with equal content is not touched.

    Raises:
        OSError: One of the two cannot be read or written; the error names it.
    """
    with naming(source):
        if target.exists() and filecmp.cmp(source, target, shallow=False):
            return
        content = read_file(source)
    replace_file(target, content)


@contextmanager
def naming(file: Path) -> Iterator[None]:
    """Every OSError of a block names the file that the block is about.

    The operating system names no file when a disk is full, and the file aside, which
    nobody asked for, when a folder cannot be written.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise type(error)(error.errno, reason, str(file)) from error
