"""Files: read only where they are files, and written atomically.

Nothing waits for a pipe or a device, and a reader never sees a partly written file.
"""

import filecmp
import os
import stat
from io import BufferedReader
from pathlib import Path

PARTIAL_SUFFIX = ".partial"
"""Suffix of a file that is still being written."""

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


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


def replace_file(file: Path, content: bytes) -> None:
    """Write a temporary file beside the target and rename it to the target.

    Readers see either the old content or the complete new content.

    Args:
        file: path of the target; a missing folder is created.
        content: complete new content.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name(f".{file.name}.{os.getpid()}{PARTIAL_SUFFIX}")
    try:
        aside.write_bytes(content)
        aside.replace(file)
    finally:
        aside.unlink(missing_ok=True)


def copy_file(source: Path, target: Path) -> None:
    """Copy a file atomically; a target with equal content is not touched."""
    if not target.exists() or not filecmp.cmp(source, target, shallow=False):
        replace_file(target, read_file(source))
