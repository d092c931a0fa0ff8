"""Writing files so that no reader ever sees half of one."""

import filecmp
import os
from pathlib import Path

PARTIAL_SUFFIX = ".partial"
"""Ends the name of a file that is still being written."""


def replace_file(file: Path, content: bytes) -> None:
    """Writes a file aside and renames it: readers see the old one or the whole new one.

    Args:
        file: Its folder is made if it is missing.
        content: All of it.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name(f".{file.name}.{os.getpid()}{PARTIAL_SUFFIX}")
    try:
        aside.write_bytes(content)
        aside.replace(file)
    finally:
        aside.unlink(missing_ok=True)


def copy_file(source: Path, target: Path) -> None:
    """Copies a file byte for byte, aside first; an equal copy is left as it is."""
    if not target.exists() or not filecmp.cmp(source, target, shallow=False):
        replace_file(target, source.read_bytes())
